"""The gates of transfers as pages and REST show them, in words for whoever asks.

The staff see what stands in the way this moment. A sponsor's request runs as the sponsors'
database role, which sees no evidence before it is approved, so it is shown what was last judged.
"""

from dataclasses import dataclass, field

from cdmo.blockers import Ref
from techtransfer.projects.gathering import gather
from techtransfer.projects.models import Gate, GateCondition, GateDecision, TransferProject
from techtransfer.projects.rules import PASSED, gate_blockers, is_hard
from techtransfer.projects.states import Unit


@dataclass
class GatePicture:
    """One gate with what stands in its way and what was said about it."""

    gate: Gate
    blockers: list[dict]
    judged_at: object
    decisions: list[GateDecision] = field(default_factory=list)
    conditions: list[GateCondition] = field(default_factory=list)

    @property
    def slip_days(self) -> int | None:
        """Days that the forecast lies behind the plan; negative when it lies before it."""
        if self.gate.target_on is None or self.gate.forecast_on is None:
            return None
        return (self.gate.forecast_on - self.gate.target_on).days

    @property
    def this_round(self) -> list[GateDecision]:
        """The words of the round that is open, or of the last one that has ended."""
        standing = [said for said in self.decisions if said.voided_at is None]
        last = max((said.round for said in standing), default=0)
        return [said for said in standing if said.round == last]

    @property
    def waits_for(self) -> str:
        """The unit whose word is awaited, once the other has spoken in the open round."""
        said = [one for one in self.this_round if one.round == self.gate.round]
        units = [unit for unit in Unit if unit not in {one.unit for one in said}]
        return str(units[0].label) if len(said) == 1 else ""

    @property
    def earlier_words(self) -> list[GateDecision]:
        last = self.this_round
        return [said for said in self.decisions if said not in last]


def gates_of(transfer: TransferProject, *, by, at) -> list[GatePicture]:
    """Return the eight gates of one transfer, in order."""
    return pictures([transfer], by=by, at=at)[transfer.pk]


def pictured(gate: Gate, *, by, at) -> GatePicture:
    """Return one gate."""
    return next(p for p in gates_of(gate.transfer, by=by, at=at) if p.gate.pk == gate.pk)


def pictures(transfers, *, by, at) -> dict[int, list[GatePicture]]:
    """Return the gates of several transfers, in a number of queries that does not grow."""
    transfers = list(transfers)
    live = None if by.is_sponsor_side else gather([t.pk for t in transfers], at=at)
    found: dict[int, list[GatePicture]] = {t.pk: [] for t in transfers}
    by_id = {t.pk: t for t in transfers}
    gates = (
        Gate.objects.filter(transfer__in=transfers)
        .order_by("transfer_id", "code")
        .prefetch_related("decisions", "conditions")
    )
    for gate in gates:
        gate.transfer = by_id[gate.transfer_id]
        found[gate.transfer_id].append(
            GatePicture(
                gate=gate,
                blockers=gate.blockers if live is None else _live(gate, live),
                judged_at=gate.judged_at if live is None else at,
                decisions=sorted(gate.decisions.all(), key=lambda said: said.pk),
                conditions=sorted(gate.conditions.all(), key=lambda row: row.pk),
            )
        )
    return found


def _live(gate, evidence) -> list[dict]:
    if gate.status in PASSED:
        return []
    return [
        {
            **blocker.as_json(),
            "owner": blocker.owner,
            "hard": is_hard(blocker),
            "ref": Ref(blocker.record_type, blocker.record_key),
        }
        for blocker in gate_blockers(gate.code, evidence[gate.transfer_id])
    ]
