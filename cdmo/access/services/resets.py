"""What an administrator does when a password or a device is lost, or known to somebody else."""

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session

from cdmo.access import rules
from cdmo.access.models import SignIn
from cdmo.access.services.passwords import issue_link, locked
from cdmo.access.standing import is_vouched_for
from cdmo.accounts.models import ApiToken
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event


def reason_blockers(reason):
    if not (reason or "").strip():
        yield Blocker("reason_missing", "A reason is needed.")


@service
def reset_password(*, person, by, at, reason, compromised=False) -> str:
    """Make a person's password work no more, end their sessions, and return a link for a new one.

    `compromised`: somebody else may know it, so that their API tokens end too. Signing stays
    closed until somebody other than `by` has confirmed who used the link (P-26, P-28).
    """
    person, credential = locked(person)
    ensure_clear(
        [*rules.reset_blockers(person, by=by, vouched=is_vouched_for(by)), *reason_blockers(reason)]
    )
    if person.has_usable_password():
        credential.past = [person.password, *credential.past]
    person.set_unusable_password()
    person.save(update_fields=["password"])
    credential.chosen_sha256 = ""
    credential.save(update_fields=["chosen_sha256", "past"])
    ended = _end_all(person, by=by, at=at, why="The password was reset.")
    tokens = 0
    if compromised:
        tokens = ApiToken.objects.filter(user=person, revoked_at=None).update(revoked_at=at)
    record_event(
        verb="password.reset",
        record=person,
        by=by,
        at=at,
        reason=reason,
        new={"compromised": compromised, "sessions_ended": ended, "tokens_ended": tokens},
    )
    return issue_link(person=person, by=by, at=at, reason=reason)


@service
def reset_factors(*, person, by, at, reason) -> int:
    """Take away every second factor of a person who has lost theirs. Returns how many.

    Sessions end, and signing stays closed until somebody else has confirmed who it is (P-28).
    """
    person, credential = locked(person)
    factors = Authenticator.objects.filter(user=person)
    blockers = [
        *rules.reset_blockers(person, by=by, vouched=is_vouched_for(by)),
        *reason_blockers(reason),
    ]
    if not factors.exists():
        blockers.append(Blocker("no_factor", "This person has no second factor.", record=person))
    ensure_clear(blockers)
    kinds = sorted(factors.values_list("type", flat=True))
    factors.delete()
    credential.handed_over_at, credential.handed_over_by = at, by
    credential.save(update_fields=["handed_over_at", "handed_over_by"])
    ended = _end_all(person, by=by, at=at, why="The second factor was reset.")
    record_event(
        verb="mfa.reset",
        record=person,
        by=by,
        at=at,
        reason=reason,
        old={"factors": kinds},
        new={"sessions_ended": ended},
    )
    return len(kinds)


@service
def end_sessions(*, person, by, at, reason, but=None) -> int:
    """End a person's browser sessions now, all `but` one. One's own, or as administrator."""
    blockers = list(reason_blockers(reason))
    if by is None or by.pk != person.pk:
        blockers += [] if by is None else right_blockers(by, Right.MANAGE_ACCOUNTS)
    ensure_clear(blockers)
    ended = _end_all(person, by=by, at=at, why=reason, but=but)
    if ended:
        record_event(
            verb="session.end", record=person, by=by, at=at, reason=reason, new={"sessions": ended}
        )
    return ended


def _end_all(person, *, by, at, why, but=None) -> int:
    found = SignIn.objects.filter(user=person, ended_at=None).exclude(pk=getattr(but, "pk", None))
    Session.objects.filter(
        session_key__in=list(found.values_list("session_key", flat=True))
    ).delete()
    return found.update(ended_at=at, ended_by=by, why=why[:200])
