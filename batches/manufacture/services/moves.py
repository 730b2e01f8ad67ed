"""A batch along its execution axis, from issue to review."""

from datetime import timedelta

from batches.dossier import locked
from batches.manufacture import rules
from batches.manufacture.evidence import QualityReadiness
from batches.manufacture.models import BatchStep
from batches.manufacture.rules.yields import measured_yield, second_yield_blockers
from batches.manufacture.services import gather
from batches.manufacture.services.execution import master_training
from batches.manufacture.services.planning import effective_master
from batches.manufacture.states import (
    ABORTS,
    COMPLETE,
    HOLD,
    ISSUE,
    MEANINGS,
    RESUME,
    START,
    Execution,
)
from cdmo.access.signing import reauthenticate
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.portfolio.coverage import gather_coverage
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, SignatureRefused, sign, void_stale_signatures
from cdmo.states import move_blockers, move_from

_COPIED = (
    "position",
    "code",
    "title",
    "instruction",
    "kind",
    "unit",
    "lower",
    "upper",
    "expected",
    "critical",
    "mandatory",
)


def _move(batch, move, **fields) -> None:
    """Write the execution status and what goes with it: the only place that does."""
    batch.execution = move.target
    for name, value in fields.items():
        setattr(batch, name, value)
    batch.save(update_fields=["execution", *fields])


def _reason_blockers(reason, what):
    if not reason.strip():
        yield Blocker("no_reason", f"{what} needs a reason.")


def issue_objections(batch, *, quality: QualityReadiness, by, at):
    """Return every objection to issuing this batch now (asked by the page before the button)."""
    master = effective_master(batch.process_version)
    return [
        *right_blockers(by, Right.ISSUE_BATCH),
        *rules.issue_blockers(
            batch,
            master=master,
            quality=quality,
            coverage=gather_coverage([batch.sponsor_id])[batch.sponsor_id],
            day=batch.site.day(at),
            at=at,
        ),
    ]


@service
def issue_batch(*, batch, quality: QualityReadiness, by, at, proof, reason=""):
    """Issue a controlled copy of the effective instructions. Signed. Raises Blocked.

    `quality` is QC's word at this instant on the specification in force.
    """
    batch = locked(batch, "product", "process_version", "site", "coi")
    ensure_clear(issue_objections(batch, quality=quality, by=by, at=at))
    master = effective_master(batch.process_version)
    BatchStep.objects.bulk_create(
        BatchStep(
            sponsor_id=batch.sponsor_id,
            batch=batch,
            master_step=step,
            **{name: getattr(step, name) for name in _COPIED},
        )
        for step in master.steps.order_by("position")
    )
    _move(batch, ISSUE, master=master, issued_at=at)
    sign(
        record=batch,
        verb="issue",
        meaning=MEANINGS["issue"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="batch.issued",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new={"master_batch_record": master.code, "specification": quality.specification},
        shared=True,
        cause=f"{batch.number} was issued.",
    )
    return batch


def start_objections(batch, *, by, verified_by=None, at=None):
    people = [by] if verified_by is None else [by, verified_by]
    return [
        *(one for person in people for one in right_blockers(person, Right.EXECUTE)),
        *(one for person in people for one in master_training(batch, by=person, at=at)),
        *rules.start_blockers(batch, scans=gather.scans_of(batch), by=by, verifier=verified_by),
    ]


def witness_of_start(*, batch, witness, password, by, at, otp=None, says=()) -> Proof | None:
    """Re-authenticate the second person named at a start; None where nobody is.

    Call it before `start_batch`, outside its transaction. Whoever may not be the witness is not
    asked: the start itself refuses them, and nobody's signing is locked by being named.
    """
    if witness is None or witness.pk == by.pk or list(right_blockers(witness, Right.EXECUTE)):
        return None
    if not password:
        raise SignatureRefused(f"{witness.full_name} must sign this with their own password.")
    return reauthenticate(
        by=witness,
        password=password,
        otp=otp,
        record=batch,
        verb="witness-start",
        at=at,
        says=says,
    )


@service
def start_batch(*, batch, by, at, verified_by=None, witness_proof=None, proof=None, reason=""):
    """Start manufacture: the first material enters. Raises Blocked.

    `verified_by`: the second person present, if one is named. They sign it themselves, with their
    own password (`witness_proof`); a name alone raises SignatureRefused.
    """
    batch = locked(batch, "product", "coi")
    ensure_clear(start_objections(batch, by=by, verified_by=verified_by, at=at))
    if verified_by is not None and witness_proof is None:
        raise SignatureRefused(f"{verified_by.full_name} must sign this with their own password.")
    _move(batch, START, started_at=at)
    if proof is not None:
        _sign_move(batch, "start", MEANINGS["start"], by=by, at=at, proof=proof)
    if verified_by is not None:
        verb = "witness-start"
        _sign_move(batch, verb, MEANINGS[verb], by=verified_by, at=at, proof=witness_proof)
    record_event(
        verb="batch.started",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new={"verified_by": verified_by.email} if verified_by is not None else None,
        shared=True,
        cause=f"{batch.number} was started.",
    )
    return batch


def _sign_move(batch, verb, meaning, *, by, at, proof, reason=""):
    """Sign a move whose content is the move itself, not the record below it."""
    sign(
        record=batch,
        verb=verb,
        meaning=meaning,
        by=by,
        at=at,
        proof=proof,
        reason=reason,
        content={"batch": batch.number, "verb": verb, "reason": reason},
    )


def hold_objections(batch, *, by):
    return [
        *right_blockers(by, Right.HOLD_BATCH),
        *move_blockers(batch, [HOLD], axis="execution"),
        *rules.undecided_blockers(batch),
    ]


@service
def hold_batch(*, batch, by, at, reason, proof=None):
    """Stop the batch with a reason; the clock of the hold runs. Raises Blocked."""
    batch = locked(batch)
    ensure_clear([*hold_objections(batch, by=by), *_reason_blockers(reason, "A hold")])
    _move(batch, HOLD, held_at=at, hold_reason=reason[:400])
    if proof is not None:
        _sign_move(batch, "hold", MEANINGS["hold"], by=by, at=at, proof=proof, reason=reason)
    record_event(
        verb="batch.held",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        cause=f"{batch.number} was put on hold.",
    )
    return batch


def resume_objections(batch, *, by):
    return [
        *right_blockers(by, Right.HOLD_BATCH),
        *move_blockers(batch, [RESUME], axis="execution"),
        *rules.undecided_blockers(batch),
    ]


@service
def resume_batch(*, batch, by, at, reason, proof=None):
    """Let the batch go on; the reason assesses the time it stood. Raises Blocked."""
    batch = locked(batch)
    ensure_clear(
        [*resume_objections(batch, by=by), *_reason_blockers(reason, "Going on after a hold")]
    )
    stood = at - batch.held_at
    _move(batch, RESUME, held_at=None, hold_reason="")
    if proof is not None:
        _sign_move(batch, "resume", MEANINGS["resume"], by=by, at=at, proof=proof, reason=reason)
    record_event(
        verb="batch.resumed",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        new={"held_minutes": int(stood.total_seconds() // 60)},
        cause=f"{batch.number} was resumed.",
    )
    return batch


def completion_stands(batch) -> bool:
    """Return whether the signature under the completed record still stands."""
    return gather.signer(batch, "complete") is not None


def complete_objections(batch, *, by, yield_value=None, yield_unit=""):
    """Return every objection to completing this batch now, with this yield if one is given."""
    execution = gather.executed(batch)
    measured = _measured_yield(batch, execution)
    known = measured[0] if measured is not None else batch.yield_value
    return [
        *right_blockers(by, Right.COMPLETE_BATCH),
        *rules.complete_blockers(
            batch,
            master=batch.master,
            execution=execution,
            signed=completion_stands(batch),
            yield_value=yield_value if yield_value is not None else known,
            yield_unit=yield_unit or (measured[1] if measured else batch.yield_unit),
        ),
        *second_yield_blockers(batch, measured=measured, value=yield_value, unit=yield_unit),
    ]


def _measured_yield(batch, execution):
    unit = batch.master.yield_unit if batch.master_id else ""
    return measured_yield(execution.steps, unit=unit)


@service
def complete_batch(*, batch, by, at, proof, yield_value=None, yield_unit="", reason=""):
    """Close the executed record: all of it done, verified, explained. Signed. Raises Blocked.

    The yield is the one measured in the record's step YIELD, else the one given here. A completed
    batch whose record was corrected since is signed again; its times stay.
    """
    batch = locked(batch, "master", "product", "process_version", "coi")
    ensure_clear(complete_objections(batch, by=by, yield_value=yield_value, yield_unit=yield_unit))
    again = batch.execution == Execution.COMPLETED
    fields = {} if again else {"completed_at": at}
    if not again and batch.product.shelf_life_minutes is not None:
        end = at + timedelta(minutes=batch.product.shelf_life_minutes)
        fields["expires_at"] = min(end, batch.expires_at) if batch.expires_at else end
    measured = _measured_yield(batch, gather.executed(batch))
    if measured is not None:
        fields["yield_value"], fields["yield_unit"] = measured
    elif yield_value is not None:
        fields["yield_value"] = yield_value
        fields["yield_unit"] = yield_unit or (batch.master.yield_unit if batch.master_id else "")
    _move(batch, COMPLETE, **fields)
    if again:  # a yield that was recorded afterwards and signed may be another one now
        void_stale_signatures(record=batch, by=by, at=at, reason="The yield was given anew.")
    sign(
        record=batch,
        verb="complete",
        meaning=MEANINGS["complete"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="batch.completed_again" if again else "batch.completed",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        shared=not again,
        cause=f"{batch.number} was completed.",
    )
    return batch


def abort_objections(batch, *, by):
    return [*right_blockers(by, Right.ABORT_BATCH), *rules.abort_blockers(batch)]


@service
def abort_batch(*, batch, by, at, proof, reason):
    """End the batch before its completion, with what becomes of the material. Signed."""
    batch = locked(batch)
    ensure_clear([*abort_objections(batch, by=by), *_reason_blockers(reason, "Aborting a batch")])
    _move(batch, move_from(batch, ABORTS, axis="execution"), held_at=None)
    _sign_move(batch, "abort", MEANINGS["abort"], by=by, at=at, proof=proof, reason=reason)
    record_event(
        verb="batch.aborted",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        shared=True,
        cause=f"{batch.number} was aborted.",
    )
    return batch


def review_objections(batch, *, by):
    return [
        *right_blockers(by, Right.REVIEW_BATCH),
        *rules.review_blockers(
            batch,
            execution=gather.executed(batch),
            completed_by=gather.signer(batch, "complete"),
            unclassified=gather.unclassified(batch),
            signed=batch.reviewed_at is not None,
            worked=gather.had_a_hand(batch, by),
            by=by,
        ),
    ]


@service
def review_batch(*, batch, by, at, proof, reason=""):
    """Review the executed record as somebody who had no hand in it. Signed. Raises Blocked."""
    batch = locked(batch, "product", "process_version", "master", "coi")
    ensure_clear(review_objections(batch, by=by))
    batch.reviewed_at, batch.reviewed_by = at, by
    batch.save(update_fields=["reviewed_at", "reviewed_by"])
    sign(
        record=batch,
        verb="review",
        meaning=MEANINGS["review"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="batch.reviewed",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        shared=True,
        cause=f"{batch.number} was reviewed.",
    )
    return batch
