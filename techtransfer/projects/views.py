"""Pages of transfers: eight gates on a line, the open one with every blocker and who lifts it."""

from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from cdmo.accounts.roles import Right, Role
from cdmo.portfolio.views import Scoped, sponsors
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, StaffRequired, VerbView
from techtransfer.projects import forms, rules, services
from techtransfer.projects.models import TransferProject
from techtransfer.projects.picture import GatePicture, gates_of, pictured, pictures
from techtransfer.projects.states import (
    REOPEN_MEANING,
    Decision,
    GateStatus,
    TransferStatus,
    decision_meaning,
)

UNITS = ("product", "sponsor", "sending_unit", "receiving_unit", "site")
OPEN = {GateStatus.OPEN, GateStatus.HOLD}


class GateLine(list):
    """Gates on a line; in an export, in words."""

    def __str__(self):
        return ", ".join(f"{p.gate.code} {p.gate.get_status_display().lower()}" for p in self)


def open_gate(line: list[GatePicture]) -> GatePicture | None:
    """Return the gate that waits for a decision."""
    return next((picture for picture in line if picture.gate.status in OPEN), None)


class TransferList(RecordList):
    model = TransferProject
    title = "Transfers"
    lead = "Each process on its way from a sending to a receiving unit, gate by gate."
    select = UNITS
    tabs = (
        Tab(
            "running",
            "Running",
            Q(status__in=[TransferStatus.PLANNED, TransferStatus.ACTIVE, TransferStatus.ON_HOLD]),
        ),
        Tab("closed", "Closed", Q(status=TransferStatus.CLOSED)),
        Tab("stopped", "Stopped", Q(status=TransferStatus.STOPPED)),
        Tab("all", "All", Q()),
    )
    filters = (Filter("sponsor", "Sponsor", "sponsor__code", kind="choice", choices=sponsors),)
    search = ("code", "title", "product__code", "product__name")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("product", "Product", "product", kind="record", order="product__code"),
        Column("units", "From → to", lambda t: f"{t.sending_unit.code} → {t.receiving_unit.code}"),
        Column("gates", "Gates", lambda t: t.line, kind="gates"),
        Column("holds", "Held by", lambda t: t.holds, kind="text"),
        Column("target_on", "Target", kind="date", order="target_on"),
        Column("status", "Status", kind="status"),
    )
    ordering = "code"
    empty_icon = "arrows-transfer-up"
    empty_text = "Technology transfers stand here; a project manager plans them."
    new_label = "Plan a transfer"

    @property
    def new_url(self):
        return page("techtransfer:transfer_new")

    def may_make(self):
        return self.request.user.may(Right.MANAGE_TRANSFER)

    def rows(self, records):
        transfers = list(records)
        lines = pictures(transfers, by=self.request.user, at=timezone.now())
        for transfer in transfers:
            transfer.line = GateLine(lines[transfer.pk])
            transfer.holds = self.holding(transfer.line)
        return transfers

    def holding(self, line) -> str:
        here = open_gate(line)
        if here is None:
            return ""
        if not here.blockers:
            waits = here.waits_for
            return (
                f"{here.gate.code} waits for the {waits.lower()}"
                if waits
                else (f"{here.gate.code} may be decided")
            )
        more = len(here.blockers) - 1
        return here.blockers[0]["message"] + (f" And {more} more." if more else "")


class TransferPage(RecordPage):
    model = TransferProject
    select = UNITS
    template_name = "techtransfer/transfer.html"

    def get_context_data(self, **kwargs):
        user, now = self.request.user, timezone.now()
        line = gates_of(self.record, by=user, at=now)
        here = open_gate(line)
        return super().get_context_data(
            line=line,
            here=here,
            others=[picture for picture in line if picture is not here],
            today=now.date(),
            may_decide=services.unit_of(user, self.record) is not None,
            may_plan=user.may(Right.MANAGE_TRANSFER),
            **kwargs,
        )


class TransferNew(Scoped, NewRecord):
    title = "Plan a transfer"
    button = "Plan"
    form_class = forms.TransferForm
    right = Right.MANAGE_TRANSFER

    def act(self, *, by, at, data, proof):
        return services.create_transfer(by=by, at=at, **data)


class TransferChange(Scoped, VerbView):
    model = TransferProject
    select = UNITS
    verb = "change"
    title = "Change the plan"
    form_class = forms.ChangeTransferForm
    right = Right.MANAGE_TRANSFER
    reason = "required"

    def get_initial(self):
        names = ("title", "site", "planned_batches", "started_on", "target_on")
        return {name: getattr(self.record, name) for name in names}

    def act(self, *, by, at, data, proof):
        return services.change_transfer(transfer=self.record, by=by, at=at, **data)


class GateVerb(VerbView):
    """A verb on one gate of a transfer that this person may see."""

    model = TransferProject
    select = UNITS

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.find_gate()

    def find_gate(self):
        self.gate = self.record.gates.filter(code=self.kwargs["gate"]).first()
        if self.gate is None:
            raise Http404
        self.gate.transfer = self.record

    def get_success_url(self, record=None) -> str:
        if self.request.user.is_sponsor_side:
            return page("portal:transfer", key=self.record.key) or page("home")
        return f"{page('techtransfer:transfer', key=self.record.key)}#{self.gate.code}"

    def get_context_data(self, **kwargs):
        picture = pictured(self.gate, by=self.request.user, at=timezone.now())
        return super().get_context_data(gate=self.gate, picture=picture, **kwargs)


class GateDecide(GateVerb):
    """Sign one unit's word. The one page where a sponsor's lead writes: the POST runs as the app's
    database role (see accounts.middleware), so record and right are judged here and in the service.
    """

    verb = "decide"
    right = Right.DECIDE_GATE
    signed = True
    reason = "optional"
    form_class = forms.DecideForm
    fragment_name = "techtransfer/_decide.html"
    done = "Your unit's decision is signed."
    button = "Sign the decision"

    def setup(self, request, *args, **kwargs):
        user = request.user
        if user.is_authenticated and user.is_sponsor_side:
            if Role.SPONSOR_LEAD not in user.roles:
                raise Http404
            # Past StaffRequired, which knows no sponsors: the record is still among the visible.
            super(StaffRequired, self).setup(request, *args, **kwargs)
            self.find_gate()
        else:
            super().setup(request, *args, **kwargs)

    @property
    def title(self):
        return f"Decide {self.gate.code}: {self.gate.name}"

    @property
    def meanings(self):
        unit = services.unit_of(self.request.user, self.record)
        return tuple(decision_meaning(decision, unit) for decision in Decision) if unit else ()

    def blockers(self):
        unit = services.unit_of(self.request.user, self.record)
        found = rules.decision_blockers(
            self.gate,
            decision=None,
            conditions=(),
            reason="",
            unit=unit,
            by=self.request.user,
            spoken=self.gate.decisions.filter(round=self.gate.round, voided_at__isnull=True),
            standing=(),
            today=None,
        )
        return list(found)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        unit = services.unit_of(self.request.user, self.record)
        context["waits_for_me"] = unit is not None and context["picture"].waits_for == unit.label
        return context

    def act(self, *, by, at, data, proof):
        services.decide_gate(gate=self.gate, by=by, at=at, proof=proof, **data)


class GateReopen(GateVerb):
    verb = "reopen"
    title = "Open this gate again"
    meaning = REOPEN_MEANING
    right = Right.DECIDE_GATE
    signed = True
    reason = "required"
    danger = True

    def blockers(self):
        return rules.reopen_blockers(self.gate, "asked for below")

    def act(self, *, by, at, data, proof):
        services.reopen_gate(gate=self.gate, by=by, at=at, proof=proof, **data)


class GatePlan(GateVerb):
    verb = "plan"
    title = "Plan this gate"
    right = Right.MANAGE_TRANSFER
    reason = "optional"
    form_class = forms.PlanGateForm

    def get_initial(self):
        return {"target_on": self.gate.target_on, "forecast_on": self.gate.forecast_on}

    def act(self, *, by, at, data, proof):
        services.plan_gate(gate=self.gate, by=by, at=at, **data)


class ConditionMet(GateVerb):
    verb = "meet-condition"
    title = "This condition is met"
    right = Right.DECIDE_GATE
    reason = "required"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.condition = self.gate.conditions.filter(pk=self.kwargs["condition"]).first()
        if self.condition is None:
            raise Http404

    @property
    def meaning(self):
        return self.condition.text

    def act(self, *, by, at, data, proof):
        services.meet_condition(condition=self.condition, by=by, at=at, **data)
