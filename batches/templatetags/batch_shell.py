"""What every tab of a batch's page shows around itself, whichever room draws the tab.

{% extends "batches/manufacture/batch_base.html" %} with `record` = the Batch is all a tab needs.
"""

from dataclasses import dataclass

from django import template

from batches.deviations.states import DeviationStatus
from batches.manufacture import services
from batches.manufacture.models import BatchStep
from batches.manufacture.states import Disposition, Execution, Stage, StepStatus
from cdmo.accounts.roles import Right
from cdmo.web.links import page

register = template.Library()

TABS = (
    ("Record", "batches:batch_record"),
    ("Materials & genealogy", "batches:batch_materials"),
    ("QC", "qc:batch_qc"),
    ("Deviations", "batches:batch_deviations"),
    ("Release", "qc:batch_release"),
    ("Identity & custody", "batches:batch_identity"),
    ("Timeline", "batches:batch_timeline"),
    ("Audit", "batches:batch_audit"),
)


@register.simple_tag
def address(name, *args):
    """Return the address of a page by its URL name, or "" where no room has drawn it."""
    return page(name, *args)


@register.simple_tag(takes_context=True)
def batch_tabs(context, batch):
    """Return the tabs of a batch's page, the open one marked, pages that do not exist left out."""
    path = context["request"].path
    tabs = []
    for label, name in TABS:
        url = page(name, key=batch.key)
        if not url or (name == "batches:batch_identity" and not _has_identity(batch)):
            continue
        here = path == url or (
            name == "batches:batch_record" and path == page("batches:batch", key=batch.key)
        )
        here = here or (
            name == "batches:batch_audit" and path == page("qc:batch_trail", key=batch.key)
        )
        tabs.append({"label": label, "url": url, "here": here, "count": None})
        if name == "batches:batch_deviations":
            standing = batch.deviations.exclude(status=DeviationStatus.CLOSED).count()
            tabs[-1].update(count=standing or None, attention=True)
    return tabs


def _has_identity(batch) -> bool:
    return batch.coi_id is not None or batch.product.is_for_one_patient


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the head: `blockers` are said beside it before it is pressed."""

    label: str
    url: str
    icon: str
    kind: str = ""
    blockers: tuple = ()
    dialog: bool = True


# The one thing that comes next: URL name, label, icon and what objects to it.
_NEXT = {
    Stage.PLANNED: ("qc:batch_issue", "Issue", "file-check", None),
    Stage.ISSUED: ("batches:batch_start", "Start", "player-play", services.start_objections),
    Stage.ON_HOLD: ("batches:batch_resume", "Resume", "player-play", services.resume_objections),
    Stage.IN_PROCESS: ("batches:batch_complete", "Complete", "flag", services.complete_objections),
    Stage.IN_REVIEW: ("batches:batch_review", "Review", "eye-check", services.review_objections),
}
# What may be done beside it, shown to whoever has the right.
_BESIDE = (
    ("batches:batch_hold", "Put on hold", "hand-stop", Right.HOLD_BATCH, {Stage.IN_PROCESS}),
    (
        "batches:batch_change",
        "Change the plan",
        "pencil",
        Right.PLAN_BATCH,
        {Stage.PLANNED, Stage.ISSUED, Stage.IN_PROCESS},
    ),
    (
        "batches:deviation_new",
        "Raise a deviation",
        "alert-triangle",
        Right.RAISE_DEVIATION,
        set(Stage) - {Stage.PLANNED},
    ),
    (
        "batches:batch_abort",
        "Abort",
        "player-stop",
        Right.ABORT_BATCH,
        {Stage.PLANNED, Stage.ISSUED, Stage.IN_PROCESS, Stage.ON_HOLD},
    ),
    (
        "batches:batch_reject",
        "Reject",
        "circle-x",
        Right.REJECT_BATCH,
        {Stage.IN_REVIEW, Stage.TO_CERTIFY, Stage.CONDITIONAL, Stage.ABORTED},
    ),
    ("archive:batch_dossier", "Export the dossier", "file-zip", Right.EXPORT_DOSSIER, set(Stage)),
    (
        "batches:batch_recall",
        "Recall",
        "arrow-back-up",
        Right.RECALL,
        {Stage.CONDITIONAL, Stage.RELEASED},
    ),
)


# What only a completed batch without a yield may still get.
_YIELD = (
    "batches:batch_record_yield",
    "Record the yield",
    "scale",
    Right.COMPLETE_BATCH,
    {Stage.IN_REVIEW, Stage.TO_CERTIFY, Stage.CONDITIONAL, Stage.RELEASED},
)


@register.simple_tag(takes_context=True)
def batch_actions(context, batch):
    """Return {"next", "step": Action | None, "more": [Action]} for this person.

    A next move that is somebody else's comes as `waits`: its name and whose it is.
    """
    by, stage = context["request"].user, batch.stage
    signed_again = _unsigned(batch) and not services.completion_stands(batch)
    following = _next(batch, stage, by, signed_again)
    not_mine = [b.owner for b in following.blockers if b.code == "no_right"] if following else []
    return {
        "next": None if not_mine else following,
        "waits": {"what": following.label, "whose": not_mine[0]} if not_mine else None,
        "step": _step_now(batch, by) if stage == Stage.IN_PROCESS else None,
        "more": [
            Action(label, url, icon)
            for name, label, icon, right, stages in (
                (*_BESIDE, _YIELD) if batch.yield_value is None else _BESIDE
            )
            if by.may(right) and stage in stages and (url := page(name, key=batch.key))
        ],
    }


def _unsigned(batch) -> bool:
    """Whether a completed record lacks its review: not reviewed yet, or corrected after it."""
    return batch.execution == Execution.COMPLETED and batch.reviewed_at is None


def _next(batch, stage, by, signed_again) -> Action | None:
    # A corrected record is signed again whatever was decided; a rejected batch needs no review.
    if _unsigned(batch) and batch.disposition != Disposition.REJECTED:
        stage = Stage.IN_REVIEW
    if signed_again:
        name, label, icon = "batches:batch_complete", "Sign the corrected record", "signature"
        objections = services.complete_objections
    elif stage in _NEXT:
        name, label, icon, objections = _NEXT[stage]
    else:
        return None
    url = page(name, key=batch.key)
    if not url:
        return None
    found = tuple(objections(batch, by=by)) if objections else ()
    return Action(label, url, icon, kind="" if found else "primary", blockers=found)


def _step_now(batch, by) -> Action | None:
    step = (
        BatchStep.objects.filter(batch=batch, status=StepStatus.OPEN, mandatory=True)
        .order_by("position")
        .first()
    )
    if step is None or not by.may(Right.EXECUTE):
        return None
    return Action(
        f"Next step: {step.code}",
        page("batches:batch_step", key=batch.key, code=step.code),
        "hand-finger",
        kind="primary",
        dialog=False,
    )
