"""Performing, verifying and correcting the steps of a batch. The batch is locked first, always."""

from batches.deviations.models import Deviation
from batches.dossier import executed_record_changed, locked
from batches.manufacture import rules
from batches.manufacture.models import BatchStep
from batches.manufacture.states import StepStatus
from batches.manufacture.values import read_value
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.training.gather import training_objections
from cdmo.training.states import Task


def _steps(batch, step):
    """Return this step and all that stand before it, as they are under the batch's lock."""
    found = list(
        BatchStep.objects.filter(batch=batch, position__lte=step.position).order_by("position")
    )
    for one in found:
        one.batch = batch
    return found[-1], found[:-1]


def _cause(step) -> str:
    return f"Step {step.code} of {step.batch.number} was changed."


def master_training(batch, *, by, at=None, right=Right.EXECUTE):
    """Return an objection for every training that this batch's record demands and `by` lacks."""
    tasks = [(Task.MASTER, batch.master.code)] if batch.master_id else []
    return training_objections(by, right=right, tasks=tasks, at=at)


def perform_objections(step, *, by):
    """Return every objection to performing this step now, whatever the value."""
    step, earlier = _steps(step.batch, step)
    return [
        *right_blockers(by, Right.EXECUTE),
        *master_training(step.batch, by=by),
        *rules.perform_blockers(step.batch, step, earlier=earlier),
    ]


@service
def perform_step(*, step, value, by, at, comment="", performed_at=None, reason=""):
    """Record what was done in a step. Raises NotAValue for what is no value, and Blocked.

    A value outside its limits is recorded as it is; it demands a deviation before the step can be
    verified or the batch completed. `performed_at`: when it was done, if earlier than now.
    """
    batch = locked(step.batch)
    step, earlier = _steps(batch, step)
    performed_at = performed_at or at
    text, number, in_limits = read_value(step, value)
    ensure_clear(
        [
            *right_blockers(by, Right.EXECUTE),
            *master_training(batch, by=by, at=at),
            *rules.perform_blockers(batch, step, earlier=earlier),
            *rules.event_time_blockers(
                batch, step, performed_at=performed_at, at=at, comment=comment
            ),
        ]
    )
    step.status = StepStatus.PERFORMED
    step.value, step.number, step.in_limits = text, number, in_limits
    step.was_out = in_limits is False
    step.comment = comment
    step.performed_by, step.performed_at, step.recorded_at = by, performed_at, at
    step.save(
        update_fields=[
            "status",
            "value",
            "number",
            "in_limits",
            "was_out",
            "comment",
            "performed_by",
            "performed_at",
            "recorded_at",
        ]
    )
    verb = "step.out_of_limits" if in_limits is False else "step.performed"
    record_event(verb=verb, record=step, by=by, at=at, reason=reason or comment, cause=_cause(step))
    return step


def verify_objections(step, *, by, at=None):
    """Return every objection to verifying this step now."""
    deviated = Deviation.objects.filter(step=step).exists()
    right = Right.VERIFY if by.may(Right.VERIFY) else Right.EXECUTE
    return [
        *master_training(step.batch, by=by, at=at, right=right),
        *rules.verify_blockers(step.batch, step, by=by, deviated=deviated),
    ]


@service
def verify_step(*, step, by, at, comment="", proof=None, reason=""):
    """Confirm a step as a second person. Raises Blocked.

    After completion only a corrected critical step is open to it, and that correction has voided
    the signatures already.
    """
    batch = locked(step.batch)
    step, _ = _steps(batch, step)
    ensure_clear(verify_objections(step, by=by, at=at))
    step.status = StepStatus.VERIFIED
    step.verified_by, step.verified_at = by, at
    fields = ["status", "verified_by", "verified_at"]
    if comment:
        step.comment = f"{step.comment}\n{comment}".strip()
        fields.append("comment")
    step.save(update_fields=fields)
    record_event(
        verb="step.verified",
        record=step,
        by=by,
        at=at,
        reason=reason or comment,
        cause=_cause(step),
    )
    return step


def not_applicable_objections(step, *, by):
    """Return every objection to leaving this step out."""
    return [
        *right_blockers(by, Right.VERIFY),
        *rules.not_applicable_blockers(step.batch, step),
    ]


@service
def mark_not_applicable(*, step, by, at, reason):
    """Leave out a step that is not mandatory, with a reason. Raises Blocked."""
    batch = locked(step.batch)
    step, _ = _steps(batch, step)
    ensure_clear(
        [
            *not_applicable_objections(step, by=by),
            *([] if reason.strip() else [Blocker("no_reason", "Say why it does not apply.")]),
        ]
    )
    step.status, step.comment = StepStatus.NOT_APPLICABLE, reason
    step.performed_by, step.performed_at, step.recorded_at = by, at, at
    step.save(update_fields=["status", "comment", "performed_by", "performed_at", "recorded_at"])
    record_event(
        verb="step.not_applicable", record=step, by=by, at=at, reason=reason, cause=_cause(step)
    )
    return step


@service
def correct_step(*, step, value, by, at, reason, comment=None):
    """Replace a recorded value. The first one stays shown, every one stays in the history.

    Takes back the verification, and voids what was signed under the record. Raises NotAValue and
    Blocked.
    """
    batch = locked(step.batch)
    step, _ = _steps(batch, step)
    text, number, in_limits = read_value(step, value)
    ensure_clear(
        [
            *right_blockers(by, Right.EXECUTE),
            *rules.correct_blockers(batch, step, by=by, in_limits=in_limits, reason=reason),
        ]
    )
    former = step.value
    if not step.first_value:
        step.first_value = former
    step.status = StepStatus.PERFORMED
    step.value, step.number, step.in_limits = text, number, in_limits
    step.was_out = step.was_out or in_limits is False
    step.verified_by = step.verified_at = None
    step.corrected_by, step.corrected_at = by, at
    fields = [
        "status",
        "value",
        "number",
        "in_limits",
        "was_out",
        "first_value",
        "verified_by",
        "verified_at",
        "corrected_by",
        "corrected_at",
    ]
    if comment is not None:
        step.comment = comment
        fields.append("comment")
    step.save(update_fields=fields)
    record_event(
        verb="step.corrected",
        record=step,
        by=by,
        at=at,
        reason=reason,
        old={"value": former},
        new={"value": text},
        cause=_cause(step),
    )
    executed_record_changed(batch=batch, by=by, at=at, reason=reason)
    return step
