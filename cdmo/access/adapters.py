"""allauth's hooks: accounts are made by administrators, and every entry is counted and recorded."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from cdmo.access import lockout, services
from cdmo.access.models import Credential
from cdmo.access.standing import fingerprint
from cdmo.access.wherefrom import where
from cdmo.accounts.models import User


class Doorkeeper(DefaultAccountAdapter):
    """Nobody signs up by themselves; who fails too often waits."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The e-mail address or the password is not correct.",
        "too_many_login_attempts": (
            "Too many failed attempts. Signing in with this address is locked for a while."
        ),
    }

    def is_open_for_signup(self, request):
        return False

    def is_safe_url(self, url):
        try:
            return super().is_safe_url(url)
        except ValueError:  # no address at all, like http://[
            return False

    def authenticate(self, request, **credentials):
        """Judge one attempt at a time for each address; the failure outlives the refusal."""
        email = (credentials.get("email") or "").strip().lower()
        at, user, locked = timezone.now(), None, False
        with transaction.atomic():
            lockout.one_at_a_time("sign-in", email)
            person = User.objects.filter(email__iexact=email).first()
            known = _chosen(person)
            locked = lockout.failed_entries(email, at=at) >= lockout.limit()
            if not locked:
                user = super().authenticate(request, **credentials)
            if user is None or user.is_service:
                services.note_failed_entry(
                    by=None,
                    at=at,
                    email=email[:254],
                    user=person,
                    why=_why(person, locked, user),
                    counted=not locked,
                    **where(request),
                )
                user = None
            elif known and not _chosen(user):
                services.keep_fingerprint(by=user, at=at)
        if locked:
            raise self.validation_error("too_many_login_attempts")
        return user

    def reauthenticate(self, user, password):
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def set_password(self, user, password):
        services.choose_password(by=user, at=timezone.now(), password=password)


def _chosen(person) -> bool:
    """Whether the stored hash is known as its owner's; Django may hash the password anew."""
    if person is None:
        return False
    stored = User.objects.values_list("password", flat=True).get(pk=person.pk)
    return Credential.objects.filter(user=person, chosen_sha256=fingerprint(stored)).exists()


def _why(person, locked, user) -> str:
    if locked:
        return "locked out"
    if user is not None:
        return "service account"
    return "wrong password" if person is not None else "unknown address"


class SingleSignOn(DefaultSocialAccountAdapter):
    """OpenID Connect: who the provider says it is, by a verified e-mail address of an account here.

    No account is made, none is linked: the address decides at every sign-in. allauth's own match by
    address stays unused, since it would wipe the local password, which signatures need.
    """

    def is_open_for_signup(self, request, sociallogin):
        return False

    def authenticate_by_email(self, sociallogin):
        return None

    def pre_social_login(self, request, sociallogin):
        email, verified = _address(sociallogin)
        person = (
            User.objects.filter(email__iexact=email, is_active=True, is_service=False).first()
            if verified and email
            else None
        )
        if person is None:
            services.note_failed_entry(
                by=None,
                at=timezone.now(),
                email=email[:254] or "no address",
                user=None,
                why="single sign-on: " + ("no open account" if verified else "address unverified"),
                **where(request),
            )
            messages.error(
                request,
                f"{settings.OIDC_NAME} knows you, but there is no open account with a verified "
                "address of yours here. Ask your system administrator.",
            )
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        sociallogin.user = person


def _address(sociallogin) -> tuple[str, bool]:
    """Return the e-mail address that the provider gives, and whether it vouches for it."""
    data = sociallogin.account.extra_data
    claims = data.get("userinfo") or data.get("id_token") or {}
    verified = claims.get("email_verified")
    return str(claims.get("email") or "").strip().lower(), verified is True or verified == "true"
