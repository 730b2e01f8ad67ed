"""A yield that nobody recorded at completion, added afterwards under a signature of its own."""

from batches.dossier import locked
from batches.manufacture.rules import yields as rules
from batches.manufacture.services import gather
from batches.manufacture.states import MEANINGS
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import sign


def record_yield_objections(batch, *, by):
    """Return every objection to recording this batch's yield now, whatever it is."""
    return [*right_blockers(by, Right.COMPLETE_BATCH), *rules.record_yield_blockers(batch)]


@service
def record_yield(*, batch, yield_value, by, at, proof, reason, yield_unit=""):
    """Record the yield of a completed batch that has none. Signed, with the reason. Raises Blocked.

    What was signed before stays as it was signed: the yield is an addition, bound to its own
    signature. Only from then on can another batch take something of this one.
    """
    batch = locked(batch, "master")
    ensure_clear(
        [
            *record_yield_objections(batch, by=by),
            *rules.given_yield_blockers(
                batch,
                master=batch.master,
                execution=gather.executed(batch),
                value=yield_value,
                unit=yield_unit,
            ),
            *_reason_blockers(reason),
        ]
    )
    batch.yield_value = yield_value
    batch.yield_unit = yield_unit or batch.master.yield_unit
    batch.save(update_fields=["yield_value", "yield_unit"])
    sign(
        record=batch,
        verb="record-yield",
        meaning=MEANINGS["record-yield"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="batch.yield_recorded",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new={"yield_value": str(yield_value), "yield_unit": batch.yield_unit},
        cause=f"The yield of {batch.number} was recorded.",
    )
    return batch


def _reason_blockers(reason):
    if not reason.strip():
        yield Blocker("no_reason", "A yield recorded after completion needs a reason.")
