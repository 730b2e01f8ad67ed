"""Re-authentication: the one way to a `Proof`, and so to a signature.

First what stands between a person and any signature (`rules.signing_blockers`, 409 with what to
do), then the password and, where there is an authenticator app, a one-time code (403, recorded).
Source: 21 CFR 11.100, 11.200, 11.300; domain.md section 6, P-18 and P-24 to P-32.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import transaction

from cdmo.access import factors, lockout
from cdmo.access.rules import signing_blockers
from cdmo.access.standing import standing_of
from cdmo.blockers import ensure_clear
from cdmo.records.models import SigningAttempt
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, SignatureRefused


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an attempt failed: for the record, and in words for the person."""

    why: str
    words: str
    field: str = "password"
    counted: bool = True


def reauthenticate(
    *, by, password, record, verb: str, at, otp=None, says=(), binding: bool = True
) -> Proof:
    """Return a Proof, or record the failure and raise SignatureRefused; Blocked before that.

    `binding` False: only who is there is asked, nothing is signed (an API token is made). Call it
    outside the change's transaction: the record of a failure must outlive a refusal.
    """
    standing = standing_of(by, at=at)
    if binding and by.is_active and not by.is_service:
        ensure_clear(signing_blockers(by, standing))
    with transaction.atomic():
        lockout.one_at_a_time("sign", str(by.pk))
        refusal = _refusal(by, password, otp, standing, at)
        if refusal is not None:
            _record(refusal, by=by, record=record, verb=verb, at=at)
    if refusal is not None:
        raise SignatureRefused(refusal.words, field=refusal.field)
    method = "password+totp" if standing.has_totp else "password"
    return Proof(user_id=by.pk, at=at, method=method, says=tuple(says))


def _refusal(by, password, otp, standing, at) -> Refusal | None:
    if by.is_service or not by.is_active:
        what = "service account" if by.is_service else "closed account"
        return Refusal(what, f"A {what} cannot sign.")
    if lockout.failed_signings(by, at=at) >= lockout.limit():
        return Refusal(
            "locked out",
            f"Signing is locked after {lockout.limit()} failed attempts. Try again in "
            f"{settings.LOCKOUT_MINUTES} minutes.",
            counted=False,
        )
    if not isinstance(password, str) or not check_password(password, by.password):
        return Refusal(
            "wrong password", "The password is not right. Nothing was signed; this was recorded."
        )
    if standing.has_totp and not otp:
        return Refusal(
            "no one-time code",
            "Give the one-time code of your authenticator app too. Nothing was signed; this was "
            "recorded.",
            field="otp",
        )
    if standing.has_totp and not factors.take_code(user=by, code=otp, at=at):
        return Refusal(
            "wrong one-time code",
            "The one-time code is not right, or was used already: wait for the next one. Nothing "
            "was signed; this was recorded.",
            field="otp",
        )
    return None


def _record(refusal, *, by, record, verb, at) -> None:
    if refusal.counted:
        SigningAttempt.objects.create(
            by=by, at=at, record_type=record.record_type, record=record.key, verb=verb
        )
    record_event(
        verb="signature.refused", record=record, by=by, at=at, reason=f"{verb}: {refusal.why}"
    )
    if refusal.counted and lockout.failed_signings(by, at=at) == lockout.limit():
        record_event(verb="signature.locked", record=by, by=by, at=at)
