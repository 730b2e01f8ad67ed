"""What went into a batch: the edges of the genealogy."""

from batches.dossier import executed_record_changed
from batches.materials import rules, tracing
from batches.materials.models import Consumption, Lot
from batches.materials.services.races import refusals_in_words
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Ref, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event


@service
def record_consumption(
    *, batch, quantity, unit, used_at, by, at, lot=None, source_batch=None, step=None, reason=""
):
    """Record that a batch in process took a quantity of a lot or of another batch.

    The unit must be the source's own. Raises Blocked with every objection: a source that was not
    released or had expired when it was used, belongs to another sponsor, or holds too little; a
    use in the future or before the batch began; a batch made from itself.
    """
    if (lot is None) == (source_batch is None):
        raise ValueError("A use is of one lot or of one batch.")
    if lot is not None:
        batch, producer = _locked_batches(batch, lot.produced_by)
        source = _locked_lot(lot, producer)
        objections = _lot_objections
    else:
        batch, source = _locked_batches(batch, source_batch)
        objections = _batch_objections
    ensure_clear(
        [
            *right_blockers(by, Right.EXECUTE),
            *rules.batch_open_blockers(batch),
            *rules.time_blockers(batch, used_at=used_at, at=at),
            *rules.step_blockers(batch, step),
            *objections(batch, source, quantity=quantity, unit=unit, used_at=used_at),
        ]
    )
    with refusals_in_words(source):
        consumption = Consumption.objects.create(
            sponsor_id=batch.sponsor_id,
            batch=batch,
            lot=source if lot is not None else None,
            source_batch=source if lot is None else None,
            quantity=quantity,
            unit=unit,
            used_at=used_at,
            step=step,
            recorded_by=by,
            recorded_at=at,
        )
    executed_record_changed(batch=batch, by=by, at=at, reason="A use of material was recorded.")
    record_event(
        verb="consumption.record",
        record=consumption,
        by=by,
        at=at,
        reason=reason,
        new=_told(consumption, batch, source),
        cause=f"{batch.number} used {source.number}.",
    )
    return consumption


@service
def cancel_consumption(*, consumption, by, at, reason):
    """Take back a use that was recorded by mistake. The row stays, struck out. Raises Blocked."""
    batch, _ = _locked_batches(consumption.batch, None)
    consumption = (
        Consumption.objects.select_for_update(of=("self",))
        .select_related("lot", "source_batch")
        .get(pk=consumption.pk)
    )
    ensure_clear(
        [
            *right_blockers(by, Right.EXECUTE),
            *rules.cancel_blockers(consumption, batch),
            *rules.reason_blockers(reason, why="this use is cancelled"),
        ]
    )
    consumption.cancelled_at = at
    consumption.cancelled_reason = reason
    consumption.save(update_fields=["cancelled_at", "cancelled_reason"])
    executed_record_changed(batch=batch, by=by, at=at, reason=f"A use was cancelled: {reason}")
    source = consumption.lot or consumption.source_batch
    record_event(
        verb="consumption.cancel",
        record=consumption,
        by=by,
        at=at,
        reason=reason,
        new=_told(consumption, batch, source),
        cause=f"{batch.number} no longer uses {source.number}.",
    )
    return consumption


def _lot_objections(batch, lot, *, quantity, unit, used_at):
    yield from rules.lot_blockers(
        batch,
        lot,
        owner=lot.sponsor,
        quantity=quantity,
        unit=unit,
        used_at=used_at,
        available=tracing.left_of(lot),
    )
    # The batch that produced the lot is judged above, by its own disposition.
    producer = lot.produced_by and Ref("batch", lot.produced_by.key)
    origins = tracing.stopped_origins(lot, used_at=used_at)
    yield from rules.origin_blockers(lot, [o for o in origins if o != producer])


def _batch_objections(batch, source, *, quantity, unit, used_at):
    yield from rules.source_batch_blockers(
        batch,
        source,
        owner=source.sponsor,
        quantity=quantity,
        unit=unit,
        used_at=used_at,
        available=tracing.left_of(source),
        made_from_batch=tracing.is_made_from(source, batch),
    )
    yield from rules.origin_blockers(source, tracing.stopped_origins(source, used_at=used_at))


def _locked_batches(batch, source):
    """Lock both rows in the order of their ids: A taking B while B takes A must not deadlock."""
    rows = type(batch).objects.select_for_update(of=("self",))
    wanted = {row.pk for row in (batch, source) if row is not None}
    locked = {row.pk: row for row in rows.filter(pk__in=wanted).order_by("pk")}
    return locked[batch.pk], locked[source.pk] if source is not None else None


def _locked_lot(lot, producer) -> Lot:
    lot = Lot.objects.select_for_update(of=("self",)).select_related("sponsor").get(pk=lot.pk)
    lot.produced_by = producer
    return lot


def _told(consumption, batch, source) -> dict:
    return {
        "batch": batch.number,
        "source": source.number,
        "quantity": rules.shown(consumption.quantity),
        "unit": consumption.unit,
    }
