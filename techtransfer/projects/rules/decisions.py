"""What stands in the way of a person deciding a gate, and of the two units of a transfer. Pure."""

from cdmo.blockers import Blocker, Ref
from cdmo.states import move_blockers
from techtransfer.projects.rules.gates import is_hard
from techtransfer.projects.states import DECISIONS, Decision, GateStatus, Unit

LAST = "G7"


def decision_blockers(gate, *, decision, conditions, reason, unit, by, spoken, standing, today):
    """Yield every objection to this person's saying this word about this gate now.

    `spoken`: this round's decisions so far; `standing`: what `gate_blockers` yielded.
    """
    if unit is None:
        yield Blocker(
            "no_unit",
            f"{by.full_name} speaks neither for the sending nor for the receiving unit.",
            record=gate,
            owner="Sponsor's transfer lead, Project manager or Quality assurance",
        )
    yield from move_blockers(gate, DECISIONS)
    for said in spoken:
        if said.unit == unit:
            yield Blocker(
                "unit_has_spoken",
                f"{said.by_name} has already said “{said.get_decision_display().lower()}” for the "
                f"{Unit(unit).label.lower()}; the other unit's word is awaited.",
                record=gate,
            )
        elif said.by_id == by.pk:
            yield Blocker("both_units", "Nobody may decide a gate for both units.", record=gate)
    yield from _words_wanted(gate, decision, conditions, reason, today)
    if decision == Decision.GO:
        yield from standing
    elif decision == Decision.CONDITIONAL_GO:
        yield from (blocker for blocker in standing if is_hard(blocker))


def _words_wanted(gate, decision, conditions, reason, today):
    if decision in {Decision.NO_GO, Decision.HOLD} and not (reason or "").strip():
        yield Blocker("reason_missing", "No go and hold need a reason.", record=gate)
    if decision != Decision.CONDITIONAL_GO:
        if conditions:
            yield Blocker(
                "conditions_not_wanted", "Only a go with conditions has conditions.", record=gate
            )
        return
    if gate.code == LAST:
        yield Blocker(
            "last_gate", "No gate follows that could wait for a condition of G7.", record=gate
        )
    if not conditions:
        yield Blocker("conditions_missing", "A go with conditions needs at least one.", record=gate)
    for condition in conditions:
        if condition["due_on"] < today:
            yield Blocker(
                "condition_in_the_past",
                f"“{condition['text']}” would have been due already.",
                record=gate,
            )


def reopen_blockers(gate, reason):
    """Yield what stands against opening a decided gate again."""
    if gate.status in {GateStatus.WAITING, GateStatus.OPEN, GateStatus.HOLD}:
        yield Blocker("wrong_status", f"{gate.key} has not been decided.", record=gate)
    if not (reason or "").strip():
        yield Blocker("reason_missing", "Opening a gate again needs a reason.", record=gate)


def unit_blockers(sending_unit, receiving_unit):
    """Yield an objection to a transfer from an organisation to itself."""
    if sending_unit.pk == receiving_unit.pk:
        yield Blocker(
            "same_unit",
            f"{sending_unit.code} cannot transfer to itself.",
            record=Ref("organisation", sending_unit.code),
        )
