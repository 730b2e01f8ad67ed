"""Second-person review: results approved one signature each, or invalidated with a reason."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, sign
from cdmo.training.gather import training_objections
from cdmo.training.states import Task
from qc.laboratory import rules
from qc.laboratory.models import Result
from qc.laboratory.services.bench import (
    investigations_of,
    locked_results,
    record_by_sample,
)
from qc.laboratory.states import APPROVE, INVALIDATES, RESULT_MEANING


@service
def approve_results(*, results, by, at, proof: Proof, reason="") -> list[Result]:
    """Approve submitted results of somebody else: all or none, one signature under each."""
    results = locked_results(results)
    ensure_clear(approve_objections(results, by=by, at=at))
    for result in results:
        result.status, result.reviewer, result.reviewed_at = APPROVE.target, by, at
    Result.objects.bulk_update(results, ["status", "reviewer", "reviewed_at"])
    for result in results:
        sign(
            record=result,
            verb="approve",
            meaning=RESULT_MEANING,
            by=by,
            at=at,
            proof=proof,
            reason=reason,
        )
    record_by_sample("result.approve", results, by=by, at=at, words="approved.", reason=reason)
    return results


def approve_objections(results, *, by, at=None) -> list[Blocker]:
    """Return every objection to approving these results together. A reviewer knows the method."""
    tasks = {(Task.METHOD, result.line.method) for result in results if result.line_id}
    objections = list(right_blockers(by, Right.APPROVE_RESULT))
    objections += training_objections(by, right=Right.APPROVE_RESULT, tasks=tasks, at=at)
    if not results:
        objections.append(Blocker("nothing", "There is no result to approve."))
    for result in results:
        objections += rules.move_blockers(result, [APPROVE])
        objections += rules.reviewer_blockers(result, by=by)
    return objections


@service
def invalidate_result(*, result, by, at, reason="") -> Result:
    """Invalidate a result, with the reason. It stays, visible; its value is not used any more.

    One's own draft or submitted result, or anybody's with the right. A result under investigation
    is invalidated by the investigation's conclusion only.
    """
    (result,) = locked_results([result])
    ensure_clear(
        [
            *rules.invalidate_blockers(
                result, by=by, oos=investigations_of([result]).get(result.pk)
            ),
            *rules.reason_blockers(reason, f"{rules.name_of(result)} is invalidated", result),
        ]
    )
    return mark_invalid(result=result, by=by, at=at, reason=reason)


@service
def mark_invalid(*, result, by, at, reason) -> Result:
    """Write that a result is invalid. Callers have judged, and hold the batch's lock."""
    result.status = INVALIDATES[0].target
    result.invalid_reason = reason
    result.save(update_fields=["status", "invalid_reason"])
    record_event(
        verb="result.invalidate",
        record=result,
        by=by,
        at=at,
        reason=reason,
        cause=f"{rules.name_of(result)} was invalidated.",
    )
    return result
