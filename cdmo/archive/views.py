"""Pages of the archive: dossiers out, dossiers in, retention, backups."""

from django import forms
from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.generic import View
from django_htmx.http import HttpResponseClientRefresh

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.archive import services
from cdmo.archive.dossier import Damaged, opened
from cdmo.archive.dossier.paper import sections
from cdmo.archive.models import Backup, Dossier, ImportedDossier
from cdmo.archive.retention import CLASSES, disposable_from, kept_until
from cdmo.archive.states import Edition, ExportStatus
from cdmo.web.errors import error_page
from cdmo.web.forms import VerbForm
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.pages.house import download
from cdmo.web.views import RecordList, RecordMixin, RecordPage, StaffRequired, VerbView

WAITING = (ExportStatus.QUEUED, ExportStatus.RUNNING)


class DossierForm(VerbForm):
    edition = forms.ChoiceField(
        label="Edition",
        choices=Edition.choices,
        initial=Edition.INTERNAL,
        help_text="For the sponsor: without internals; only after the batch is decided.",
    )


class BatchDossier(VerbView):
    """Ask for the dossier of a batch."""

    model = Batch
    select = ("product", "site", "sponsor")
    form_class = DossierForm
    verb = "export"
    title = "Export the dossier"
    meaning = "A copy of everything about this batch leaves the system. The export is recorded."
    button = "Export"
    right = Right.EXPORT_DOSSIER
    reason = "optional"

    def act(self, *, by, at, data, proof):
        return services.ask_for_dossier(batch=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        if isinstance(record, Dossier):
            return page("archive:dossier", key=record.key)
        return page("batches:batch", key=self.record.key)


class DossierList(RecordList):
    model = Dossier
    right_to_see = Right.EXPORT_DOSSIER
    title = "Dossiers"
    lead = "Copies of batches as they left the system: PDF/A and JSON, each with its signature."
    select = ("batch", "asked_by", "sponsor")
    tabs = (
        Tab("all", "All", Q()),
        Tab("internal", "Complete", Q(edition=Edition.INTERNAL)),
        Tab("sponsor", "For the sponsor", Q(edition=Edition.SPONSOR)),
        Tab("failed", "Failed", Q(status=ExportStatus.FAILED), attention=True),
    )
    filters = (Filter("batch", "Batch", "batch__number"),)
    search = ("number", "batch__number", "sha256")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch", "batch", kind="record"),
        Column("edition", "Edition", "get_edition_display"),
        Column("status", "Status", kind="status"),
        Column("asked_by", "Asked by", "asked_by", kind="person"),
        Column("asked_at", "Asked", kind="instant", order="asked_at"),
        Column("sha256", "SHA-256", kind="hash", hidden=True),
    )
    empty_title = "No dossier was exported yet"
    empty_text = "Quality assurance exports one from the page of a batch."
    empty_icon = "file-zip"


class DossierPage(RecordPage):
    model = Dossier
    right_to_see = Right.EXPORT_DOSSIER
    select = ("batch__site", "batch__product", "asked_by", "json", "pdf")
    template_name = "archive/dossier.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(is_waiting=self.record.status in WAITING, **kwargs)


class DossierProgress(DossierPage):
    """What the waiting page asks again and again; refreshes it when the dossier is there."""

    def get(self, request, *args, **kwargs):
        if self.record.status in WAITING:
            return render(request, "archive/_waiting.html", {"dossier": self.record})
        return HttpResponseClientRefresh()


class DossierFile(StaffRequired, RecordMixin, View):
    """One of a dossier's files, as a download."""

    model = Dossier
    right_to_see = Right.EXPORT_DOSSIER
    select = ("json", "pdf")
    form = "pdf"

    def get(self, request, *args, **kwargs):
        if self.record.status != ExportStatus.DONE:
            raise Http404
        if self.form != "signature":
            return download(request, getattr(self.record, self.form))
        return attachment(
            f"{self.record.signature}\n".encode(), f"{self.record.json.filename}.sig", "text/plain"
        )


def attachment(data: bytes, filename: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, filename)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


class ImportedList(RecordList):
    model = ImportedDossier
    right_to_see = Right.EXPORT_DOSSIER
    title = "Imported dossiers"
    lead = "Copies of batches from other installations. To be read only: none is a batch here."
    tabs = (Tab("all", "All", Q()),)
    filters = (Filter("batch", "Batch", "batch"), Filter("product", "Product", "product"))
    search = ("number", "batch", "product", "sponsor_name", "sha256")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch"),
        Column("product", "Product"),
        Column("sponsor_name", "Sponsor"),
        Column("made_at", "Exported", kind="instant"),
        Column("imported_at", "Imported", kind="instant"),
        Column("imported_by_name", "By"),
        Column("sha256", "SHA-256", kind="hash", hidden=True),
    )
    empty_title = "No dossier was imported"
    empty_text = "manage.py import_dossier takes one in, after proving its hashes."
    empty_icon = "archive"


class ImportedPage(RecordPage):
    """The imported dossier, read: the same sections as on its paper."""

    model = ImportedDossier
    right_to_see = Right.EXPORT_DOSSIER
    template_name = "archive/imported.html"

    def get(self, request, *args, **kwargs):
        try:
            found = opened(bytes(self.record.content.data))
        except Damaged:
            return error_page(request, 409)
        parts = sections(found.parts, found.manifest)
        number = self.kwargs_number(len(parts))
        return self.render_to_response(
            self.get_context_data(
                section=parts[number],
                tabs=[
                    {"label": one["title"], "url": f"?section={i}", "here": i == number}
                    for i, one in enumerate(parts)
                ],
                manifest=found.manifest,
            )
        )

    def kwargs_number(self, count: int) -> int:
        text = self.request.GET.get("section", "0")
        return int(text) if text.isascii() and text.isdigit() and int(text) < count else 0


class ImportedFile(StaffRequired, RecordMixin, View):
    """The bytes as they came."""

    model = ImportedDossier
    right_to_see = Right.EXPORT_DOSSIER

    def get(self, request, *args, **kwargs):
        data = bytes(self.record.content.data)
        return attachment(data, self.record.filename, "application/json")


def why_kept(batch) -> str:
    return "; ".join(f"{one.retention.title}: {one.day or one.why}" for one in kept_until(batch))


def free_after(batch) -> str:
    """Return the day, or in words what must be known first."""
    day = disposable_from(batch)
    unknown = [one.why for one in kept_until(batch) if one.day is None]
    return f"{day:%d %b %Y}" if day else f"not known: {unknown[0]}"


class RetentionList(RecordList):
    """Until when each batch's records are kept. Nothing is disposed of here, nor anywhere else."""

    model = Batch
    template_name = "archive/retention.html"
    title = "Retention"
    lead = "Until when records are kept. The system never disposes of any."
    select = ("product", "sponsor", "site")
    tabs = (Tab("all", "All", Q()),)
    filters = (Filter("product", "Product", "product__code"),)
    search = ("number", "product__code")
    columns = (
        Column("number", "Batch", kind="key", order="number"),
        Column("product", "Product", "product", kind="record"),
        Column("purpose", "Purpose", "get_purpose_display"),
        Column("expires_at", "Expiry", kind="instant", order="expires_at"),
        Column("disposed_at", "Decided", kind="instant"),
        Column("free", "May be disposed of after", free_after),
        Column("why", "Kept because", why_kept, hidden=True),
    )
    empty_title = "No batches yet"
    empty_icon = "archive"

    def get_context_data(self, **kwargs):
        return super().get_context_data(classes=CLASSES, **kwargs)


class BackupList(RecordList):
    model = Backup
    right_to_see = Right.MANAGE_ACCOUNTS
    title = "Backups"
    select = ()
    tabs = (
        Tab("all", "All", Q()),
        Tab("failed", "Failed", Q(status="failed"), attention=True),
    )
    columns = (
        Column("started_at", "Begun", kind="instant", order="started_at"),
        Column("status", "Status", kind="status"),
        Column("done_at", "Ended", kind="instant"),
        Column("folder", "Folder"),
        Column("rows_count", "Rows", kind="number"),
        Column("size", "Bytes", kind="number"),
        Column("encrypted", "Sealed", kind="flag"),
        Column("scheduled", "By itself", kind="flag"),
        Column("error", "What went wrong"),
        Column("manifest_sha256", "Manifest", kind="hash", hidden=True),
    )
    empty_title = "No backup was made yet"
    empty_text = "Set BACKUP_DIR for one a day, or run manage.py backup."
    empty_icon = "database-export"

    @property
    def lead(self):
        last = Backup.objects.filter(status="done").order_by("-done_at").first()
        said = f"The last success ended {last.done_at:%d %b %Y %H:%M} UTC." if last else ""
        daily = "One a day by itself." if settings.BACKUP_DIR else "BACKUP_DIR is not set."
        return f"{said} {daily} Restoring is tried out with each version; try yours too.".strip()
