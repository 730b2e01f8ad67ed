"""Pages of out-of-specification investigations."""

from django.db.models import Q

from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.states import move_blockers
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, RecordPage, VerbView
from qc.laboratory import forms, rules, services
from qc.laboratory.models import OosInvestigation, Result
from qc.laboratory.states import CLOSE_OOS, OosConclusion, OosStatus, conclusion_meaning
from qc.specifications.views import products

AROUND = ("batch__site", "batch__product", "result__sample", "result__line__specification")


class OosList(RecordList):
    model = OosInvestigation
    title = "Out of specification"
    lead = "Every failing result is investigated. Quality assurance concludes."
    select = AROUND
    tabs = (
        Tab("open", "Open", Q(status=OosStatus.OPEN), attention=True),
        Tab("confirmed", "Confirmed", Q(conclusion=OosConclusion.CONFIRMED)),
        Tab("closed", "Closed", Q(status=OosStatus.CLOSED)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("product", "Product", "batch__product__code", "choice", products),
        Filter("since", "Opened since", "opened_at", "since"),
    )
    search = ("number", "batch__number", "result__test", "result__sample__number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch", "batch", kind="record", order="batch__number"),
        Column("test", "Test", "result.test"),
        Column("value", "Value", "result.reportable", kind="number"),
        Column("criterion", "Criterion", "result.line.criterion", kind="number"),
        Column("status", "Status", kind="status"),
        Column("conclusion", "Conclusion", "get_conclusion_display"),
        Column("opened_at", "Open since", kind="ago", order="opened_at"),
    )
    ordering = "-opened_at"
    empty_icon = "alert-octagon"
    empty_title = "Nothing is out of specification"
    empty_text = "An investigation opens by itself when a submitted value fails its criterion."


class OosPage(RecordPage):
    model = OosInvestigation
    select = (*AROUND, "result__analyst", "result__reviewer", "closed_by")
    template_name = "qc/laboratory/oos.html"

    def get_context_data(self, **kwargs):
        record = self.record
        return super().get_context_data(
            is_open=record.status == OosStatus.OPEN,
            may_conclude=self.request.user.may(Right.CONCLUDE_OOS),
            signatures=signatures_of(record),
            others=Result.objects.visible_to(self.request.user)
            .filter(batch=record.batch, test=record.result.test)
            .exclude(pk=record.result_id)
            .select_related("sample", "line")
            .order_by("id"),
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            )[:20],
            **kwargs,
        )


class OosConclude(VerbView):
    model = OosInvestigation
    select = AROUND
    verb = "conclude"
    title = "Conclude this investigation"
    button = "Sign the conclusion"
    form_class = forms.ConcludeForm
    right = Right.CONCLUDE_OOS
    signed = True
    done = "The investigation is concluded."

    @property
    def meanings(self):
        return tuple(conclusion_meaning(self.record.number, c) for c in OosConclusion if c)

    def signed_content(self):
        return None  # what is typed below is part of it

    def blockers(self):
        yield from move_blockers(self.record, [CLOSE_OOS])
        yield from (
            blocker
            for blocker in rules.conclude_blockers(
                self.record, by=self.request.user, conclusion=OosConclusion.CONFIRMED, rationale="-"
            )
        )

    def act(self, *, by, at, data, proof):
        return services.conclude_oos(oos=self.record, by=by, at=at, proof=proof, **data)
