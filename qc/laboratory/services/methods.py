"""Methods: written by one person, approved by another."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, sign
from cdmo.states import move_blockers
from qc.laboratory import rules
from qc.laboratory.models import Method
from qc.laboratory.states import APPROVE_METHOD, Validation, method_meaning


@service
def write_method(
    *,
    code,
    name,
    by,
    at,
    version=1,
    technique="",
    validation=Validation.DEVELOPMENT,
    needs_instrument=False,
    citation="",
    illustrative=False,
    reason="",
) -> Method:
    """Write a draft method. No result is submitted by it until somebody else has approved it."""
    ensure_clear(right_blockers(by, Right.WRITE_METHOD))
    with one_of_a_kind("taken", f"There is already a method {code}."):
        method = Method.objects.create(
            code=code,
            name=name,
            version=version,
            technique=technique,
            validation=validation,
            needs_instrument=needs_instrument,
            citation=citation,
            illustrative=illustrative,
            written_by=by,
        )
    record_event(verb="method.write", record=method, by=by, at=at, reason=reason)
    return method


@service
def approve_method(*, method, by, at, proof: Proof, reason="") -> Method:
    """Approve a draft method, signed by somebody who did not write it."""
    method = Method.objects.select_for_update(of=("self",)).get(pk=method.pk)
    ensure_clear(method_approval_blockers(method, by=by))
    method.status = APPROVE_METHOD.target
    method.approved_at = at
    method.save(update_fields=["status", "approved_at"])
    sign(
        record=method,
        verb="approve",
        meaning=method_meaning(method.code, method.version),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="method.approve",
        record=method,
        by=by,
        at=at,
        reason=reason,
        cause=f"Method {method.code} was approved.",
    )
    return method


def method_approval_blockers(method, *, by) -> list:
    return [
        *right_blockers(by, Right.APPROVE_METHOD),
        *move_blockers(method, [APPROVE_METHOD]),
        *rules.method_author_blockers(method, by=by),
    ]
