"""Transfers and the decisions on their gates: every change. Guarded by the transfer's row."""

from datetime import date

from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.portfolio.models import Product
from cdmo.portfolio.rules import reason_blockers
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, sign, void_signatures
from techtransfer.projects import rules
from techtransfer.projects.gathering import gather
from techtransfer.projects.models import Gate, GateCondition, GateDecision, TransferProject
from techtransfer.projects.states import (
    GATES,
    REOPEN_MEANING,
    TRANSFER_AFTER,
    GateStatus,
    TransferStatus,
    Unit,
    decision_meaning,
)

CHANGEABLE = frozenset({"title", "site", "planned_batches", "started_on", "target_on", "source"})


def unit_of(person, transfer) -> Unit | None:
    """Return the unit that a person speaks for: never both, from the person alone.

    The CDMO's people speak for the receiving unit. For the sending unit speaks the transfer lead
    of that organisation, or of the sponsor that owns the process.
    """
    if not person.is_sponsor_side:
        return Unit.RECEIVING if person.may(Right.DECIDE_GATE) else None
    sides = {transfer.sponsor_id, transfer.sending_unit_id}
    if Role.SPONSOR_LEAD in person.roles and person.organisation_id in sides:
        return Unit.SENDING
    return None


def _locked(transfer_id: int) -> TransferProject:
    return TransferProject.objects.select_for_update(of=("self",)).get(pk=transfer_id)


@service
def create_transfer(
    *,
    code,
    product: Product,
    sending_unit: Organisation,
    receiving_unit: Organisation,
    by,
    at,
    title="",
    site=None,
    planned_batches=3,
    started_on=None,
    target_on=None,
    source="",
    illustrative=False,
) -> TransferProject:
    """Plan a transfer: eight gates, the first one open."""
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_TRANSFER),
            *rules.unit_blockers(sending_unit, receiving_unit),
        ]
    )
    with one_of_a_kind("taken", f"There is already a transfer {code}."):
        transfer = TransferProject.objects.create(
            code=code,
            title=title,
            product=product,
            sponsor_id=product.sponsor_id,
            sending_unit=sending_unit,
            receiving_unit=receiving_unit,
            site=site,
            planned_batches=planned_batches,
            started_on=started_on,
            target_on=target_on,
            source=source,
            illustrative=illustrative,
        )
    Gate.objects.bulk_create(
        Gate(
            transfer=transfer,
            sponsor_id=transfer.sponsor_id,
            code=code,
            status=GateStatus.OPEN if code == "G0" else GateStatus.WAITING,
        )
        for code in GATES
    )
    record_event(verb="transfer.create", record=transfer, by=by, at=at)
    _judge(transfer, at)
    return transfer


@service
def change_transfer(*, transfer, by, at, reason="", **changes) -> TransferProject:
    """Change the plan of a transfer, with a reason. Its product and units stay."""
    transfer = _locked(transfer.pk)
    if unknown := set(changes) - CHANGEABLE:
        raise TypeError(f"{', '.join(sorted(unknown))} of a transfer is not changed")
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_TRANSFER),
            *reason_blockers(reason, record=transfer),
        ]
    )
    for name, value in changes.items():
        setattr(transfer, name, value)
    transfer.save(update_fields=list(changes))
    record_event(verb="transfer.change", record=transfer, by=by, at=at, reason=reason)
    _judge(transfer, at)
    return transfer


@service
def plan_gate(*, gate, by, at, target_on=None, forecast_on=None, reason="") -> Gate:
    """Set a gate's baseline date once, and its forecast as often as it moves, with a reason."""
    _locked(gate.transfer_id)
    gate = Gate.objects.select_related("transfer").get(pk=gate.pk)
    blockers = list(right_blockers(by, Right.MANAGE_TRANSFER))
    if gate.target_on is not None and target_on not in {None, gate.target_on}:
        blockers.append(
            Blocker("baseline_set", f"{gate.key} has a planned date; move its forecast.", gate)
        )
    if gate.forecast_on is not None and forecast_on not in {None, gate.forecast_on}:
        blockers += reason_blockers(reason, record=gate)
    ensure_clear(blockers)
    gate.target_on = target_on or gate.target_on
    gate.forecast_on = forecast_on or gate.forecast_on
    gate.save(update_fields=["target_on", "forecast_on"])
    record_event(verb="transfer.plan_gate", record=gate, by=by, at=at, reason=reason)
    return gate


@service
def decide_gate(*, gate, decision, by, at, proof: Proof, conditions=(), reason="") -> GateDecision:
    """Sign one unit's word on a gate. It moves when both units have said the same in this round.

    Another word from the other unit ends the round: both stay shown, the gate stays open. The
    second unit may leave `conditions` empty: it then signs those of the first.
    """
    transfer = _locked(gate.transfer_id)
    gate = Gate.objects.get(pk=gate.pk)
    gate.transfer = transfer
    unit = unit_of(by, transfer)
    spoken = list(gate.decisions.filter(round=gate.round, voided_at__isnull=True))
    other = next((said for said in spoken if said.unit != unit), None)
    conditions = [{"text": c["text"], "due_on": c["due_on"]} for c in conditions]
    if not conditions and other is not None and decision == other.decision:
        conditions = _dated(other.conditions)
    evidence = gather([transfer.pk], at=at)[transfer.pk]
    standing = list(rules.gate_blockers(gate.code, evidence))
    if by.is_sponsor_side:
        standing = [rules.for_both_units(blocker) for blocker in standing]
    ensure_clear(
        [
            *right_blockers(by, Right.DECIDE_GATE),
            *rules.decision_blockers(
                gate,
                decision=decision,
                conditions=conditions,
                reason=reason,
                unit=unit,
                by=by,
                spoken=spoken,
                standing=standing,
                today=at.date(),
            ),
        ]
    )
    with one_of_a_kind("unit_has_spoken", "This unit's word was given at the same moment.", gate):
        said = GateDecision.objects.create(
            gate=gate,
            sponsor_id=gate.sponsor_id,
            round=gate.round,
            unit=unit,
            decision=decision,
            by=by,
            by_name=by.full_name,
            at=at,
            reason=reason,
            conditions=_plain(conditions),
            blockers=[rules.shown_to_sponsor(blocker) for blocker in standing],
        )
    sign(
        record=said,
        verb="decide",
        meaning=decision_meaning(decision, unit),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="gate.decide",
        record=gate,
        by=by,
        at=at,
        reason=reason,
        new={"unit": unit, "decision": decision, "round": gate.round},
        shared=True,
    )
    if other is not None:
        _end_round(transfer, gate, said, other, conditions, at)
    _judge(transfer, at)
    return said


def _end_round(transfer, gate, said, other, conditions, at) -> None:
    """Both units have spoken: move the gate if they said the same; the next word is a new round."""
    gate.round += 1
    fields = ["round"]
    if said.decision == other.decision and said.conditions == other.conditions:
        gate.status, gate.decided_at = said.decision, at
        fields += ["status", "decided_at"]
        GateCondition.objects.bulk_create(
            GateCondition(gate=gate, sponsor_id=gate.sponsor_id, **condition)
            for condition in conditions
        )
        if gate.status in rules.PASSED:
            Gate.objects.filter(
                transfer=transfer, code=_after(gate.code), status=GateStatus.WAITING
            ).update(status=GateStatus.OPEN)
        closed = gate.code == rules.LAST and gate.status == GateStatus.GO
        _set_status(transfer, TransferStatus.CLOSED if closed else TRANSFER_AFTER[said.decision])
    gate.save(update_fields=fields)


@service
def meet_condition(*, condition, by, at, reason="") -> GateCondition:
    """Record that a condition has been met, and by what."""
    transfer = _locked(condition.gate.transfer_id)
    condition = GateCondition.objects.select_related("gate__transfer").get(pk=condition.pk)
    blockers = [*right_blockers(by, Right.DECIDE_GATE), *reason_blockers(reason, record=transfer)]
    if by.is_sponsor_side:
        blockers.append(
            Blocker("receiving_unit_only", "The receiving unit records this.", condition.gate)
        )
    if condition.met_at is not None or condition.voided_at is not None:
        blockers.append(
            Blocker("condition_closed", "This condition is not open any more.", condition.gate)
        )
    ensure_clear(blockers)
    condition.met_at, condition.met_by = at, by
    condition.save(update_fields=["met_at", "met_by"])
    record_event(verb="gate.meet_condition", record=condition.gate, by=by, at=at, reason=reason)
    _judge(transfer, at)
    return condition


@service
def reopen_gate(*, gate, by, at, proof: Proof, reason="") -> Gate:
    """Open a decided gate again, with a reason: it and every later gate lose their decisions."""
    transfer = _locked(gate.transfer_id)
    gate = Gate.objects.get(pk=gate.pk)
    gate.transfer = transfer
    blockers = [*right_blockers(by, Right.DECIDE_GATE), *rules.reopen_blockers(gate, reason)]
    if unit_of(by, transfer) is not Unit.RECEIVING:
        blockers.append(Blocker("receiving_unit_only", "The receiving unit reopens a gate.", gate))
    ensure_clear(blockers)
    for row in Gate.objects.filter(transfer=transfer, code__gte=gate.code).order_by("code"):
        _take_back(row, gate, by, at, reason)
    _set_status(transfer, TransferStatus.ACTIVE)
    gate.refresh_from_db()
    sign(
        record=gate,
        verb="reopen",
        meaning=REOPEN_MEANING,
        by=by,
        at=at,
        proof=proof,
        content={"record_type": gate.record_type, "gate": gate.key, "reason": reason},
        reason=reason,
    )
    record_event(verb="gate.reopen", record=gate, by=by, at=at, reason=reason, shared=True)
    _judge(transfer, at)
    return gate


def _take_back(row, gate, by, at, reason) -> None:
    why = f"{gate.key} was opened again: {reason}"
    for said in row.decisions.filter(voided_at__isnull=True):
        void_signatures(record=said, by=by, at=at, reason=why)
    row.decisions.filter(voided_at__isnull=True).update(voided_at=at)
    row.conditions.filter(met_at__isnull=True, voided_at__isnull=True).update(voided_at=at)
    row.status = GateStatus.OPEN if row.pk == gate.pk else GateStatus.WAITING
    row.round += 1
    row.decided_at = None
    row.save(update_fields=["status", "round", "decided_at"])


@service
def judge_gates(*, by, at) -> int:
    """Renew what both units are told stands in the way, on every transfer that is not over.

    Returns how many gates had changed. Judging again changes nothing more, so it may run twice.
    """
    # Always the transfer's row before its gates': whoever decides holds them in that order too.
    running = (
        TransferProject.objects.exclude(status__in=[TransferStatus.CLOSED, TransferStatus.STOPPED])
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)
    )
    return _renew([transfer.pk for transfer in running], at)


def _judge(transfer, at) -> None:
    _renew([transfer.pk], at)


def _renew(transfer_ids, at) -> int:
    evidence = gather(transfer_ids, at=at)
    changed = []
    for gate in Gate.objects.filter(transfer__in=transfer_ids).order_by("pk"):
        found = [] if gate.status in rules.PASSED else standing_of(gate, evidence)
        if gate.judged_at is None or found != gate.blockers:
            gate.blockers, gate.judged_at = found, at
            changed.append(gate)
    Gate.objects.bulk_update(changed, ["blockers", "judged_at"])
    return len(changed)


def standing_of(gate, evidence) -> list[dict]:
    """Return a gate's blockers as both units may read them."""
    found = rules.gate_blockers(gate.code, evidence[gate.transfer_id])
    return [rules.shown_to_sponsor(blocker) for blocker in found]


def _set_status(transfer, status) -> None:
    if transfer.status != status:
        transfer.status = status
        transfer.save(update_fields=["status"])


def _after(code: str) -> str:
    return f"G{int(code[1:]) + 1}"


def _plain(conditions) -> list[dict]:
    return [{"text": c["text"], "due_on": c["due_on"].isoformat()} for c in conditions]


def _dated(conditions) -> list[dict]:
    return [{"text": c["text"], "due_on": date.fromisoformat(c["due_on"])} for c in conditions]
