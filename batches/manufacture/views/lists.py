"""The list of batches."""

from django.db.models import Q

from batches.manufacture.models import Batch
from batches.manufacture.states import (
    Disposition,
    Execution,
    Purpose,
    Stage,
)
from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right, Role
from cdmo.portfolio.models import Product
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList

_UNDECIDED = Q(disposition=Disposition.PENDING)
_COMPLETED = _UNDECIDED & Q(execution=Execution.COMPLETED)
TABS = (
    Tab(
        "planned",
        "Planned",
        _UNDECIDED & Q(execution__in=[Execution.PLANNED, Execution.ISSUED]),
    ),
    Tab(
        "in_process",
        "In process",
        _UNDECIDED & Q(execution__in=[Execution.IN_PROCESS, Execution.ON_HOLD]),
    ),
    Tab("in_review", "In review", _COMPLETED & Q(reviewed_at__isnull=True)),
    Tab("to_certify", "To certify", _COMPLETED & Q(reviewed_at__isnull=False)),
    Tab("conditional", "Conditional", Q(disposition=Disposition.CONDITIONAL), attention=True),
    Tab("released", "Released", Q(disposition=Disposition.RELEASED)),
    Tab(
        "stopped",
        "Stopped",
        Q(disposition__in=[Disposition.REJECTED, Disposition.RECALLED, Disposition.OOS_SUPPLIED])
        | (_UNDECIDED & Q(execution=Execution.ABORTED)),
    ),
)
# Who makes the next move.
OWNERS = {
    Stage.PLANNED: Role.QA,
    Stage.ISSUED: Role.OPERATOR,
    Stage.IN_PROCESS: Role.OPERATOR,
    Stage.ON_HOLD: Role.SUPERVISOR,
    Stage.IN_REVIEW: Role.QA,
    Stage.TO_CERTIFY: Role.QP,
    Stage.CONDITIONAL: Role.QP,
}


def owner_of(batch) -> str:
    role = OWNERS.get(batch.stage)
    return role.label if role else ""


def products(request):
    return [(p, p) for p in Product.objects.visible_to(request.user).values_list("code", flat=True)]


def sponsors(request):
    found = Organisation.objects.filter(roles__contains=[Organisation.Kind.SPONSOR])
    return [(code, code) for code in found.values_list("code", flat=True)]


class BatchList(RecordList):
    model = Batch
    title = "Batches"
    template_name = "batches/manufacture/batch_list.html"
    fragment_name = "batches/manufacture/_batch_list.html"
    select = ("product", "sponsor", "site")
    tabs = TABS
    filters = (
        Filter("product", "Product", "product__code", kind="choice", choices=products),
        Filter("sponsor", "Sponsor", "sponsor__code", kind="choice", choices=sponsors),
        Filter("purpose", "Purpose", "purpose", kind="choice", choices=tuple(Purpose.choices)),
    )
    search = ("number", "product__code", "product__name", "objective")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("product", "Product", kind="record", order="product__code"),
        Column("sponsor", "Sponsor", kind="record", order="sponsor__code"),
        Column("purpose", "Purpose", "get_purpose_display", order="purpose"),
        Column("stage", "Stage", kind="status"),
        Column("readiness", "Readiness", lambda batch: batch.number, kind="readiness"),
        Column("expires_at", "Expires", kind="countdown", order="expires_at"),
        Column("owner", "Next by", owner_of),
        Column("planned_start_at", "Planned start", kind="instant", hidden=True),
        Column("started_at", "Started", kind="instant", order="started_at", hidden=True),
        Column("objective", "Objective", hidden=True),
    )
    ordering = "-id"
    empty_icon = "flask"
    empty_title = "No batches here"
    empty_text = "A planner plans a batch; it stands here from then on, in the tab of its stage."
    new_label = "Plan a batch"

    @property
    def new_url(self):
        return page("batches:batch_new")

    def may_make(self):
        return self.request.user.may(Right.PLAN_BATCH)

    def order(self):
        return super().order() if self.request.GET.get("order") else ""

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        bars = page("qc:readiness_bars")
        numbers = ",".join(row.number for row in context["rows"])
        return {**context, "bars_url": f"{bars}?batches={numbers}" if bars and numbers else ""}
