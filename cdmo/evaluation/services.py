"""Periodic evaluations drawn up, concluded and taken out of the house."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.evaluation import rules
from cdmo.evaluation.gather import found_in
from cdmo.evaluation.models import PeriodicEvaluation
from cdmo.evaluation.states import CONCLUDE, MEANINGS
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import Proof, sign


@service
def draw_up(*, since, until, by, at, reason="") -> PeriodicEvaluation:
    """Bring together what the system knows about a period, and freeze it. Raises Blocked."""
    ensure_clear(
        [
            *right_blockers(by, Right.EVALUATE),
            *rules.period_blockers(since=since, until=until, at=at),
        ]
    )
    evaluation = PeriodicEvaluation.objects.create(
        number=numbered("PE", at),
        since=since,
        until=until,
        found=found_in(since=since, until=until, at=at),
        drawn_up_by=by,
        drawn_up_at=at,
    )
    record_event(verb="evaluation.draw_up", record=evaluation, by=by, at=at, reason=reason)
    return evaluation


@service
def conclude(*, evaluation, conclusion, by, at, proof: Proof, reason="") -> PeriodicEvaluation:
    """Conclude an evaluation with a signature under all that it lists. Raises Blocked."""
    evaluation = PeriodicEvaluation.objects.select_for_update(of=("self",)).get(pk=evaluation.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.EVALUATE),
            *rules.conclude_blockers(evaluation),
            *rules.conclusion_blockers(evaluation, conclusion=conclusion),
        ]
    )
    evaluation.status, evaluation.conclusion = CONCLUDE.target, conclusion.strip()
    evaluation.concluded_by, evaluation.concluded_at = by, at
    evaluation.save(update_fields=["status", "conclusion", "concluded_by", "concluded_at"])
    sign(
        record=evaluation,
        verb="conclude",
        meaning=MEANINGS["conclude"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(verb="evaluation.conclude", record=evaluation, by=by, at=at, reason=reason)
    return evaluation


@service
def record_taken(*, evaluation, form, by, at) -> None:
    """Record that somebody took a copy of an evaluation, and in which form."""
    record_event(verb="evaluation.export", record=evaluation, by=by, at=at, new={"form": form})
