"""Pages of samples: list, one with its results, taking one, the grid where results are typed."""

from django.db.models import Count, Q
from django.utils import timezone

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView, zone_of
from qc.calculations.criteria import parse_criterion
from qc.laboratory import forms, services
from qc.laboratory.models import Result, Sample
from qc.laboratory.rules import IN_FORCE
from qc.laboratory.states import ResultStatus
from qc.specifications.in_force import specification_for
from qc.specifications.views import products


class SampleList(RecordList):
    model = Sample
    title = "Samples"
    lead = "Named as in the instruments' files, so that readings find their sample by themselves."
    select = ("batch__site", "batch__product", "sponsor")
    tabs = (
        Tab("all", "All", Q()),
        Tab("untested", "Nothing entered", Q(results__isnull=True), attention=True),
    )
    filters = (
        Filter("product", "Product", "batch__product__code", "choice", products),
        Filter("batch", "Batch", "batch__number"),
        Filter("since", "Taken since", "taken_at", "since"),
    )
    search = ("number", "batch__number", "kind")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch", "batch", kind="record", order="batch__number"),
        Column("product", "Product", "batch.product", kind="record"),
        Column("kind", "Kind"),
        Column("taken_at", "Taken", kind="instant", order="taken_at"),
        Column("results", "Results", "result_count", kind="number"),
        Column("storage", "Storage", hidden=True),
        Column("sponsor", "Sponsor", "sponsor", kind="record", hidden=True),
    )
    ordering = "-taken_at"
    empty_icon = "test-pipe"
    empty_text = "Samples stand here. Operators and analysts take them from a batch."
    new_label = "Take a sample"

    def rows(self, records):
        found = list(records)
        counts = dict(
            Result.objects.filter(sample__in=found, status__in=IN_FORCE)
            .values_list("sample")
            .annotate(Count("pk"))
        )
        for sample in found:
            sample.result_count = counts.get(sample.pk, 0)
        return found

    @property
    def new_url(self):
        return page("qc:sample_new")

    def may_make(self):
        return self.request.user.may(Right.TAKE_SAMPLE)


def lines_with_results(specification, samples):
    """Return rows {line, criterion, results} for every line of a specification, in order."""
    if specification is None:
        return []
    results = (
        Result.objects.filter(sample__in=samples)
        .select_related("sample", "analyst", "reviewer", "measurement__file", "oos")
        .order_by("id")
    )
    by_test = {}
    for result in results:
        by_test.setdefault(result.test, []).append(result)
    rows = []
    for line in specification.lines.order_by("position"):
        found = by_test.pop(line.test, [])
        rows.append(
            {
                "line": line,
                "results": [r for r in found if r.status in IN_FORCE],
                "former": [r for r in found if r.status not in IN_FORCE],
            }
        )
    beside = [result for found in by_test.values() for result in found]
    if beside:
        rows.append({"line": None, "results": beside, "former": []})
    return rows


class SamplePage(RecordPage):
    model = Sample
    select = ("batch__site", "batch__product", "taken_by")
    template_name = "qc/laboratory/sample.html"

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        specification = specification_for(record.batch, timezone.now())
        rows = lines_with_results(specification, [record])
        results = [r for row in rows for r in row["results"]]
        own = [r for r in results if r.status == ResultStatus.DRAFT and r.analyst_id == user.pk]
        return super().get_context_data(
            specification=specification,
            rows=rows,
            open_lines=sum(1 for row in rows if row["line"] and not row["results"]),
            may_enter=user.may(Right.ENTER_RESULT),
            own_drafts=len(own) if user.may(Right.ENTER_RESULT) else 0,
            to_review=sum(1 for r in results if r.status == ResultStatus.SUBMITTED),
            may_review=user.may(Right.APPROVE_RESULT),
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            )[:20],
            **kwargs,
        )


class SampleNew(NewRecord):
    title = "Take a sample"
    button = "Record the sample"
    form_class = forms.TakeSampleForm
    right = Right.TAKE_SAMPLE

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        wanted = request.POST.get("batch") or request.GET.get("batch") or ""
        batches = Batch.objects.visible_to(request.user).select_related("site")
        batch = batches.filter(number=wanted.replace("\x00", "")).first()
        if batch is not None:  # what is typed is meant on that site's clock
            self.zone = zone_of(batch)

    def get_initial(self):
        return {"batch": self.request.GET.get("batch", "")}

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def act(self, *, by, at, data, proof):
        return services.take_sample(by=by, at=at, **data)


class ResultEntry(VerbView):
    """The grid: every line of the specification without a value, limits under the fields."""

    model = Sample
    select = ("batch__site", "batch__product")
    verb = "enter"
    title = "Enter results"
    button = "Save"
    form_class = forms.EntryForm
    right = Right.ENTER_RESULT
    template_name = "qc/laboratory/entry.html"
    fragment_name = "qc/laboratory/_entry.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.specification = specification_for(self.record.batch, timezone.now())
        rows = lines_with_results(self.specification, [self.record])
        self.rows = [row for row in rows if row["line"] is not None]

    def get_form_kwargs(self):
        lines = [
            (row["line"], parse_criterion(row["line"].criterion))
            for row in self.rows
            if not row["results"]
        ]
        return {**super().get_form_kwargs(), "lines": lines}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            specification=self.specification,
            standing=[row for row in self.rows if row["results"]],
            **kwargs,
        )

    def act(self, *, by, at, data, proof):
        entries = [
            {"sample": self.record, "test": test, "value": value}
            for test, value in data["values"].items()
        ]
        results = services.enter_results(entries=entries, by=by, at=at)
        if data["submit_now"]:
            services.submit_results(results=results, by=by, at=at)


class SubmitDrafts(VerbView):
    """Submit all of one's own drafts on a sample."""

    model = Sample
    select = ("batch__site",)
    verb = "submit"
    title = "Submit my drafts for review"
    button = "Submit"
    right = Right.ENTER_RESULT
    done = "Submitted. Somebody else reviews them."
    fragment_name = "qc/laboratory/_submit.html"

    @property
    def drafts(self):
        return self.record.results.filter(
            status=ResultStatus.DRAFT, analyst=self.request.user
        ).order_by("id")

    def get_context_data(self, **kwargs):
        return super().get_context_data(drafts=self.drafts, **kwargs)

    def act(self, *, by, at, data, proof):
        services.submit_results(results=list(self.drafts), by=by, at=at)
