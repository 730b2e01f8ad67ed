"""Investigations of results out of specification, concluded by quality assurance."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, sign
from cdmo.states import move_blockers
from qc.laboratory import rules
from qc.laboratory.models import OosInvestigation
from qc.laboratory.services.bench import locked_batches
from qc.laboratory.services.review import mark_invalid
from qc.laboratory.states import CLOSE_OOS, OosConclusion, conclusion_meaning


@service
def conclude_oos(
    *, oos, conclusion, rationale, by, at, proof: Proof, reason=""
) -> OosInvestigation:
    """Conclude an investigation, signed. A laboratory error invalidates the result, with evidence.

    `confirmed`: the result stands and the batch fails the test. `not_confirmed`: it may be
    superseded by a retest.
    """
    locked_batches([oos.batch_id])
    oos = (
        OosInvestigation.objects.select_for_update(of=("self", "result"))
        .select_related("result__sample")
        .get(pk=oos.pk)
    )
    ensure_clear(
        [
            *right_blockers(by, Right.CONCLUDE_OOS),
            *move_blockers(oos, [CLOSE_OOS]),
            *rules.conclude_blockers(oos, by=by, conclusion=conclusion, rationale=rationale),
        ]
    )
    oos.status = CLOSE_OOS.target
    oos.conclusion = conclusion
    oos.rationale = rationale.strip()
    oos.closed_by = by
    oos.closed_at = at
    oos.save(update_fields=["status", "conclusion", "rationale", "closed_by", "closed_at"])
    sign(
        record=oos,
        verb="conclude",
        meaning=conclusion_meaning(oos.number, conclusion),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    if conclusion == OosConclusion.LABORATORY_ERROR and oos.result.status in rules.IN_FORCE:
        mark_invalid(result=oos.result, by=by, at=at, reason=f"{oos.number}: {oos.rationale}")
    record_event(
        verb="oos.conclude",
        record=oos,
        by=by,
        at=at,
        reason=oos.rationale,
        cause=f"{oos.number} was concluded: {OosConclusion(conclusion).label.lower()}.",
    )
    return oos
