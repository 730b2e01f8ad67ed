"""Objections to performing, verifying and correcting a step."""

from datetime import timedelta

from batches.manufacture.rules.moves import excursion, undecided_blockers, unfinished_blockers
from batches.manufacture.states import Execution, StepStatus
from cdmo.accounts.roles import Right
from cdmo.blockers import Blocker

# A record made later than this after the act is a late entry and says why (ALCOA+; illustrative).
LATE_AFTER = timedelta(minutes=15)
_SETTLED = frozenset({StepStatus.PERFORMED, StepStatus.VERIFIED, StepStatus.NOT_APPLICABLE})


def _in_process_blockers(batch):
    yield from undecided_blockers(batch)
    if batch.execution == Execution.ON_HOLD:
        yield Blocker(
            "on_hold",
            f"{batch.number} is on hold: {batch.hold_reason or 'no reason given'}.",
            record=batch,
            owner="Production supervisor",
        )
    elif batch.execution != Execution.IN_PROCESS:
        yield Blocker(
            "not_in_process",
            f"{batch.number} is {batch.get_execution_display().lower()}; steps are recorded only "
            "while it is in process.",
            record=batch,
        )


def _open_blockers(step):
    if step.status == StepStatus.NOT_APPLICABLE:
        yield Blocker(
            "not_applicable", f"Step {step.code} was marked as not applicable.", record=step
        )
    elif step.status != StepStatus.OPEN:
        yield Blocker(
            "already_performed",
            f"Step {step.code} is already recorded with the value “{step.value}”. To change it, "
            "correct it with a reason.",
            record=step,
        )


def perform_blockers(batch, step, *, earlier):
    """`earlier`: the steps that stand before this one."""
    yield from _in_process_blockers(batch)
    yield from _open_blockers(step)
    for other in earlier:
        if other.mandatory and other.status not in _SETTLED:
            yield Blocker(
                "earlier_step_open",
                f"Step {other.code} ({other.title}) comes before {step.code} and is not performed.",
                record=other,
                owner="Operator",
            )


def event_time_blockers(batch, step, *, performed_at, at, comment):
    """What was done cannot lie in the future or before the batch; a late entry says why."""
    if performed_at > at:
        yield Blocker("in_future", "The time of the step lies in the future.", record=step)
    if batch.started_at is not None and performed_at < batch.started_at:
        yield Blocker(
            "before_start",
            f"The time of the step lies before {batch.number} was started.",
            record=step,
        )
    if at - performed_at > LATE_AFTER and not comment.strip():
        yield Blocker(
            "late_without_comment",
            f"This is a late entry, more than {LATE_AFTER.seconds // 60} minutes after the step: "
            "say why in the comment.",
            record=step,
        )


def verify_blockers(batch, step, *, by, deviated):
    """A second person verifies; a critical step takes somebody who may."""
    yield from unfinished_blockers(batch)
    if batch.execution not in {Execution.IN_PROCESS, Execution.ON_HOLD, Execution.COMPLETED}:
        yield Blocker(
            "not_in_process",
            f"{batch.number} is {batch.get_execution_display().lower()}; nothing is verified now.",
            record=batch,
        )
    if batch.execution == Execution.COMPLETED and not step.critical:
        yield Blocker(
            "verification_not_asked",
            f"Step {step.code} asks for no second person, and the record is completed.",
            record=step,
        )
    if step.status == StepStatus.VERIFIED:
        yield Blocker("already_verified", f"Step {step.code} is already verified.", record=step)
    elif step.status != StepStatus.PERFORMED:
        yield Blocker("not_performed", f"Step {step.code} is not performed yet.", record=step)
    if by.pk in {step.performed_by_id, step.corrected_by_id}:
        yield Blocker(
            "own_step",
            f"{by.full_name} performed or corrected step {step.code}; a second person verifies it.",
            record=step,
            owner="Production supervisor",
        )
    right = Right.VERIFY if step.critical else Right.EXECUTE
    if not (by.may(right) or by.may(Right.VERIFY)):
        yield Blocker(
            "no_right",
            f"{by.full_name} may not {right.label}.",
            record=step,
            owner="Production supervisor",
        )
    if step.in_limits is False and not deviated:
        yield excursion(step)


def not_applicable_blockers(batch, step):
    yield from _in_process_blockers(batch)
    yield from _open_blockers(step)
    if step.mandatory:
        yield Blocker(
            "mandatory_step",
            f"Step {step.code} ({step.title}) is mandatory and cannot be left out.",
            record=step,
        )


def correct_blockers(batch, step, *, by, in_limits, reason):
    """A recorded value is corrected with a reason; out of limits, only by a second person."""
    if batch.execution not in {Execution.IN_PROCESS, Execution.ON_HOLD, Execution.COMPLETED}:
        yield Blocker(
            "not_in_process",
            f"{batch.number} is {batch.get_execution_display().lower()}; its record is closed.",
            record=batch,
        )
    if step.status not in {StepStatus.PERFORMED, StepStatus.VERIFIED}:
        yield Blocker("not_performed", f"Step {step.code} holds no value to correct.", record=step)
    if not reason.strip():
        yield Blocker("no_reason", "A correction needs a reason.", record=step)
    # A value cannot be talked back into its limits by whoever recorded it.
    own = by.pk in {step.performed_by_id, step.corrected_by_id}
    if step.in_limits is False and in_limits is not False and (own or not by.may(Right.VERIFY)):
        yield Blocker(
            "out_of_limits_needs_second_person",
            f"Step {step.code} was recorded outside its limits: only a second person who may "
            "verify can correct it to a value inside.",
            record=step,
            owner="Production supervisor",
        )
