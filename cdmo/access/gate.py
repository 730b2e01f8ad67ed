"""What a session carries, and what a person must do before anything else."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings

from cdmo.access.models import Credential
from cdmo.access.standing import FACTORS, is_own, must_have_factor

# Sent by static/js/idle.js with what a page asks by itself: nobody is there because of it.
UNATTENDED = "X-Unattended"

PASSWORD, FACTOR = "password", "factor"
PAGES = {PASSWORD: "account_change_password", FACTOR: "mfa_index"}
WORDS = {
    PASSWORD: "Choose a password of your own first.",
    FACTOR: "Your role asks for a second factor: set one up first.",
}


def begin(request, user, *, sign_in_id, at) -> None:
    """Mark a new session with when it began and what comes first."""
    now = at.timestamp()
    request.session["sign_in"] = sign_in_id
    request.session["seen"] = now
    request.session["until"] = now + settings.SESSION_COOKIE_AGE
    request.session["must"] = next_step(user, at=at)


def next_step(user, *, at) -> str:
    """Return what this person must do first: PASSWORD, FACTOR or nothing."""
    if user.has_usable_password():
        credential = Credential.objects.filter(user=user).first()
        if not is_own(user.password, credential, at=at):
            return PASSWORD
    if must_have_factor(user):
        factors = Authenticator.objects.filter(user=user, type__in=FACTORS)
        if not factors.exists():
            return FACTOR
    return ""


def step_of(request, *, at) -> str:
    """Return what comes first in this session. Asks again while something does.

    Where roles ask for a second factor, at every request: a new role acts at once.
    """
    known = request.session.get("must")
    if known == "" and not settings.MFA_REQUIRED_ROLES:
        return ""
    step = next_step(request.user, at=at)
    if step != known:
        request.session["must"] = step
    return step


def why_ended(session, *, at) -> str:
    """Return why this session is over, in words for the audit trail; empty while it goes on."""
    now = at.timestamp()
    if session.get("sign_in") is None:
        return "A session of an earlier version."
    if now >= session.get("until", 0):
        return f"Signed in for {settings.SESSION_COOKIE_AGE // 60} minutes."
    if now - session.get("seen", 0) > idle().total_seconds() + touch_every():
        return f"Idle for {settings.SESSION_IDLE_MINUTES} minutes."
    return ""


def idle() -> timedelta:
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def touch_every() -> float:
    """Return after how many seconds a session is written again. It lasts that much longer."""
    return min(60, idle().total_seconds() / 10)
