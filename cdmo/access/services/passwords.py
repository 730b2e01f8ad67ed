"""A person's own password, and the link by which they set it for the first time.

An administrator never learns a password: the link opens one page, once, for a limited time.
"""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.utils.crypto import constant_time_compare

from cdmo.access import rules
from cdmo.access.models import Credential
from cdmo.access.standing import fingerprint, is_vouched_for
from cdmo.accounts.models import User
from cdmo.blockers import Blocked, Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event


def locked(person) -> tuple[User, Credential]:
    """Lock the account's row, then its credential, made when there is none."""
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    credential, _ = Credential.objects.get_or_create(user=person)
    return person, credential


def digest(token: str) -> str:
    """Return the stored form. The token has 256 bits of entropy, so one hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _set(person, credential, password, at) -> None:
    """Store a password as its owner's own; the one before joins those not to be used again."""
    past = [person.password] if person.has_usable_password() else []
    credential.past = [*past, *credential.past][: max(settings.PASSWORD_HISTORY, 0)]
    person.set_password(password)
    person.save(update_fields=["password"])
    credential.chosen_sha256 = fingerprint(person.password)
    credential.password_changed_at = at
    credential.link_sha256, credential.link_expires_at = "", None
    credential.save()


@service
def choose_password(*, by, at, password) -> User:
    """Set one's own password. The door has judged it by the validators of the settings."""
    person, credential = locked(by)
    _set(person, credential, password, at)
    record_event(verb="password.change", record=person, by=by, at=at)
    # The caller's copy goes on to keep its own session.
    by.password = person.password
    return by


@service
def keep_fingerprint(*, by, at) -> None:
    """Go on knowing a password as its owner's, after Django hashed the same one anew."""
    person, credential = locked(by)
    credential.chosen_sha256 = fingerprint(person.password)
    credential.save(update_fields=["chosen_sha256"])


@service
def issue_link(*, person, by, at, reason="") -> str:
    """Return a token that lets a person choose their first password; shown once, hash stored.

    The way to give somebody an account: nobody but its owner ever knows the password. Whoever
    issues it cannot confirm the person's identity afterwards.
    """
    person, credential = locked(person)
    ensure_clear(rules.reset_blockers(person, by=by, vouched=is_vouched_for(by)))
    token = secrets.token_urlsafe(32)
    credential.link_sha256 = digest(token)
    credential.link_expires_at = at + timedelta(hours=settings.SETUP_LINK_HOURS)
    credential.handed_over_at, credential.handed_over_by = at, by
    credential.save()
    record_event(
        verb="password.link",
        record=person,
        by=by,
        at=at,
        reason=reason,
        new={"hours": settings.SETUP_LINK_HOURS},
    )
    return token


def person_of_link(token: str, *, at) -> User | None:
    """Return whose link this is, while it works."""
    if not token or len(token) > 200:
        return None
    sought = digest(token)
    credential = (
        Credential.objects.select_related("user")
        .filter(link_sha256=sought, link_expires_at__gt=at, user__is_active=True)
        .first()
    )
    if credential is None or not constant_time_compare(credential.link_sha256, sought):
        return None
    return credential.user


@service
def take_link(*, by, at, token, password) -> User:
    """Choose a password by a link. It works once. `by` is the person whose link it is."""
    person, credential = locked(by)
    if not credential.link_sha256 or credential.link_sha256 != digest(token):
        raise Blocked([Blocker("link_used", "This link has been used or replaced.")])
    if credential.link_expires_at <= at:
        raise Blocked([Blocker("link_expired", "This link has expired. Ask for another one.")])
    _set(person, credential, password, at)
    record_event(verb="password.set_by_link", record=person, by=by, at=at)
    return person
