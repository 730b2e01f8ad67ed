"""One-time codes and secrets at rest.

A code is taken once: the counter of the last one taken is kept in the database, beside the secret
and under its row's lock, so that neither a second worker nor a second door takes it again.
"""

import base64
import hashlib
import re

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from cdmo.access.standing import must_have_factor

PERIOD = 30  # seconds, RFC 6238
WINDOW = 1  # steps before and after now, for clocks that differ
LAST = "last_counter"


def keys() -> MultiFernet:
    """Return the keys of secrets at rest: the first one seals, all of them open."""
    given = settings.FACTOR_KEYS or [settings.SECRET_KEY]
    digests = [hashlib.sha256(b"cdmo.access.factors:" + key.encode()).digest() for key in given]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class Factors(DefaultMFAAdapter):
    """allauth's hooks for second factors."""

    def encrypt(self, text: str) -> str:
        return keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keys().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return "CDMO"

    def can_delete_authenticator(self, authenticator) -> bool:
        """The last factor of somebody whose role asks for one stays; another comes first."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(
            type=Authenticator.Type.RECOVERY_CODES
        )
        return (
            not must_have_factor(authenticator.user) or others.exclude(pk=authenticator.pk).exists()
        )


def counter_of(at) -> int:
    return int(at.timestamp()) // PERIOD


def code_for(secret: str, at) -> str:
    """Return the code that an authenticator app shows for a secret at an instant."""
    return format_hotp_value(hotp_value(secret, counter_of(at)))


def has_totp(user) -> bool:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


@transaction.atomic
def take_code(*, user, code: str, at) -> bool:
    """Whether this is a one-time code of this person that was not taken before; it is now."""
    row = (
        Authenticator.objects.select_for_update()
        .filter(user=user, type=Authenticator.Type.TOTP)
        .first()
    )
    digits = re.sub(r"[\s-]", "", code) if isinstance(code, str) else ""
    if row is None or not digits:
        return False
    try:
        secret = Factors().decrypt(row.data["secret"])
    except InvalidToken:  # sealed with a key that is no longer given: nothing matches it
        return False
    now = counter_of(at)
    for counter in range(now - WINDOW, now + WINDOW + 1):
        expected = format_hotp_value(hotp_value(secret, counter))
        if counter > row.data.get(LAST, -1) and constant_time_compare(expected, digits):
            row.data[LAST] = counter
            row.last_used_at = at
            row.save(update_fields=["data", "last_used_at"])
            return True
    return False
