"""The disposition axis. Manufacture owns the column; certification comes only from QC's release."""

from batches.dossier import locked
from batches.manufacture import rules
from batches.manufacture.evidence import ReleaseEvidence
from batches.manufacture.states import (
    CERTIFY,
    CERTIFY_CONDITIONALLY,
    CERTIFY_FINALLY,
    INVENTORY_AFTER,
    MEANINGS,
    RECALLS,
    REJECTS,
    Disposition,
    Inventory,
)
from batches.materials.tracing import FORWARD, trace
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import sign
from cdmo.states import move_from

_DECISIONS = {
    "certify": (CERTIFY, CERTIFY_FINALLY),
    "certify-conditionally": (CERTIFY_CONDITIONALLY,),
}
_EVENTS = {
    Disposition.RELEASED: "batch.certified",
    Disposition.CONDITIONAL: "batch.certified_conditionally",
    Disposition.REJECTED: "batch.rejected",
    Disposition.RECALLED: "batch.recalled",
}
# What has left the house or is gone is not brought back by a decision on paper.
_MOVABLE = frozenset({Inventory.QUARANTINE, Inventory.AVAILABLE, Inventory.RESERVED})


def _move(batch, move, *, by, at, reason="", new=None) -> None:
    """Write the disposition and what follows from it: the only place that does."""
    batch.disposition = move.target
    batch.disposed_at = at
    if batch.inventory in _MOVABLE:
        batch.inventory = INVENTORY_AFTER[move.target]
    batch.save(update_fields=["disposition", "disposed_at", "inventory"])
    words = batch.get_disposition_display().lower()
    record_event(
        verb=_EVENTS[move.target],
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new=new,
        shared=True,
        cause=f"{batch.number} is {words}.",
    )


@service
def dispose(*, batch, verb, evidence: ReleaseEvidence, by, at, reason=""):
    """Write a Qualified Person's decision (`certify`, `certify-conditionally`). Raises Blocked.

    Called by QC's release room alone, inside its own change: it has locked the batch, judged the
    evidence and puts the signature. Here only what manufacture knows is judged once more.
    """
    moves = _DECISIONS[verb]
    batch = locked(batch)
    ensure_clear(rules.disposal_blockers(batch, moves))
    _move(
        batch,
        move_from(batch, moves, axis="disposition"),
        by=by,
        at=at,
        reason=reason,
        new={"release_check": evidence.check, "evidence_sha256": evidence.sha256},
    )
    return batch


def _reason_blockers(reason, what):
    if not reason.strip():
        yield Blocker("no_reason", f"{what} a batch needs a reason.")


def _sign_decision(batch, verb, meaning, *, by, at, proof, reason):
    sign(
        record=batch,
        verb=verb,
        meaning=meaning,
        by=by,
        at=at,
        proof=proof,
        reason=reason,
        content={
            "batch": batch.number,
            "verb": verb,
            "execution": batch.execution,
            "disposition": batch.disposition,
            "reason": reason,
        },
    )


def reject_objections(batch, *, by):
    return [*right_blockers(by, Right.REJECT_BATCH), *rules.reject_blockers(batch)]


@service
def reject_batch(*, batch, by, at, proof, reason):
    """Reject a batch for good. Signed by quality assurance or a Qualified Person."""
    batch = locked(batch)
    ensure_clear([*reject_objections(batch, by=by), *_reason_blockers(reason, "Rejecting")])
    _sign_decision(batch, "reject", MEANINGS["reject"], by=by, at=at, proof=proof, reason=reason)
    _move(batch, move_from(batch, REJECTS, axis="disposition"), by=by, at=at, reason=reason)
    return batch


def recall_objections(batch, *, by):
    return [*right_blockers(by, Right.RECALL), *rules.recall_blockers(batch)]


@service
def recall_batch(*, batch, by, at, proof, reason):
    """Recall a released batch and name everything made from it. Signed. Raises Blocked."""
    batch = locked(batch)
    ensure_clear([*recall_objections(batch, by=by), *_reason_blockers(reason, "Recalling")])
    _sign_decision(batch, "recall", MEANINGS["recall"], by=by, at=at, proof=proof, reason=reason)
    _move(
        batch,
        move_from(batch, RECALLS, axis="disposition"),
        by=by,
        at=at,
        reason=reason,
        new={"descendants": [node.key for node in trace(batch, FORWARD).of_type("batch")]},
    )
    return batch
