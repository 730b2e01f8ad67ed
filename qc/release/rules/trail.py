"""RC-40: the review of the batch's audit trail; and which of its lines are exceptions. Pure.

An exception with a reason on record is explained by whoever made it; the reviewer signs to have
read it. A change that no service made, in nobody's name, has no reason: it needs an explanation of
its own, or the rule fails.
"""

from datetime import timedelta
from typing import NamedTuple

from cdmo.accounts.roles import Role
from cdmo.blockers import Blocker, Ref
from qc.release.rules.base import (
    JUSTIFIABLE,
    Case,
    Judged,
    counted,
    failed,
    listed,
    not_applicable,
    passed,
    rule,
    waiting,
)

LATE = timedelta(minutes=15)


OUTSIDE, CHANGED, OVERRIDDEN, REFUSED, LATE_ENTRY, ADMINISTRATOR = (
    "outside",
    "changed",
    "overridden",
    "refused",
    "late",
    "administrator",
)


class TrailEntry(NamedTuple):
    """A line that a reviewer looks at first. `explained`: the reason on record, "" for none."""

    line: int
    kind: str
    record_type: str
    record: str
    text: str
    who: str
    role: str
    at: object
    explained: str

    @property
    def needs_words(self) -> bool:
        return self.kind == OUTSIDE


KINDS = {
    OUTSIDE: "Changed outside the application",
    ADMINISTRATOR: "By an administrator",
    CHANGED: "Changed after entry",
    OVERRIDDEN: "Decided by hand",
    REFUSED: "Signatures refused",
    LATE_ENTRY: "Written down later than done",
}


@rule(
    "RC-40",
    "The audit trail of the batch is reviewed",
    kind=JUSTIFIABLE,
    owner=Role.QA,
    source="EU GMP Annex 11, 9",
)
def trail_reviewed(case: Case) -> Judged:
    batch, review = case.batch, case.e.trail_review
    if batch.execution == "aborted":
        return not_applicable("Manufacture was aborted.", case.e.ref)
    if batch.execution != "completed":
        return waiting(
            "The audit trail is reviewed when the batch is completed.",
            case.e.ref,
            action="Complete the batch",
            owner=Role.SUPERVISOR.value,
        )
    if batch.reviewed_at is None or "review" not in {s.verb for s in case.e.signatures}:
        return waiting(
            "Nobody has reviewed the audit trail of the batch as it stands.",
            case.e.ref,
            action="Review the batch record and its audit trail",
        )
    known = set(review.explained) if review else set()
    loose = [line for line in case.e.trail if line.id not in known]
    if loose:
        return failed(
            f"{counted(len(loose), 'change')} made outside the application "
            f"{'has' if len(loose) == 1 else 'have'} no explanation: "
            + listed(f"{line.record_type.replace('_', ' ')} {line.record}" for line in loose)
            + ".",
            case.e.ref,
            action="Review the audit trail and explain each exception",
        )
    if review is not None and not review.accepted:
        return failed(
            f"{review.number}: the reviewer did not accept the audit trail.",
            case.e.ref,
            action="Settle what the review found, and review again",
        )
    if review is not None:
        return passed(f"{review.number}: reviewed, every exception explained.", case.e.ref)
    return passed("Reviewed with the batch record; nothing is left to explain.", case.e.ref)


def review_trail_blockers(batch, *, acts, by, entries):
    """Yield what stands against a review: not completed, or the reviewer took part."""
    if batch.execution != "completed":
        yield Blocker(
            "not_completed",
            f"{batch.number} is {batch.get_execution_display().lower()}; the audit trail of a "
            "completed batch is reviewed.",
            record=batch,
        )
    if acts:
        yield Blocker(
            "own_work",
            f"{by.full_name} {listed(acts)}: whoever acted in a batch may not review its audit "
            "trail.",
            record=batch,
            owner=Role.QA.label,
        )


def explanation_blockers(batch, *, entries, explanations: dict[int, str], accepted: bool):
    """Yield a line for each exception that is accepted without words, or explained but unknown."""
    if accepted:
        for entry in entries:
            if entry.needs_words and not explanations.get(entry.line, "").strip():
                yield Blocker(
                    "not_explained",
                    f"Line {entry.line}, {entry.text}: explain it.",
                    record=Ref(entry.record_type, entry.record),
                )
    known = {entry.line for entry in entries}
    for line in explanations:
        if line not in known:
            yield Blocker(
                "no_such_exception",
                f"Line {line} is no exception of {batch.number}.",
                record=batch,
            )
