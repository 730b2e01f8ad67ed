"""Pages of results: list, one with its source, correction, retest, invalidation, review."""

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, RecordPage, VerbView
from qc.laboratory import forms, rules, services
from qc.laboratory.models import Result, Sample
from qc.laboratory.services.bench import Bench, investigations_of
from qc.laboratory.services.entry import submit_objections
from qc.laboratory.services.review import approve_objections
from qc.laboratory.states import RESULT_MEANING, SUBMIT, ResultStatus
from qc.specifications.states import Verdict
from qc.specifications.views import products

AROUND = ("sample", "batch__site", "batch__product", "line__specification")


class ResultList(RecordList):
    model = Result
    title = "Results"
    lead = "Each value as it was entered, its verdict, and who stands behind it."
    select = (*AROUND, "analyst", "reviewer")
    tabs = (
        Tab("submitted", "To review", Q(status=ResultStatus.SUBMITTED), attention=True),
        Tab("draft", "Drafts", Q(status=ResultStatus.DRAFT)),
        Tab("approved", "Approved", Q(status=ResultStatus.APPROVED)),
        Tab("out", "Out of specification", Q(verdict=Verdict.FAIL), attention=True),
        Tab("invalidated", "Invalidated", Q(status=ResultStatus.INVALIDATED)),
        Tab("superseded", "Superseded", Q(status=ResultStatus.SUPERSEDED)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("product", "Product", "batch__product__code", "choice", products),
        Filter("batch", "Batch", "batch__number"),
        Filter("test", "Test", "test"),
        Filter("verdict", "Verdict", "verdict", "choice", tuple(Verdict.choices)),
        Filter("since", "Tested since", "tested_at", "since"),
    )
    search = ("test", "sample__number", "batch__number")
    columns = (
        Column("id", "No.", "key", kind="key", order="id"),
        Column("test", "Test", order="test"),
        Column("sample", "Sample", "sample", kind="record", order="sample__number"),
        Column("batch", "Batch", "batch", kind="record", order="batch__number"),
        Column("value", "Value", kind="number"),
        Column("unit", "Unit"),
        Column("criterion", "Criterion", "line.criterion", kind="number"),
        Column("verdict", "Verdict", kind="status"),
        Column("status", "Status", kind="status"),
        Column("analyst", "Analyst", "analyst", kind="person"),
        Column("tested_at", "Tested", kind="instant", order="tested_at"),
        Column("reviewer", "Reviewer", "reviewer", kind="person", hidden=True),
    )
    ordering = "-id"
    empty_icon = "report-analytics"
    empty_text = "Results stand here: typed on a sample's page, or confirmed from an instrument."


class ResultPage(RecordPage):
    model = Result
    select = (
        *AROUND,
        "analyst",
        "reviewer",
        "method",
        "instrument",
        "measurement__file",
        "measurement__run",
        "oos",
        "supersedes",
        "superseded_by",
    )
    template_name = "qc/laboratory/result.html"

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        is_draft = record.status == ResultStatus.DRAFT
        is_own = record.analyst_id == user.pk
        in_force = record.status in rules.IN_FORCE
        return super().get_context_data(
            signatures=signatures_of(record),
            is_draft=is_draft,
            may_change=is_draft and is_own and record.measurement_id is None,
            may_submit=is_draft and is_own,
            may_approve=record.status == ResultStatus.SUBMITTED and user.may(Right.APPROVE_RESULT),
            may_retest=in_force and user.may(Right.ENTER_RESULT),
            may_invalidate=in_force
            and (user.may(Right.INVALIDATE_RESULT) or (is_own and not record.reviewer_id)),
            invalidate_objections=self.invalidate_objections() if in_force else [],
            approve_objections=approve_objections([record], by=user),
            **kwargs,
        )

    def invalidate_objections(self):
        oos = investigations_of([self.record]).get(self.record.pk)
        return list(rules.invalidate_blockers(self.record, by=self.request.user, oos=oos))


class ResultVerb(VerbView):
    model = Result
    select = (*AROUND, "analyst", "reviewer")


class ResultChange(ResultVerb):
    verb = "change"
    title = "Correct this draft"
    button = "Save the correction"
    form_class = forms.ChangeResultForm
    right = Right.ENTER_RESULT
    reason = "required"

    def get_initial(self):
        return {"value": self.record.value}

    def blockers(self):
        yield from rules.draft_blockers(self.record)
        yield from rules.own_draft_blockers(self.record, by=self.request.user, verb="change")
        yield from rules.typed_value_blockers(self.record)

    def act(self, *, by, at, data, proof):
        return services.change_result(result=self.record, by=by, at=at, **data)


class ResultSubmit(ResultVerb):
    verb = SUBMIT.verb
    title = "Submit this result for review"
    button = "Submit"
    done = "Submitted. Somebody else reviews it."

    def blockers(self):
        bench = Bench({self.record.batch_id: self.record.batch}, timezone.now())
        return submit_objections([self.record], bench, by=self.request.user)

    def act(self, *, by, at, data, proof):
        services.submit_results(results=[self.record], by=by, at=at)


class ResultApprove(ResultVerb):
    verb = "approve"
    title = "Approve this result"
    button = "Sign the approval"
    meaning = RESULT_MEANING
    signed = True
    reason = "optional"
    done = "The result is approved."

    def blockers(self):
        return approve_objections([self.record], by=self.request.user)

    def act(self, *, by, at, data, proof):
        services.approve_results(results=[self.record], by=by, at=at, proof=proof, **data)


class ResultInvalidate(ResultVerb):
    verb = "invalidate"
    title = "Invalidate this result"
    danger = True
    reason = "required"
    done = "The result is invalidated. It stays, with your reason."

    def blockers(self):
        oos = investigations_of([self.record]).get(self.record.pk)
        return rules.invalidate_blockers(self.record, by=self.request.user, oos=oos)

    def act(self, *, by, at, data, proof):
        services.invalidate_result(result=self.record, by=by, at=at, **data)


class ResultRetest(ResultVerb):
    verb = "retest"
    title = "Enter a result that supersedes this one"
    button = "Save the new draft"
    form_class = forms.RetestForm
    right = Right.ENTER_RESULT
    reason = "required"
    done = "The new draft is saved; the result before it stays, superseded."

    def blockers(self):
        entry = rules.Entry(sample=self.record.sample, test=self.record.test, value="")
        oos = investigations_of([self.record]).get(self.record.pk)
        return rules.supersede_blockers(entry, old=self.record, oos=oos)

    def act(self, *, by, at, data, proof):
        entry = {
            "sample": self.record.sample,
            "test": self.record.test,
            "value": data["value"],
            "supersedes": self.record,
            "report_only": self.record.line_id is None,
        }
        (made,) = services.enter_results(entries=[entry], by=by, at=at, reason=data["reason"])
        return made


class Review(VerbView):
    """What waits for a second person: exceptions first, approved in one signing."""

    verb = "approve"
    title = "Review results"
    button = "Approve the ticked results"
    meaning = RESULT_MEANING
    form_class = forms.PickResultsForm
    right = Right.APPROVE_RESULT
    signed = True
    reason = "optional"
    template_name = "qc/laboratory/review.html"
    fragment_name = "qc/laboratory/_review.html"
    done = "Approved; each result has its own signature."

    def waiting(self):
        """Submitted results, what needs thought first."""
        thought = Case(
            When(verdict=Verdict.FAIL, then=Value(0)),
            When(verdict=Verdict.INCONCLUSIVE, then=Value(1)),
            When(~Q(confirm_reason=""), then=Value(2)),
            When(supersedes__isnull=False, then=Value(3)),
            default=Value(4),
            output_field=IntegerField(),
        )
        return (
            self.record.results.filter(status=ResultStatus.SUBMITTED)
            .select_related(*AROUND, "analyst", "measurement__file", "oos", "supersedes")
            .annotate(thought=thought)
            .order_by("thought", "sample__number", "line__position", "id")
        )

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "results": self.waiting()}

    def signed_content(self):
        return [result.signed_content(self.verb) for result in self.waiting()] or None

    def get_context_data(self, **kwargs):
        waiting = list(self.waiting())
        changed = set(
            AuditEvent.objects.filter(
                record_type="result",
                record_id__in=[r.pk for r in waiting],
                verb="result.change",
            ).values_list("record_id", flat=True)
        )
        for result in waiting:
            result.was_changed = result.pk in changed
            result.is_own = result.analyst_id == self.request.user.pk
        ticked = self.request.POST.getlist("results") if self.request.method == "POST" else []
        return super().get_context_data(waiting=waiting, ticked=ticked, **kwargs)

    def act(self, *, by, at, data, proof):
        services.approve_results(
            results=list(data["results"]), by=by, at=at, proof=proof, reason=data["reason"]
        )


class SampleReview(Review):
    model = Sample
    select = ("batch__site", "batch__product")


class BatchReview(Review):
    model = Batch
    select = ("site", "product")
