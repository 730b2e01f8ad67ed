"""What every room does with the batch whose dossier it changes: lock it first, reopen its review.

Rooms below `manufacture` may not import its tables; here the batch is at hand and is enough.
"""

from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import standing_signatures, void_stale_signatures


def locked(batch, *related):
    """Return the batch as it is now, locked until the transaction ends. Always the first lock."""
    rows = type(batch)._default_manager.select_related(*related) if related else type(batch).objects
    return rows.select_for_update(of=("self",)).get(pk=batch.pk)


@service
def executed_record_changed(*, batch, by, at, reason="") -> None:
    """Void what was signed under the executed record and take back its review, visibly.

    Call it after any change of steps or consumptions, with the batch locked. Without a signature
    under the record (work still going on) nothing happens.
    """
    void_stale_signatures(record=batch, by=by, at=at, reason=reason)
    if batch.reviewed_at is None or standing_signatures(batch, verb="review").exists():
        return
    batch.reviewed_at = batch.reviewed_by = None
    batch.save(update_fields=["reviewed_at", "reviewed_by"])
    record_event(
        verb="batch.review_voided",
        record=batch,
        by=by,
        at=at,
        reason=reason or "The executed record was changed after its review.",
        cause=f"The review of {batch.number} no longer stands.",
    )
