"""Objections to writing and approving a master batch record."""

from collections import Counter

from batches.manufacture.states import APPROVE_MASTER
from cdmo.blockers import Blocker
from cdmo.states import move_blockers


def steps_blockers(steps):
    """`steps`: the rows to be written, in order."""
    if not steps:
        yield Blocker("no_steps", "A master batch record needs at least one step.")
    for code, count in Counter(step["code"] for step in steps).items():
        if count > 1:
            yield Blocker("step_twice", f"Step {code} stands here {count} times.")
    for step in steps:
        lower, upper = step.get("lower"), step.get("upper")
        if lower is not None and upper is not None and lower > upper:
            yield Blocker(
                "limits_crossed", f"Step {step['code']}: the lower limit is above the upper."
            )
        if (lower is not None or upper is not None) and step.get("kind") != "number":
            yield Blocker(
                "limits_without_number", f"Step {step['code']}: only a measured value has limits."
            )


def approval_blockers(master, *, by, day):
    """Approve a master as somebody who did not write it, on or after its day."""
    yield from move_blockers(master, [APPROVE_MASTER])
    if master.written_by_id == by.pk:
        yield Blocker(
            "own_master",
            f"{master.code} was written by {by.full_name}: somebody else must approve it.",
            record=master,
            owner="Quality assurance",
        )
    if master.effective_from is not None and master.effective_from > day:
        yield Blocker(
            "not_yet_effective",
            f"{master.code} is to be effective from {master.effective_from:%d %b %Y}; "
            "approve it on that day or later.",
            record=master,
        )
