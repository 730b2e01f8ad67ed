"""RC-23 to RC-27: what went in, where it comes from, and whose it is."""

from cdmo.accounts.roles import Role
from cdmo.blockers import Ref
from qc.release.rules.base import (
    HARD,
    Case,
    Judged,
    counted,
    failed,
    listed,
    not_applicable,
    passed,
    rule,
    waiting,
)

_PATIENT = frozenset({"autologous", "patient_directed"})
# Handovers inside the site that must have been scanned before a patient's batch leaves it.
# Of each pair one will do.
REQUIRED_SCANS = {
    "receipt or start of manufacture": frozenset({"receipt", "start"}),
    "filling": frozenset({"fill"}),
}
_ENDS = frozenset({"supplier", "cell_bank", "donation"})


@rule(
    "RC-23",
    "Every input lot was released and unexpired when it was used",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 211.84; EU GMP Part IV, 7",
)
def lots_released(case: Case) -> Judged:
    lots, wrong, used = case.e.lots, {}, 0
    for taken in case.e.inputs:
        if taken.lot_id is None:
            continue
        used += 1
        lot = lots[taken.lot_id]
        why = _objection(lot, taken.used_at)
        if why:
            wrong[f"{lot.number} ({lot.material}) {why}"] = Ref("lot", lot.number)
    for taken in case.e.ancestor_inputs:
        lot = lots.get(taken.lot_id)
        if lot is not None and lot.status in {"recalled", "rejected"}:
            wrong[f"{lot.number} ({lot.material}), used further back, was {lot.status}"] = Ref(
                "lot", lot.number
            )
    if wrong:
        return failed(
            f"{'; '.join(wrong)}.",
            *dict.fromkeys(wrong.values()),
            action="Assess the lot and decide on the batch",
        )
    if not case.e.inputs:
        return waiting(
            "No material is recorded as used.",
            case.e.ref,
            action="Record the materials used",
            owner=Role.OPERATOR.value,
        )
    if case.batch.execution in {"planned", "issued", "in_process", "on_hold"}:
        return waiting(
            "Materials may still be added until the batch is completed.",
            case.e.ref,
            action="Complete the batch",
            owner=Role.SUPERVISOR.value,
        )
    fed = {taken.batch_id for taken in case.e.ancestor_inputs}
    unknown = [a for a in case.e.ancestors if a.id not in fed]
    if unknown:
        return waiting(
            f"What went into {listed(a.number for a in unknown)} is not on record.",
            *(Ref("batch", a.number) for a in unknown),
            action="Complete the genealogy",
        )
    if not used:
        return not_applicable("The batch used other batches only, no lots.")
    return passed(f"All {counted(used, 'use')} of lots: released and unexpired at that time.")


def _objection(lot, used_at) -> str:
    if lot.status in {"recalled", "rejected"}:
        return f"was {lot.status}"
    if lot.released_at is None:
        return "was never released"
    if used_at < lot.released_at:
        return "was used before its release"
    if lot.expires_at is not None and lot.expires_at <= used_at:
        return f"had expired on {lot.expires_at:%d %b %Y %H:%M} UTC"
    if lot.stopped_at is not None and lot.stopped_at <= used_at:
        return "was no longer released when it was used"
    return ""


@rule(
    "RC-24",
    "Component batches are released",
    kind=HARD,
    owner=Role.QP,
    source="EU GMP Part IV, 7–8",
)
def components_released(case: Case) -> Judged:
    found = case.e.ancestors
    if not found:
        if not case.e.inputs:
            return waiting(
                "No material is recorded as used, so it is not known whether components are.",
                case.e.ref,
                action="Record the materials used",
                owner=Role.OPERATOR.value,
            )
        return not_applicable("No batch made here went into this one.")
    wrong = [a for a in found if a.disposition not in {"released", "conditional"}]
    if wrong:
        return failed(
            listed(f"{a.number} ({a.product}) is {_DISPOSITION[a.disposition]}" for a in wrong)
            + ".",
            *(Ref("batch", a.number) for a in wrong),
            action=f"Decide on {listed(a.number for a in wrong)}",
        )
    conditional = [a for a in found if a.disposition == "conditional"]
    if conditional:
        return waiting(
            f"{listed(a.number for a in conditional)}: released on conditions, results follow.",
            *(Ref("batch", a.number) for a in conditional),
            action=f"Certify {listed(a.number for a in conditional)} finally",
        )
    return passed(
        f"{listed(a.number for a in found)}: released.", *(Ref("batch", a.number) for a in found)
    )


_DISPOSITION = {
    "pending": "not released",
    "rejected": "rejected",
    "recalled": "recalled",
    "oos_supplied": "supplied out of specification for one patient only",
}


@rule(
    "RC-25",
    "Every input is traced back to its origin",
    kind=HARD,
    owner=Role.QA,
    source="21 CFR 1271.290; Regulation (EC) 1394/2007, Article 15",
)
def genealogy_complete(case: Case) -> Judged:
    e = case.e
    if not e.inputs:
        return waiting(
            "No material is recorded as used: the trace ends at the batch itself.",
            e.ref,
            action="Record the materials used",
            owner=Role.OPERATOR.value,
        )
    broken: dict[str, Ref] = {}
    fed = {taken.batch_id for taken in e.ancestor_inputs}
    for ancestor in e.ancestors:
        ref = Ref("batch", ancestor.number)
        if ancestor.id not in fed:
            broken[f"{ancestor.number} has no inputs on record, so the trace ends there"] = ref
        if ancestor.overdrawn:
            broken[f"more of {ancestor.number} was used than it yielded"] = ref
    ancestors = {a.id for a in e.ancestors}
    for lot in e.lots.values():
        ref = Ref("lot", lot.number)
        if lot.origin == "produced":
            if lot.produced_by not in ancestors:
                broken[f"{lot.number} names no batch that produced it"] = ref
        elif lot.origin not in _ENDS:
            broken[f"{lot.number} has no known origin"] = ref
        elif lot.origin == "donation" and not lot.donation_number:
            broken[f"{lot.number} is a donation without a donation number"] = ref
    for taken in (*e.inputs, *e.ancestor_inputs):
        if taken.source_batch_id is not None and taken.source_batch_id not in ancestors:
            broken["a batch that was used is missing from the trace"] = e.ref
    if broken:
        return failed(
            f"The genealogy is broken: {'; '.join(broken)}.",
            *dict.fromkeys(broken.values()),
            action="Complete the genealogy",
        )
    unbalanced = [a for a in e.ancestors if a.overdrawn is None]
    if unbalanced:
        return _balance_unknown(unbalanced)
    if not case.completed:
        return waiting(
            "Materials may still be added until the batch is completed.",
            e.ref,
            action="Complete the batch",
            owner=Role.SUPERVISOR.value,
        )
    return passed(
        f"{counted(len(e.lots), 'lot')} and {counted(len(ancestors), 'batch', 'batches')} behind "
        "this batch, each traced to a supplier, cell bank or donation."
    )


def _balance_unknown(ancestors) -> Judged:
    """Nobody can say whether more of these was used than there is: never a pass."""
    unrecorded = [a for a in ancestors if a.yield_value is None or not a.yield_unit]
    told, todo = [], []
    if unrecorded:
        names = listed(a.number for a in unrecorded)
        told.append(
            f"the yield of component {names} is not recorded"
            if len(unrecorded) == 1
            else f"the yields of components {names} are not recorded"
        )
        todo.append(f"Record the yield of {names}, with its unit")
    foreign = [a for a in ancestors if a not in unrecorded]
    for a in foreign:
        told.append(f"{a.number} yielded in {a.yield_unit}, but uses of it are in {a.other_units}")
    if foreign:
        names = listed(a.number for a in foreign)
        todo.append(f"Cancel the uses of {names} and record them in the unit of the yield")
    return waiting(
        f"The quantities cannot be balanced: {'; '.join(told)}.",
        *(Ref("batch", a.number) for a in ancestors),
        action=". ".join(todo),
        owner=(Role.SUPERVISOR if unrecorded else Role.OPERATOR).value,
    )


@rule(
    "RC-27",
    "The chain of identity is unbroken",
    kind=HARD,
    owner=Role.OPERATOR,
    source="EU GMP Part IV, 9; ICCBBA ST-028",
)
def identity_unbroken(case: Case) -> Judged:
    batch = case.batch
    if batch.modality not in _PATIENT:
        return not_applicable("The product is not made for one patient.")
    if not batch.coi:
        return waiting(
            "The batch has no chain-of-identity identifier.",
            case.e.ref,
            action="Link the batch to its chain of identity",
            owner=Role.PLANNER.value,
        )
    ref = Ref("identity_chain", batch.coi)
    if batch.coi_product_id != batch.product_id:
        return failed(
            f"{batch.coi} belongs to another product.", ref, action="Reject the batch", owner="qa"
        )
    wrong = [s for s in case.e.scans if not s.matched or s.coi != batch.coi]
    if wrong:
        names = listed(f"{s.handover} ({s.at:%d %b %Y %H:%M} UTC)" for s in wrong)
        return failed(
            f"A scan did not match {batch.coi}: {names}.",
            ref,
            action="Investigate the mismatch as a critical deviation",
            owner=Role.QA.value,
        )
    scanned = {s.handover for s in case.e.scans}
    missing = [label for label, handovers in REQUIRED_SCANS.items() if not handovers & scanned]
    if missing:
        message = f"No scan of {batch.coi} at {listed(missing)}."
        if case.completed:
            return failed(message, ref, action="Investigate the missing scan", owner="qa")
        return waiting(message, ref, action=f"Scan the identifier at {listed(missing)}")
    return passed(f"All {len(case.e.scans)} scans match {batch.coi}.", ref)
