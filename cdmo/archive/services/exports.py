"""Dossiers: asked for by a person, written by a worker, kept as two documents with a signature."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from batches.dossier import locked
from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.archive import rules
from cdmo.archive.dossier import gather, packed, signing
from cdmo.archive.dossier.package import opened
from cdmo.archive.dossier.paper import paper
from cdmo.archive.models import Dossier
from cdmo.archive.states import FAIL, FINISH, TAKE_UP, Edition, ExportStatus
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.canonical import sha256
from cdmo.records.models import Document
from cdmo.records.services import numbered, record_event, store_document

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# Between marking a row and holding it lies a moment in which it is free.
LEFT_ALONE = timedelta(seconds=10)
KINDS = {
    Edition.INTERNAL: Document.Kind.DOSSIER,
    Edition.SPONSOR: Document.Kind.SPONSOR_DOSSIER,
}


def export_objections(batch, *, by, edition=Edition.INTERNAL) -> list:
    """Return everything that stands against exporting this edition."""
    # Handing papers to a sponsor is the right of those who issue its certificates.
    right = Right.EXPORT_DOSSIER if edition == Edition.INTERNAL else Right.ISSUE_CERTIFICATE
    return [*right_blockers(by, right), *rules.export_blockers(batch, edition=edition)]


@service
def ask_for_dossier(*, batch, by, at, edition=Edition.INTERNAL, reason="") -> Dossier:
    """Queue the export of a batch's dossier. The asking itself is in the audit trail."""
    ensure_clear(export_objections(batch, by=by, edition=edition))
    dossier = Dossier.objects.create(
        number=numbered("DOS", at),
        batch=batch,
        sponsor_id=batch.sponsor_id,
        edition=edition,
        reason=reason or "",
        asked_by=by,
        asked_at=at,
    )
    record_event(
        verb="dossier.export",
        record=dossier,
        by=by,
        at=at,
        reason=reason,
        new={"batch": batch.number, "edition": str(edition)},
    )
    return dossier


def dossier_bytes(batch, *, by_name: str, at, edition=Edition.INTERNAL) -> bytes:
    """Return the dossier's JSON, all of it of one moment: whatever changes it locks the batch."""
    with transaction.atomic():
        batch = locked(batch, "product", "sponsor", "site")
        parts = gather(batch, internal=edition == Edition.INTERNAL)
    return packed(
        parts,
        batch=batch,
        edition=edition,
        made_by=by_name,
        made_at=at,
        made_with=settings.APP_VERSION,
    )


@service
def export_now(*, batch, by, at, form, reason="") -> bytes:
    """Return the complete dossier's JSON at once, and write in the audit trail that it left."""
    ensure_clear(export_objections(batch, by=by))
    data = dossier_bytes(batch, by_name=by.full_name, at=at)
    record_event(
        verb="dossier.downloaded",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new={"form": form, "sha256": sha256(data)},
    )
    return data


def make_next_dossier(*, at) -> Dossier | None:
    """Claim and write one waiting dossier; None when none waits.

    Safe twice, late and in several workers at once: each row has one holder.
    """
    claimed = claim_dossier(by=None, at=at)
    if claimed is None or claimed.status == ExportStatus.FAILED:
        return claimed
    try:
        return write_claimed_dossier(dossier_id=claimed.pk, by=None, at=at)
    except Exception:
        logger.exception("%s could not be written", claimed.number)
        return fail_dossier(
            dossier_id=claimed.pk,
            error="The dossier could not be written; the server's log says why.",
            by=None,
            at=at,
        )


@service
def claim_dossier(*, by, at) -> Dossier | None:
    """Mark the oldest free waiting export as being written, or give it up after two attempts."""
    dropped = Q(status=ExportStatus.RUNNING, claimed_at__lte=at - LEFT_ALONE)
    dossier = (
        Dossier.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(Q(status=ExportStatus.QUEUED) | dropped)
        .order_by("pk")
        .first()
    )
    if dossier is None:
        return None
    if dossier.attempts >= ATTEMPTS:
        return _move(dossier, FAIL, error="The worker stopped twice while writing it.", done_at=at)
    return _move(dossier, TAKE_UP, attempts=dossier.attempts + 1, claimed_at=at)


@service
def write_claimed_dossier(*, dossier_id: int, by, at) -> Dossier | None:
    """Write a claimed dossier while holding its row; None when somebody else holds or ended it."""
    dossier = (
        Dossier.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("asked_by")
        .filter(pk=dossier_id, status=ExportStatus.RUNNING)
        .first()
    )
    if dossier is None:
        return None
    batch = Batch.objects.select_related("product", "sponsor", "site").get(pk=dossier.batch_id)
    data = dossier_bytes(
        batch, by_name=dossier.asked_by.full_name, at=dossier.asked_at, edition=dossier.edition
    )
    digest = sha256(data)
    found = opened(data)
    sheet = paper(found.parts, manifest=found.manifest, digest=digest)
    common = {
        "kind": KINDS[Edition(dossier.edition)],
        "title": f"Dossier {dossier.number} of batch {batch.number}",
        "sponsor": batch.sponsor,
        "record": dossier,
        "by": dossier.asked_by,
        "at": at,
    }
    name = f"{dossier.number}-{batch.number}"
    return _move(
        dossier,
        FINISH,
        done_at=at,
        sha256=digest,
        signature=signing.sign(data),
        signing_key=signing.own_key(),
        json=store_document(
            data=data, filename=f"{name}.json", media_type="application/json", **common
        ),
        pdf=store_document(
            data=sheet, filename=f"{name}.pdf", media_type="application/pdf", **common
        ),
    )


@service
def fail_dossier(*, dossier_id: int, error: str, by, at) -> Dossier | None:
    """Set an export aside that cannot be written, with a sentence for the person who asked."""
    dossier = (
        Dossier.objects.select_for_update(of=("self",))
        .filter(pk=dossier_id, status=ExportStatus.RUNNING)
        .first()
    )
    return dossier and _move(dossier, FAIL, error=error, done_at=at)


def _move(dossier, move, **changes) -> Dossier:
    dossier.status = move.target
    for name, value in changes.items():
        setattr(dossier, name, value)
    dossier.save(update_fields=["status", *changes])
    return dossier
