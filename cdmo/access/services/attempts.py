"""Who came in, who went, who was turned away: every entry is an event (P-09, P-27, P-29)."""

import logging
from dataclasses import dataclass

from django.contrib.sessions.models import Session

from cdmo.access.lockout import failed_entries, limit
from cdmo.access.models import FailedEntry, SignIn
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event

log = logging.getLogger("cdmo.security")


@dataclass(frozen=True)
class Nobody:
    """An address that is no account: failed attempts are kept under it all the same."""

    key: str
    record_type: str = "person"
    pk: None = None


@service
def note_failed_entry(*, by, at, email, user, address="", device="", why, counted=True) -> None:
    """Record that somebody was not let in; at the limit, that the address is locked.

    `counted` False: an attempt while locked, which does not make the lock longer.
    """
    record = user if user is not None else Nobody(email[:120])
    if counted:
        FailedEntry.objects.create(
            at=at, email=email, user=user, address=address, device=device[:200], why=why
        )
    facts = {"address": address, "device": device[:200]}
    record_event(verb="sign_in.failed", record=record, by=by, at=at, reason=why, new=facts)
    log.warning("Sign-in failed for %s from %s: %s", email, address or "nowhere", why)
    if counted and failed_entries(email, at=at) == limit():
        record_event(verb="sign_in.locked", record=record, by=by, at=at, new=facts)
        log.warning("Sign-in locked for %s after %s failures", email, limit())


@service
def note_failed_code(*, by, at, address="", device="") -> None:
    """Record a wrong one-time code, given after the right password."""
    note_failed_entry(
        by=by,
        at=at,
        email=by.email.lower(),
        user=by,
        address=address,
        device=device,
        why="wrong code",
    )


@service
def note_sign_in(*, by, at, session_key, address="", device="", method="") -> SignIn:
    """Keep where a person is signed in now; with a `method`, as an event of the audit trail."""
    row = SignIn.objects.create(
        user=by,
        session_key=session_key,
        address=address,
        device=device[:200],
        began_at=at,
        last_seen_at=at,
    )
    if method:
        record_event(
            verb="sign_in",
            record=by,
            by=by,
            at=at,
            new={"method": method, "address": address, "device": device[:200]},
        )
    return row


@service
def note_sign_out(*, by, at, sign_in_id, why="") -> None:
    """Record that a session ended: by the person, or by itself with a `why`."""
    ended = SignIn.objects.filter(pk=sign_in_id, ended_at=None).update(
        ended_at=at, ended_by=None if why else by, why=why
    )
    if ended:
        record_event(verb="sign_out", record=by, by=by, at=at, reason=why)


@service
def end_open_session(*, sign_in, by, at) -> SignIn:
    """End one of one's own sessions, somewhere else."""
    sign_in = SignIn.objects.select_for_update(of=("self",)).get(pk=sign_in.pk)
    blockers = []
    if sign_in.user_id != by.pk:
        blockers.append(Blocker("not_yours", "This session belongs to somebody else."))
    if sign_in.ended_at is not None:
        blockers.append(Blocker("already_ended", "This session has ended already."))
    ensure_clear(blockers)
    Session.objects.filter(session_key=sign_in.session_key).delete()
    sign_in.ended_at, sign_in.ended_by, sign_in.why = at, by, "Ended from another session."
    sign_in.save(update_fields=["ended_at", "ended_by", "why"])
    record_event(
        verb="session.end", record=by, by=by, at=at, new={"sessions": 1, "device": sign_in.device}
    )
    return sign_in
