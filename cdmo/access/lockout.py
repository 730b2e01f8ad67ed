"""After n failures the door stays shut for a while, for signing in and for signing, each by itself.

Apart, since anybody who knows an address can fail to sign in with it, and must not be able to stop
a release from outside; who fails to sign is inside already. Counted in the database: no worker
and no restart forgets. Source: 21 CFR 11.300(d), domain.md section 6, P-29.
"""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import connection

from cdmo.access.models import FailedEntry
from cdmo.records.models import SigningAttempt


def limit() -> int:
    return settings.LOCKOUT_AFTER


def window() -> timedelta:
    return timedelta(minutes=settings.LOCKOUT_MINUTES)


def failed_entries(email: str, *, at) -> int:
    """Count the failed attempts to sign in with an address that still weigh."""
    return FailedEntry.objects.filter(email=email, at__gt=at - window()).count()


def failed_signings(user, *, at) -> int:
    """Count the failed attempts of a person to sign that still weigh."""
    return SigningAttempt.objects.filter(by=user, at__gt=at - window()).count()


def one_at_a_time(door: str, who: str) -> None:
    """Hold back other attempts of the same one until this transaction ends.

    Guesses sent at once would otherwise all be judged before the first failure is counted.
    """
    number = hashlib.sha256(f"{door}:{who}".encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(number, "big", signed=True)]
        )
