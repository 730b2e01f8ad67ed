"""Objections to an access review, and what it draws attention to. Source: domain.md P-41."""

from datetime import datetime, timedelta

from cdmo.blockers import Blocker
from cdmo.people.states import ATTEST, Decision
from cdmo.states import move_blockers

DORMANT_AFTER = timedelta(days=90)
REVIEWERS = "Quality assurance"


def dormant_since(*, last_login: datetime | None, created_at: datetime, at: datetime):
    """Return since when nobody has signed in, if that is too long ago; else None."""
    seen = last_login or created_at
    return seen if at - seen > DORMANT_AFTER else None


def flags_of(
    *, is_service, roles, last_login, created_at, endless_tokens, lacks_factor, at
) -> list[str]:
    """Return what a reviewer should look at twice, in words.

    `lacks_factor`: a role asks for a second factor and there is none.
    """
    flags = []
    if not is_service:
        if dormant_since(last_login=last_login, created_at=created_at, at=at):
            flags.append(
                f"Nobody signed in for {DORMANT_AFTER.days} days" if last_login else "Never used"
            )
        if lacks_factor:
            flags.append("No second factor")
    if not roles:
        flags.append("No role")
    if endless_tokens:
        flags.append("Token without an end")
    return flags


def open_blockers(*, standing):
    """`standing`: the review that is open now, or None."""
    if standing is not None:
        yield Blocker(
            "review_open",
            f"{standing.number} is open. Attest it before the next one.",
            record=standing,
            owner=REVIEWERS,
        )


def still_open_blockers(review):
    yield from move_blockers(review, [ATTEST])


def decide_blockers(line, *, by, decision, reason):
    """Nobody reviews their own access; what is taken away needs a reason."""
    yield from move_blockers(line.review, [ATTEST])
    if line.person_id == by.pk:
        yield Blocker(
            "own_access",
            "This is your own access; another reviewer must decide about it.",
            record=line.review,
            owner=REVIEWERS,
        )
    if decision == Decision.REMOVE and not (reason or "").strip():
        yield Blocker("reason_missing", "Say why this access is taken away.", record=line.review)


def attest_blockers(review, lines, *, remaining_administrators: int):
    """`remaining_administrators`: active ones when all that is decided has been done."""
    yield from move_blockers(review, [ATTEST])
    undecided = [line for line in lines if not line.decision]
    if undecided:
        names = ", ".join(dict.fromkeys(line.person.full_name for line in undecided[:5]))
        more = f" and {len(undecided) - 5} more" if len(undecided) > 5 else ""
        yield Blocker(
            "undecided",
            f"Nothing is decided yet about {len(undecided)} accesses: {names}{more}.",
            record=review,
            owner=REVIEWERS,
        )
    if remaining_administrators == 0:
        yield Blocker(
            "last_administrator",
            "This would take away the last system administrator. Have another one appointed.",
            record=review,
        )
