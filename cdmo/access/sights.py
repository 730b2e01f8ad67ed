"""What the pages of access show: sessions that live, attempts that failed, who is ready to sign."""

from datetime import timedelta

from cdmo.access.gate import idle
from cdmo.access.models import FailedEntry, SignIn
from cdmo.records.models import SigningAttempt


def open_sessions(at):
    """Return sessions that were not ended and have not been idle for too long."""
    return SignIn.objects.filter(ended_at=None, last_seen_at__gt=at - idle() - timedelta(minutes=1))


def signs(person) -> str:
    """Say whether a person may sign, in the words of the list."""
    if person.is_service:
        return "never"
    credential = getattr(person, "credential", None)
    if person.acknowledged and person.verified and credential and credential.chosen_sha256:
        return "yes"
    lacks = [] if credential and credential.chosen_sha256 else ["password"]
    lacks += [] if person.acknowledged else ["policy"]
    lacks += [] if person.verified else ["identity"]
    return "not yet: " + ", ".join(lacks)


def failures_of(person, *, since, shown=20) -> list[dict]:
    """Return the newest failed attempts of a person to sign in and to sign."""
    entries = FailedEntry.objects.filter(email=person.email.lower(), at__gt=since)
    signings = SigningAttempt.objects.filter(by=person, at__gt=since)
    found = [
        {
            "at": one.at,
            "what": "sign in",
            "why": one.why,
            "source": " · ".join(part for part in (one.address, one.device) if part),
        }
        for one in entries.order_by("-at")[:shown]
    ] + [
        {"at": one.at, "what": f"sign: {one.verb}", "why": "not proven", "source": one.record}
        for one in signings.order_by("-at")[:shown]
    ]
    return sorted(found, key=lambda one: one["at"], reverse=True)[:shown]
