"""Objections to a yield: given at completion, measured in the record, or recorded afterwards."""

from decimal import Decimal

from batches.manufacture.states import Execution, StepKind, StepStatus
from batches.manufacture.values import read_number
from cdmo.blockers import Blocker

# The step of the instructions that measures the yield is known by its code.
YIELD_STEP = "YIELD"
_RECORDED = frozenset({StepStatus.PERFORMED, StepStatus.VERIFIED})


def measured_yield(steps, *, unit: str) -> tuple[Decimal, str] | None:
    """Return the yield that the executed record itself holds, with its unit; or None.

    That of the numeric step with the code YIELD. `unit`: the one that the master batch record
    wants the yield in; a step in another unit is no yield, since units are never converted.
    """
    for step in steps:
        if step.code != YIELD_STEP or step.kind != StepKind.NUMBER or step.status not in _RECORDED:
            continue
        if step.unit and step.unit == (unit or step.unit):
            return read_number(step.value), step.unit  # with the digits that were typed
    return None


def given_yield_blockers(batch, *, master, execution, value, unit):
    """Object to a yield without its unit, in the wrong one, or outside limits unexplained.

    `master` may be None. A yield is demanded only where the master sets limits for it.
    """
    limited = master is not None and not (master.yield_lower is None and master.yield_upper is None)
    wanted = master.yield_unit if master is not None else ""
    if value is None:
        if limited:
            yield Blocker(
                "yield_missing",
                f"The yield of {batch.number} is not recorded; {master.code} sets limits for it.",
                record=batch,
                owner="Production supervisor",
            )
        return
    if not (unit or wanted):
        yield Blocker(
            "yield_unit_missing",
            f"Say in which unit the yield of {batch.number} is: its master batch record names "
            "none.",
            record=batch,
        )
    if unit and wanted and unit != wanted:
        yield Blocker(
            "yield_unit",
            f"The yield is given in {unit}; {master.code} asks for {wanted}.",
            record=master,
        )
    if not limited:
        return
    outside = (master.yield_lower is not None and value < master.yield_lower) or (
        master.yield_upper is not None and value > master.yield_upper
    )
    if outside and not execution.yield_deviation:
        yield Blocker(
            "yield_without_deviation",
            f"The yield of {value} {wanted} is outside the limits of {master.code} and "
            "no deviation about the yield was raised.",
            record=batch,
            owner="Production supervisor",
        )


def second_yield_blockers(batch, *, measured, value, unit):
    """A record says one yield: what is given beside a measured one must be the same."""
    if measured is None or value is None:
        return
    if value != measured[0] or (unit and unit != measured[1]):
        yield Blocker(
            "yield_differs",
            f"Step {YIELD_STEP} of {batch.number} measured a yield of {measured[0]} {measured[1]}, "
            f"not {value} {unit}".rstrip()
            + ". Leave it out, or correct the step.",
            record=batch,
        )


def record_yield_blockers(batch):
    """A yield is added to a completed record that has none; one that stands is never rewritten."""
    if batch.execution != Execution.COMPLETED:
        yield Blocker(
            "not_completed",
            f"{batch.number} is {batch.get_execution_display().lower()}; its yield is recorded "
            "when it is completed.",
            record=batch,
        )
    if batch.yield_value is not None:
        yield Blocker(
            "yield_recorded",
            f"The yield of {batch.number} is on record: {batch.yield_value} {batch.yield_unit}. "
            "It is not rewritten; raise a deviation about it.",
            record=batch,
        )
