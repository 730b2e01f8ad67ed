"""Every change of a deviation. The batch guards its dossier: it is locked first."""

from batches.deviations import rules
from batches.deviations.models import Deviation
from batches.deviations.states import CLASSIFY, CLOSE, CLOSE_MEANING
from batches.dossier import locked
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import sign


def _locked(deviation):
    """Return the deviation as it is under its batch's lock."""
    batch = locked(deviation.batch)
    fresh = Deviation.objects.select_related("step").get(pk=deviation.pk)
    fresh.batch = batch
    if fresh.step_id:
        fresh.step.batch = batch
    return fresh


@service
def raise_deviation(
    *,
    batch,
    title,
    by,
    at,
    description="",
    step=None,
    occurred_at=None,
    concerns_yield=False,
    reason="",
):
    """Raise a deviation on a batch, on one of its steps or about its yield. Raises Blocked."""
    batch = locked(batch)
    ensure_clear(
        [
            *right_blockers(by, Right.RAISE_DEVIATION),
            *rules.raise_blockers(batch=batch, step=step, occurred_at=occurred_at, at=at),
        ]
    )
    deviation = Deviation.objects.create(
        sponsor_id=batch.sponsor_id,
        number=numbered("DEV", at),
        batch=batch,
        step=step,
        concerns_yield=concerns_yield,
        title=title,
        description=description,
        raised_by=by,
        raised_at=at,
        occurred_at=occurred_at,
    )
    record_event(
        verb="deviation.raised",
        record=deviation,
        by=by,
        at=at,
        reason=reason,
        cause=f"{deviation.number} was raised on {batch.number}.",
    )
    return deviation


@service
def change_deviation(*, deviation, by, at, reason, **changes):
    """Change the title or the description of a deviation that is not closed. Raises Blocked."""
    deviation = _locked(deviation)
    ensure_clear(
        [
            *right_blockers(by, Right.RAISE_DEVIATION),
            *rules.change_blockers(deviation, reason=reason),
        ]
    )
    for name, value in changes.items():
        setattr(deviation, name, value)
    deviation.save(update_fields=list(changes))
    record_event(verb="deviation.changed", record=deviation, by=by, at=at, reason=reason)
    return deviation


@service
def classify_deviation(*, deviation, classification, by, at, reason=""):
    """Classify as minor, major or critical; its investigation begins. Raises Blocked."""
    deviation = _locked(deviation)
    ensure_clear(
        [
            *right_blockers(by, Right.CLASSIFY_DEVIATION),
            *rules.classify_blockers(deviation, classification=classification, reason=reason),
        ]
    )
    former = deviation.classification
    deviation.status = CLASSIFY.target
    deviation.classification = classification
    deviation.save(update_fields=["status", "classification"])
    record_event(
        verb="deviation.classified",
        record=deviation,
        by=by,
        at=at,
        reason=reason,
        old={"classification": former},
        new={"classification": classification},
        cause=f"{deviation.number} was classified as {classification}.",
    )
    return deviation


@service
def close_deviation(*, deviation, conclusion, by, at, proof, reason=""):
    """Close an investigated deviation with its conclusion. Signed. Raises Blocked."""
    deviation = _locked(deviation)
    ensure_clear(
        [
            *right_blockers(by, Right.CLOSE_DEVIATION),
            *rules.close_blockers(deviation, by=by, conclusion=conclusion),
        ]
    )
    deviation.status = CLOSE.target
    deviation.conclusion = conclusion
    deviation.closed_by, deviation.closed_at = by, at
    deviation.save(update_fields=["status", "conclusion", "closed_by", "closed_at"])
    sign(
        record=deviation,
        verb="close",
        meaning=CLOSE_MEANING,
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="deviation.closed",
        record=deviation,
        by=by,
        at=at,
        reason=reason,
        cause=f"{deviation.number} was closed.",
    )
    return deviation
