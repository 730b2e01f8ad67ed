"""Pages of instrument files: list, upload, one file with its readings."""

from http import HTTPStatus
from itertools import groupby

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.generic import FormView, TemplateView, View
from django_htmx.http import HttpResponseClientRefresh

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked, Blocker
from cdmo.records.models import AuditEvent
from cdmo.records.services import DamagedDocument, read_document
from cdmo.states import move_blockers
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, RecordMixin, RecordPage, StaffRequired, VerbView
from qc.instruments import flags, forms, rules, services
from qc.instruments.models import Instrument, InstrumentFile
from qc.instruments.registry import VENDORS, vendor_named
from qc.instruments.states import READ_AGAIN, FileStatus
from qc.instruments.views.instruments import vendor_title

WAITING = (FileStatus.QUEUED, FileStatus.READING)
READINGS = 200  # on a page of a file


def instruments(request):
    return [
        (code, code) for code in Instrument.objects.order_by("code").values_list("code", flat=True)
    ]


def holding(file) -> int:
    """Return how many flags on the file ask for a reason."""
    return sum(bool(one.get("needs_reason", True)) for one in file.flags)


class FileList(RecordList):
    model = InstrumentFile
    template_name = "qc/instruments/files.html"
    title = "Instrument files"
    lead = "Files as the instruments wrote them, byte for byte, and what was read from them."
    select = ("instrument__site", "uploaded_by")
    tabs = (
        Tab("all", "All", Q()),
        Tab("waiting", "Being read", Q(status__in=WAITING)),
        Tab("read", "Read", Q(status=FileStatus.READ)),
        Tab("failed", "Could not be read", Q(status=FileStatus.FAILED), attention=True),
    )
    filters = (
        Filter("instrument", "Instrument", "instrument__code", kind="choice", choices=instruments),
        Filter(
            "vendor",
            "Kind",
            "vendor",
            kind="choice",
            choices=tuple((vendor.code, vendor.title) for vendor in VENDORS.values()),
        ),
        Filter("since", "From", "uploaded_at", kind="since"),
        Filter("until", "To", "uploaded_at", kind="until"),
    )
    search = ("number", "filename", "sha256")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("filename", "File", order="filename"),
        Column("instrument", "Instrument", "instrument", kind="record", order="instrument__code"),
        Column("status", "Status", kind="status"),
        Column("readings", "Readings", kind="number"),
        Column("flags", "To answer", holding, kind="number", help="Flags that need a reason"),
        Column("uploaded_by", "Uploaded by", "uploaded_by", kind="person"),
        Column("uploaded_at", "Uploaded", kind="instant", order="uploaded_at"),
        Column("vendor", "Kind", vendor_title, hidden=True),
        Column("error", "Why not read", hidden=True),
        Column("size", "Bytes", kind="number", hidden=True),
        Column("sha256", "SHA-256", kind="hash", hidden=True),
    )
    empty_title = "No files here"
    empty_text = "Exports of the instruments stand here. A QC analyst uploads them."
    empty_icon = "file-analytics"
    new_label = "Upload files"

    @property
    def new_url(self):
        return reverse("qc:instrument_file_upload")

    def may_make(self):
        return self.request.user.may(Right.UPLOAD_FILE)

    def rows(self, records):
        rows = list(records)
        counts = dict(
            InstrumentFile.objects.filter(pk__in=[row.pk for row in rows])
            .annotate(count=Count("measurements"))
            .values_list("pk", "count")
        )
        for row in rows:
            row.readings = counts[row.pk] if row.status == FileStatus.READ else None
        return rows


class FileUpload(StaffRequired, FormView):
    """Several files of one instrument at once. Each is kept or refused by itself."""

    form_class = forms.UploadForm
    template_name = "qc/instruments/upload.html"
    fragment_name = "qc/instruments/_uploaded.html"

    def get_initial(self):
        return {"instrument": self.request.GET.get("instrument", "").replace("\x00", "")}

    def get_template_names(self):
        sent_by_htmx = self.request.htmx and self.request.method == "POST"
        return [self.fragment_name if sent_by_htmx else self.template_name]

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            blockers=list(right_blockers(self.request.user, Right.UPLOAD_FILE)),
            limits=VENDORS.values(),
            **kwargs,
        )

    def form_invalid(self, form):
        context = self.get_context_data(form=form)
        return self.render_to_response(context, status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def form_valid(self, form):
        kept, refused = [], []
        for upload in form.cleaned_data["files"]:
            try:
                kept.append(self.keep(form.cleaned_data["instrument"], upload))
            except Blocked as blocked:
                refused.append({"name": upload.name, "blockers": blocked.blockers})
        status = HTTPStatus.OK if kept else HTTPStatus.CONFLICT
        context = self.get_context_data(form=form, kept=kept, refused=refused)
        return self.render_to_response(context, status=status)

    def keep(self, instrument, upload) -> InstrumentFile:
        # By its size first: a large upload lies on disk and is not taken into memory to be refused.
        vendor = vendor_named(instrument.vendor)
        if vendor is not None and (sentence := rules.too_large(upload.size, vendor)):
            raise Blocked([Blocker("too_large", sentence, record=instrument)])
        return services.upload_file(
            instrument=instrument,
            filename=upload.name,
            data=upload.read(),
            by=self.request.user,
            at=timezone.now(),
        )


class FilePage(RecordPage):
    """One file: where it stands, what speaks against it, its readings with their places."""

    model = InstrumentFile
    select = ("instrument__site", "document", "duplicate_of", "uploaded_by")
    template_name = "qc/instruments/file.html"
    fragment_name = "qc/instruments/_readings.html"

    def get_template_names(self):
        htmx = self.request.htmx
        return [self.fragment_name if htmx and htmx.target == "readings" else self.template_name]

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        runs = list(record.runs.order_by("-at", "id"))
        return super().get_context_data(
            waiting=record.status in WAITING,
            failed=record.status == FileStatus.FAILED,
            vendor_title=vendor_title(record),
            flags=[{**one, "owner": flags.OWNERS.get(one.get("code"), "")} for one in record.flags],
            holding=holding(record),
            runs=runs,
            facts=plain_facts(record.facts),
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            )[:20],
            may_upload=user.may(Right.UPLOAD_FILE),
            confirm_url=page("qc:instrument_file_confirm", key=record.key),
            by_hand_url=page("qc:sample_list"),
            **self.readings(),
            **kwargs,
        )

    def readings(self) -> dict:
        """Return one page of the readings as the URL filters them, grouped by sample."""
        asked = self.request.GET
        every = self.record.measurements.order_by("ordinal")
        quantities = list(every.order_by("quantity").values_list("quantity", flat=True).distinct())
        chosen, words = every, asked.get("q", "").replace("\x00", "").strip()[:80]
        if words:
            chosen = chosen.filter(Q(sample_text__icontains=words) | Q(value__icontains=words))
        if asked.get("quantity") in quantities:
            chosen = chosen.filter(quantity=asked["quantity"])
        if asked.get("show") == "flagged":
            chosen = chosen.exclude(flags=[])
        count = chosen.count()
        pages = max(1, -(-count // READINGS))
        text = asked.get("page", "1")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
        number = min(max(1, number), pages)
        rows = list(chosen[(number - 1) * READINGS : number * READINGS])
        return {
            "groups": [
                {"sample": sample, "rows": list(of_sample)}
                for sample, of_sample in groupby(rows, key=lambda row: row.sample_text)
            ],
            "count": count,
            "quantities": [(name, name.replace("_", " ").capitalize()) for name in quantities],
            "flagged_count": every.exclude(flags=[]).count(),
            "words": words,
            "page_number": number,
            "previous_number": number - 1,
            "next_number": number + 1,
            "pages": pages,
        }


def plain_facts(facts: dict) -> list[tuple[str, str]]:
    """Return the facts a reader found that are short enough to be shown as pairs."""
    return [
        (name.replace("_", " ").capitalize(), str(value))
        for name, value in facts.items()
        if isinstance(value, (str, int)) and value != "" and len(str(value)) <= 120
    ]


class FileProgress(StaffRequired, RecordMixin, View):
    """Where a file stands, asked again and again by the page while it waits.

    `?row`: as a line of the upload page; else the page itself is refreshed when the file is read.
    """

    model = InstrumentFile
    select = ("instrument", "duplicate_of")

    def get(self, request, *args, **kwargs):
        context = {"file": self.record, "waiting": self.record.status in WAITING}
        if "row" in request.GET:
            return render(request, "qc/instruments/_row.html", context)
        if not context["waiting"]:
            return HttpResponseClientRefresh()
        return render(request, "qc/instruments/_waiting.html", context)


class FileReadAgain(VerbView):
    model = InstrumentFile
    select = ("instrument__site",)
    verb = "read-again"
    title = "Read this file again"
    button = "Read again"
    meaning = "The stored file is read once more, by the readers as they are now."
    right = Right.UPLOAD_FILE
    reason = "required"
    done = "The file is queued to be read again."

    def blockers(self):
        return move_blockers(self.record, (READ_AGAIN,))

    def act(self, *, by, at, data, proof):
        return services.read_file_again(file=self.record, by=by, at=at, **data)


class FileContent(StaffRequired, RecordMixin, TemplateView):
    """The bytes as they came, proven against their SHA-256. Never shown in place."""

    model = InstrumentFile
    select = ("document", "instrument__site")
    template_name = "qc/instruments/damaged.html"

    def get(self, request, *args, **kwargs):
        try:
            data = read_document(self.record.document)
        except DamagedDocument as damage:
            context = self.get_context_data(damage=str(damage))
            return self.render_to_response(context, status=HTTPStatus.CONFLICT)
        response = HttpResponse(data, content_type="application/octet-stream")
        response["Content-Disposition"] = content_disposition_header(True, self.record.filename)
        response["X-Content-SHA256"] = self.record.sha256
        response["Cache-Control"] = "private, no-store"
        return response
