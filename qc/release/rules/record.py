"""RC-17 to RC-21: the executed record, its excursions, yield and deviations."""

from decimal import Decimal

from cdmo.accounts.roles import Role
from cdmo.blockers import Ref
from qc.release.rules.base import (
    HARD,
    JUSTIFIABLE,
    Case,
    Judged,
    failed,
    listed,
    not_applicable,
    passed,
    rule,
    step_ref,
    waiting,
)

_DONE = frozenset({"performed", "verified"})
_STAGE = {
    "planned": ("has not been issued", "Issue the batch record", Role.QA),
    "issued": ("has not been started", "Start manufacture", Role.SUPERVISOR),
    "in_process": ("is still in process", "Complete the batch", Role.SUPERVISOR),
    "on_hold": ("is on hold", "Assess the hold and resume or abort", Role.QA),
}


@rule(
    "RC-17",
    "The batch record is complete, verified and reviewed",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.188; EU GMP Part IV, 6",
)
def record_complete(case: Case) -> Judged:
    batch = case.batch
    if batch.execution == "aborted":
        return failed("Manufacture was aborted.", case.e.ref, action="Reject the batch")
    done = {step.code: step for step in case.e.steps}
    gaps, records = [], []
    for planned in case.e.master_steps:
        step = done.get(planned.code)
        if step is None and not planned.mandatory:
            continue
        if step is None:
            gaps.append(f"{planned.code} is not in the record")
        elif step.status == "open":
            if not planned.mandatory:
                continue
            gaps.append(f"{planned.code} {planned.title} is not done")
        elif step.status == "not_applicable" and planned.mandatory:
            gaps.append(f"{planned.code} is mandatory and was set to not applicable")
        elif step.status in _DONE and step.performed_by is None:
            gaps.append(f"{planned.code} has no performer")
        elif planned.critical and step.status == "performed":
            gaps.append(f"{planned.code} {planned.title} lacks a second person's verification")
        elif (
            planned.critical
            and step.status == "verified"
            and (step.verified_by is None or step.verified_by == step.performed_by)
        ):
            gaps.append(f"{planned.code} was verified by its performer")
        else:
            continue
        records.append(step_ref(case, planned.code))
    if batch.execution != "completed":
        words, action, owner = _STAGE[batch.execution]
        message = f"{batch.number} {words}."
        if gaps and batch.execution in {"in_process", "on_hold"}:
            message += f" {len(gaps)} of {len(case.e.master_steps)} steps are open."
        return waiting(message, case.e.ref, action=action, owner=owner.value)
    if gaps:
        return failed(
            f"The record has gaps: {'; '.join(gaps)}.",
            *records,
            action="Complete the batch record",
            owner=Role.SUPERVISOR.value,
        )
    if not case.e.master_steps:
        return waiting(
            "The batch has no master batch record to compare with.",
            case.e.ref,
            action="Settle the master batch record",
        )
    standing = {signature.verb for signature in case.e.signatures}
    if "complete" not in standing:
        return waiting(
            "The signature that completed the record no longer stands, or was never given.",
            case.e.ref,
            action="Sign the completion again",
            owner=Role.SUPERVISOR.value,
        )
    if batch.reviewed_at is None or "review" not in standing:
        return waiting(
            "Quality assurance has not reviewed the batch record."
            if batch.reviewed_at is None
            else "The review's signature no longer stands: the record was changed after it.",
            case.e.ref,
            action="Review the batch record",
        )
    mandatory = sum(planned.mandatory for planned in case.e.master_steps)
    return passed(f"All {mandatory} mandatory steps are done, verified and reviewed.")


@rule(
    "RC-18",
    "The master batch record is effective and for this site and product",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.186",
)
def master_right(case: Case) -> Judged:
    batch, master = case.batch, case.e.master
    if master is None:
        return waiting(
            "The batch has no master batch record yet.",
            case.e.ref,
            action="Issue the batch on an effective master batch record",
        )
    wrong = []
    if master.status == "draft":
        wrong.append(f"{master.code} is a draft")
    if master.process_version_id != batch.process_version_id:
        wrong.append(f"{master.code} is not for process version {batch.process_version}")
    if batch.product_id not in {master.product_id} or batch.product_id != batch.process_product_id:
        wrong.append(f"{master.code} or its process is not for {batch.product}")
    if batch.process_site_id != batch.site_id:
        wrong.append(f"{batch.process_version} is not for site {batch.site}")
    if (
        master.effective_from is not None
        and batch.issued_at is not None
        and batch.issued_at.date() < master.effective_from
    ):
        wrong.append(f"{master.code} was not yet effective when the record was issued")
    ref = Ref("master_batch_record", master.code)
    if wrong:
        return failed(f"{'; '.join(wrong)}.", ref, action="Reject the batch or settle its master")
    if batch.issued_at is None:
        return waiting(
            f"{batch.number} has not been issued.", case.e.ref, action="Issue the batch record"
        )
    return passed(f"{master.code} is effective for {batch.product} at {batch.site}.", ref)


@rule(
    "RC-19",
    "Every excursion has its deviation",
    kind=JUSTIFIABLE,
    owner=Role.SUPERVISOR,
    source="21 CFR 211.100(b)",
)
def excursions_explained(case: Case) -> Judged:
    covered = {d.step_id for d in case.e.deviations}
    loose = [s for s in case.e.steps if (s.in_limits is False or s.was_out) and s.id not in covered]
    if loose:
        return failed(
            "Out of limits without a deviation: "
            + listed(f"{s.code} {s.title} ({s.value} {s.unit}".rstrip() + ")" for s in loose)
            + ".",
            *(step_ref(case, s.code) for s in loose),
            action="Raise a deviation",
        )
    if not case.e.steps or case.batch.execution != "completed":
        return waiting(
            "The steps are not all recorded yet.",
            case.e.ref,
            action="Complete the batch record",
        )
    unread = [s for s in case.e.steps if s.has_limits and s.in_limits is None and s.status in _DONE]
    if unread:
        return waiting(
            f"{listed(s.code for s in unread)}: not compared with the limits.",
            *(step_ref(case, s.code) for s in unread),
            action="Record the value again",
        )
    expected = {m.code for m in case.e.master_steps if m.mandatory}
    if not expected or not expected <= {s.code for s in case.e.steps}:
        return waiting(
            "Not every step of the master is in the record.",
            case.e.ref,
            action="Complete the batch record",
        )
    out = [s for s in case.e.steps if s.in_limits is False or s.was_out]
    if out:
        return passed(f"{listed(s.code for s in out)}: out of limits, each with its deviation.")
    return passed("Every recorded value is in its limits.")


@rule(
    "RC-20",
    "The yield is in its limits",
    kind=JUSTIFIABLE,
    owner=Role.SUPERVISOR,
    source="21 CFR 211.103",
)
def yield_in_limits(case: Case) -> Judged:
    batch, master = case.batch, case.e.master
    if master is None:
        return waiting(
            "Without a master batch record no limits of yield are known.",
            case.e.ref,
            action="Issue the batch on an effective master batch record",
            owner=Role.QA.value,
        )
    ref = Ref("master_batch_record", master.code)
    if master.yield_lower is None and master.yield_upper is None:
        return not_applicable(f"{master.code} sets no limits for the yield.", ref)
    if batch.yield_value is None:
        return waiting("The yield is not recorded.", case.e.ref, action="Record the yield")
    if batch.yield_unit != master.yield_unit:
        return waiting(
            f"The yield is recorded in {batch.yield_unit or 'no unit'}, its limits are in "
            f"{master.yield_unit}.",
            case.e.ref,
            action="Record the yield in the unit of its limits",
        )
    value = Decimal(batch.yield_value)
    low = master.yield_lower is not None and value < Decimal(master.yield_lower)
    high = master.yield_upper is not None and value > Decimal(master.yield_upper)
    limits = f"{master.yield_lower or '–'} to {master.yield_upper or '–'} {master.yield_unit}"
    if low or high:
        return failed(
            f"The yield of {batch.yield_value} {batch.yield_unit} is outside {limits}.",
            case.e.ref,
            ref,
            action="Raise a deviation, or justify the yield",
        )
    return passed(f"The yield of {batch.yield_value} {batch.yield_unit} is within {limits}.")


@rule(
    "RC-21",
    "Deviations are classified and closed",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.192; EU GMP Annex 16, 3",
)
def deviations_closed(case: Case) -> Judged:
    found = case.e.deviations
    opened = [d for d in found if d.status != "closed"]
    critical = [d for d in opened if d.classification == "critical"]
    if critical:
        return failed(
            f"{listed(d.number for d in critical)}: critical and open.",
            *(Ref("deviation", d.number) for d in critical),
            action=f"Investigate and close {listed(d.number for d in critical)}",
        )
    if opened:
        names = listed(f"{d.number} ({d.classification or 'not classified'})" for d in opened)
        return waiting(
            f"{names} {'is' if len(opened) == 1 else 'are'} open.",
            *(Ref("deviation", d.number) for d in opened),
            action=f"Investigate and close {listed(d.number for d in opened)}",
        )
    if not found:
        return not_applicable("No deviation was raised.")
    return passed(
        f"{listed(d.number for d in found)}: closed.", *(Ref("deviation", d.number) for d in found)
    )
