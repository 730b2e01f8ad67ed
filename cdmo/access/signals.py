"""What Django and allauth tell about entries, taken down as events. No secret is among them."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils import timezone

from cdmo.access import services
from cdmo.access.factors import LAST, counter_of
from cdmo.access.gate import UNATTENDED, begin
from cdmo.access.models import SignIn
from cdmo.access.wherefrom import where
from cdmo.records.acting import service
from cdmo.records.services import record_event


def connect():
    user_logged_in.connect(on_sign_in, dispatch_uid="cdmo.access.in")
    user_logged_out.connect(on_sign_out, dispatch_uid="cdmo.access.out")
    password_changed.connect(on_new_session_key, dispatch_uid="cdmo.access.key")
    mfa.authenticator_added.connect(on_added, dispatch_uid="cdmo.access.added")
    mfa.authenticator_removed.connect(on_removed, dispatch_uid="cdmo.access.removed")
    mfa.authenticator_reset.connect(on_renewed, dispatch_uid="cdmo.access.renewed")


def on_sign_in(sender, request, user, **_):
    at = timezone.now()
    method = ""
    if hasattr(request, "allauth"):  # a real request, not a test's force_login
        records = get_authentication_records(request, user)
        method = "+".join(dict.fromkeys(r.get("type") or r["method"] for r in records)) or "other"
    if not request.session.session_key:
        request.session.save()
    row = services.note_sign_in(
        by=user, at=at, session_key=request.session.session_key, method=method, **where(request)
    )
    begin(request, user, sign_in_id=row.pk, at=at)


def on_sign_out(sender, request, user, **_):
    sign_in_id = request.session.get("sign_in") if hasattr(request, "session") else None
    if user is not None and sign_in_id:
        why = getattr(request, "ended_why", "")
        if not why and request.headers.get(UNATTENDED):
            why = f"Idle for {settings.SESSION_IDLE_MINUTES} minutes."
        services.note_sign_out(by=user, at=timezone.now(), sign_in_id=sign_in_id, why=why)


def on_new_session_key(sender, request, user, **_):
    """Keep the list of sessions true: Django gives the session another key on a new password."""
    SignIn.objects.filter(pk=request.session.get("sign_in")).update(
        session_key=request.session.session_key
    )


@service
def note_factor(*, by, at, verb, authenticator):
    """Record that somebody's own second factor came or went."""
    record_event(verb=verb, record=by, by=by, at=at, new={"factor": authenticator.type})


def on_added(sender, user, authenticator, **_):
    at = timezone.now()
    if authenticator.type == Authenticator.Type.TOTP:
        # The code that proved the set-up is taken: it signs nothing afterwards.
        authenticator.data[LAST] = counter_of(at)
        authenticator.save(update_fields=["data"])
    note_factor(by=user, at=at, verb="mfa.add", authenticator=authenticator)


def on_removed(sender, user, authenticator, **_):
    note_factor(by=user, at=timezone.now(), verb="mfa.remove", authenticator=authenticator)


def on_renewed(sender, user, authenticator, **_):
    note_factor(by=user, at=timezone.now(), verb="mfa.renew", authenticator=authenticator)
