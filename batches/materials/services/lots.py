"""Lots: received into quarantine, released or rejected by QA, recalled, expired."""

from django.apps import apps

from batches.materials import rules, tracing
from batches.materials.donations import read_donation_number
from batches.materials.models import Lot
from batches.materials.services.races import refusals_in_words
from batches.materials.states import EXPIRE, RECALLS, REJECT, RELEASE, Origin
from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import sign
from cdmo.states import move_blockers, move_from

RELEASED_MEANING = "I release this lot for use in manufacture."
REJECTED_MEANING = "I reject this lot: it must not be used."
RECALLED_MEANING = "I recall this lot: it must not be used any more."


@service
def receive_lot(
    *,
    material,
    quantity,
    by,
    at,
    number="",
    unit="",
    sponsor=None,
    supplier=None,
    supplier_lot="",
    origin=Origin.SUPPLIER,
    produced_by=None,
    donation_number="",
    received_at=None,
    expires_at=None,
    storage="",
    illustrative=False,
    reason="",
):
    """Take a lot into quarantine: nobody uses it before QA has released it. Raises Blocked.

    Without a sponsor the lot is the CDMO's own stock, or belongs to the sponsor of the batch that
    produced it. Without a number one is given. The donation number is stored as its 13 characters.
    """
    unit, received_at = unit or material.unit, received_at or at
    produced_by = _locked_batch(produced_by)
    if sponsor is None:
        sponsor = produced_by.sponsor if produced_by is not None else _cdmo()
    ensure_clear(
        [
            *right_blockers(by, Right.RECEIVE_LOT),
            *rules.unit_blockers(unit),
            *rules.receipt_blockers(
                origin=origin,
                donation_number=donation_number,
                produced_by=produced_by,
                sponsor=sponsor,
                received_at=received_at,
                at=at,
            ),
            *_number_blockers(number),
        ]
    )
    with refusals_in_words():
        lot = Lot.objects.create(
            number=number or _free_number(at),
            material=material,
            sponsor=sponsor,
            supplier=supplier,
            supplier_lot=supplier_lot,
            origin=origin,
            produced_by=produced_by,
            donation_number=read_donation_number(donation_number).din if donation_number else "",
            quantity=quantity,
            unit=unit,
            received_at=received_at,
            received_by=by,
            expires_at=expires_at,
            storage=storage,
            illustrative=illustrative,
        )
    record_event(verb="lot.receive", record=lot, by=by, at=at, reason=reason)
    return lot


@service
def release_lot(*, lot, by, at, proof, reason=""):
    """Release a lot for use. Signed by QA. Raises Blocked with every objection."""
    lot = _locked(lot)
    ensure_clear(
        [
            *right_blockers(by, Right.RELEASE_LOT),
            *move_blockers(lot, [RELEASE]),
            *rules.release_blockers(lot, by=by, at=at),
        ]
    )
    lot.released_at = at
    return _signed_move(
        lot, RELEASE, RELEASED_MEANING, "released_at", by=by, at=at, proof=proof, reason=reason
    )


@service
def reject_lot(*, lot, by, at, proof, reason):
    """Reject a lot in quarantine. Signed by QA, with the reason. Raises Blocked."""
    lot = _locked(lot)
    ensure_clear(
        [
            *right_blockers(by, Right.RELEASE_LOT),
            *move_blockers(lot, [REJECT]),
            *rules.reason_blockers(reason, why="the lot is rejected"),
        ]
    )
    lot.stopped_at = at
    return _signed_move(
        lot, REJECT, REJECTED_MEANING, "stopped_at", by=by, at=at, proof=proof, reason=reason
    )


@service
def recall_lot(*, lot, by, at, proof, reason):
    """Recall a lot that was released. Signed by QA or the QP, with the reason. Raises Blocked.

    The event keeps what the forward trace found at this instant: every batch and lot affected.
    """
    lot = _locked(lot)
    ensure_clear(
        [
            *right_blockers(by, Right.RECALL),
            *move_blockers(lot, RECALLS),
            *rules.reason_blockers(reason, why="the lot is recalled"),
        ]
    )
    move = move_from(lot, RECALLS)
    lot.stopped_at = lot.stopped_at or at  # an expired lot stopped being good when it expired
    return _signed_move(
        lot,
        move,
        RECALLED_MEANING,
        "stopped_at",
        by=by,
        at=at,
        proof=proof,
        reason=reason,
        found=lambda: {
            "affected": [
                node.as_json() for node in tracing.trace(lot, tracing.FORWARD).nodes if node.depth
            ]
        },
    )


@service
def expire_lots(*, by, at, limit=500):
    """Mark released lots whose time is over. Returns how many.

    Safe to run twice, late or in two workers: each claims other rows (skip_locked), and a lot that
    has expired is no longer released. Nothing waits for it: use is judged by `expires_at` itself.
    """
    due = Lot.objects.select_for_update(skip_locked=True, of=("self",)).due_to_expire(at)
    count = 0
    for lot in due.order_by("expires_at", "pk")[:limit]:
        lot.stopped_at = lot.expires_at
        _move(lot, EXPIRE, fields=["stopped_at"])
        record_event(
            verb="lot.expire",
            record=lot,
            by=by,
            at=at,
            cause=f"Lot {lot.number} expired.",
        )
        count += 1
    return count


def _signed_move(lot, move, meaning, field, *, by, at, proof, reason, found=None):
    """Move a lot, sign for it, record it. `found()`: what the event keeps of that instant."""
    _move(lot, move, fields=[field])
    sign(record=lot, verb=move.verb, meaning=meaning, by=by, at=at, proof=proof, reason=reason)
    record_event(
        verb=f"lot.{move.verb}",
        record=lot,
        by=by,
        at=at,
        reason=reason,
        new=found() if found else None,
        cause=f"Lot {lot.number} was {move.target}.",
    )
    return lot


def _move(lot, move, *, fields):
    """The only place that writes a lot's status."""
    lot.status = move.target
    lot.save(update_fields=["status", *fields])


def _locked(lot) -> Lot:
    """Return the lot under lock; before it the batch that produced it, as everywhere."""
    producer = _locked_batch(lot.produced_by)
    lot = Lot.objects.select_for_update(of=("self",)).select_related("material").get(pk=lot.pk)
    lot.produced_by = producer
    return lot


def _locked_batch(batch):
    if batch is None:
        return None
    return type(batch).objects.select_for_update(of=("self",)).get(pk=batch.pk)


def _cdmo():
    return Organisation.objects.filter(roles__contains=["cdmo"]).order_by("pk").first()


def _number_blockers(number):
    if not number:
        return []
    batches = apps.get_model("batches", "Batch").objects.filter(number=number)
    return rules.number_blockers(
        number,
        lot_exists=Lot.objects.filter(number=number).exists(),
        batch_exists=batches.exists(),
    )


def _free_number(at) -> str:
    """Return a new number; one that somebody typed before is passed over."""
    while list(_number_blockers(number := numbered("LOT", at))):
        pass
    return number
