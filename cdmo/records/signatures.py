"""Electronic signatures: binding to content, voiding. Who signs is proven by `cdmo.access.signing`.

A record that can be signed has `signed_content(verb) -> dict | None`: everything a signature
with that verb stands for, and nothing that changes by itself (no status). None: the signature is
bound to content that its own room gives and watches (a certification to its evidence).
Source: 21 CFR 11.50, 11.70, 11.200; domain.md section 6.
"""

from dataclasses import dataclass

from cdmo.records.acting import service
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import Signature, SignatureVoid
from cdmo.records.services import record_event


class SignatureRefused(Exception):
    """The person could not be re-authenticated. Recorded; nothing was signed.

    `field`: what was wrong, the `password` or the one-time code (`otp`).
    """

    def __init__(self, message: str, field: str = "password"):
        self.message = message
        self.field = field
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
    "sign",
    "signatures_of",
    "standing_signatures",
    "void_signatures",
    "void_stale_signatures",
]
