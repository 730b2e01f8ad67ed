"""Electronic signatures: re-authentication, binding to content, voiding.

A record that can be signed has `signed_content(verb) -> dict | None`: everything a signature
with that verb stands for, and nothing that changes by itself (no status). None: the signature is
bound to content that its own room gives and watches (a certification to its evidence).
Source: 21 CFR 11.50, 11.70, 11.200; domain.md section 6.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.db import transaction

from cdmo.records.acting import service
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import Signature, SignatureVoid, SigningAttempt
from cdmo.records.services import record_event

LOCKOUT_AFTER = 5
LOCKOUT_FOR = timedelta(minutes=15)


class SignatureRefused(Exception):
    """The person could not be re-authenticated. Recorded; nothing was signed."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a person has just given their password for one act. Made by `reauthenticate` only.

    `says`: the sentences that stood in the dialog, of which one is signed; none over REST.
    """

    user_id: int
    at: object
    method: str
    says: tuple[str, ...] = ()


def reauthenticate(*, by, password: str, record, verb: str, at, says=()) -> Proof:
    """Return a Proof for the right password, or record the failure and raise SignatureRefused.

    Call it outside the change's transaction: the record of a failure must outlive a refusal.
    """
    if by.is_service:
        _record_failure(by=by, record=record, verb=verb, at=at, why="service account")
        raise SignatureRefused("A service account cannot sign.")
    failures = SigningAttempt.objects.filter(by=by, at__gt=at - LOCKOUT_FOR).count()
    if failures >= LOCKOUT_AFTER:
        _record_failure(by=by, record=record, verb=verb, at=at, why="locked out", count=False)
        raise SignatureRefused(
            f"Signing is locked after {LOCKOUT_AFTER} failed attempts. Try again in 15 minutes."
        )
    if not isinstance(password, str) or not check_password(password, by.password):
        _record_failure(by=by, record=record, verb=verb, at=at, why="wrong password")
        raise SignatureRefused("The password is not right. Nothing was signed; this was recorded.")
    return Proof(user_id=by.pk, at=at, method="password", says=tuple(says))


def _record_failure(*, by, record, verb, at, why, count=True) -> None:
    with transaction.atomic():
        if count:
            SigningAttempt.objects.create(
                by=by, at=at, record_type=record.record_type, record=record.key, verb=verb
            )
        record_event(verb="signature.refused", record=record, by=by, at=at, reason=f"{verb}: {why}")


@service
def sign(*, record, verb, meaning, by, at, proof: Proof, content=None, reason=""):
    """Put a signature under a record's content; `content` overrides `record.signed_content`.

    Raises ValueError for a sentence that did not stand in the dialog: a fault of the program, and
    better an error than a signature under words that nobody has read.
    """
    if not isinstance(proof, Proof) or proof.user_id != by.pk:
        raise SignatureRefused("This signature belongs to somebody else.")
    if proof.says and meaning not in proof.says:
        raise ValueError(f"The dialog said {proof.says}, the signature would say {meaning!r}.")
    data = canonical(record.signed_content(verb) if content is None else content)
    return Signature.objects.create(
        record_type=record.record_type,
        record_id=record.pk,
        record=record.key,
        sponsor_id=getattr(record, "sponsor_id", None),
        by=by,
        printed_name=by.full_name,
        email=by.email,
        role=by.role_names,
        verb=verb,
        meaning=meaning,
        at=at,
        reason=reason or "",
        content=data.decode(),
        content_sha256=sha256(data),
        method=proof.method,
    )


def signatures_of(record):
    """Return all signatures under a record, voided ones included, with their voids."""
    return (
        Signature.objects.filter(record_type=record.record_type, record_id=record.pk)
        .select_related("void")
        .order_by("at", "id")
    )


def standing_signatures(record, *, verb=None):
    """Return signatures that stand: not voided, and the content still what was signed."""
    found = signatures_of(record).filter(void__isnull=True)
    return found.filter(verb=verb) if verb else found


@service
def void_stale_signatures(*, record, by, at, reason="") -> int:
    """Void every standing signature whose content has changed; returns how many."""
    stale = [
        signature
        for signature in standing_signatures(record)
        if (content := record.signed_content(signature.verb)) is not None
        and sha256(canonical(content)) != signature.content_sha256
    ]
    _void(stale, record, by, at, reason or "The signed content was changed.")
    return len(stale)


@service
def void_signatures(*, record, by, at, reason) -> int:
    """Void every standing signature of a record that was taken back. Returns how many."""
    standing = list(standing_signatures(record))
    _void(standing, record, by, at, reason)
    return len(standing)


def _void(signatures, record, by, at, reason) -> None:
    for signature in signatures:
        SignatureVoid.objects.create(
            signature=signature,
            at=at,
            by=by,
            by_name=by.email if by else "system",
            reason=reason,
        )
        record_event(
            verb="signature.void",
            record=record,
            by=by,
            at=at,
            reason=f"{signature.printed_name}: {signature.meaning}",
        )


__all__ = [
    "Proof",
    "SignatureRefused",
    "reauthenticate",
    "sign",
    "signatures_of",
    "standing_signatures",
    "void_signatures",
    "void_stale_signatures",
]
