"""Objections to writing, changing, copying, approving and retiring a master batch record."""

from collections import Counter

from batches.manufacture.states import APPROVE_MASTER, RETIRE_MASTER, MasterStatus
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


def yield_blockers(lower, upper):
    """Yield an objection to limits of the yield that nothing can lie between."""
    if lower is not None and upper is not None and lower > upper:
        yield Blocker("yield_crossed", "The least yield is above the greatest.")


def reason_blockers(reason, master, *, done):
    if not (reason or "").strip():
        yield Blocker("no_reason", f"Say why {master.code} is {done}.", record=master)


def draft_blockers(master):
    """Yield an objection if the text stands already: then only a new version changes it."""
    if master.status != MasterStatus.DRAFT:
        yield Blocker(
            "not_a_draft",
            f"{master.code} is {master.get_status_display().lower()} and is not edited any more. "
            "Copy it to a new version.",
            record=master,
        )


def seen_blockers(master, *, seen, now):
    """What somebody else saved meanwhile is not overwritten. `seen`, `now`: hashes of the text."""
    if seen and seen != now:
        yield Blocker(
            "changed_meanwhile",
            f"{master.code} was changed since this form was opened. Nothing of either text is "
            "lost: open the draft in another window, take over what you need, then save there.",
            record=master,
        )


def copy_blockers(master, *, process_version):
    """Copy what was approved once, within one product: instructions are their sponsor's own."""
    if master.status == MasterStatus.DRAFT:
        yield Blocker(
            "still_a_draft", f"{master.code} is still a draft: change it itself.", record=master
        )
    if process_version.product_id != master.product_id:
        yield Blocker(
            "other_product",
            f"{process_version.code} belongs to another product than {master.code}.",
            record=master,
        )


def retirement_blockers(master, *, reason):
    yield from move_blockers(master, [RETIRE_MASTER])
    yield from reason_blockers(reason, master, done="retired")


def approval_blockers(master, *, by, day, authors, effective):
    """Approve a master as somebody who had no hand in its text, on or after its day.

    `authors`: ids of everybody who wrote or changed it. `effective`: the version in force, or None.
    """
    yield from move_blockers(master, [APPROVE_MASTER])
    if by.pk in authors:
        yield Blocker(
            "own_master",
            f"{by.full_name} wrote or changed {master.code}: somebody else must approve it.",
            record=master,
            owner="Quality assurance",
        )
    if effective is not None and effective.version > master.version:
        yield Blocker(
            "later_version_effective",
            f"{effective.code}, a later version, is effective. Copy it to a new version and write "
            f"into that what {master.code} brings.",
            record=effective,
        )
    if master.effective_from is not None and master.effective_from > day:
        yield Blocker(
            "not_yet_effective",
            f"{master.code} is to be effective from {master.effective_from:%d %b %Y}; "
            "approve it on that day or later.",
            record=master,
        )
