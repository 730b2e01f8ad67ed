"""What the gates of a transfer are judged on: frozen values, gathered by `gathering`.

`shown_as`: what a sponsor is shown instead of a record that stays inside until it is closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cdmo.blockers import Ref
from cdmo.portfolio.authority import Coverage


@dataclass(frozen=True, slots=True)
class Fact:
    """A record with its status; `parent` is the code of what it hangs on."""

    record_type: str
    key: str
    status: str
    parent: str = ""
    shown_as: Ref | None = None


@dataclass(frozen=True, slots=True)
class BatchFact:
    """A batch of the product at the receiving site."""

    key: str
    purpose: str
    execution: str
    disposition: str
    reviewed: bool
    record_type: str = "batch"


@dataclass(frozen=True, slots=True)
class LineFact:
    """A required line of the specification in force: its method and that method's status."""

    test: str
    method: str
    method_status: str | None


@dataclass(frozen=True, slots=True)
class ConditionFact:
    """A condition of a conditional go that has not been met."""

    gate: str
    text: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class TransferEvidence:
    """Everything known of one transfer on one day."""

    transfer: Ref
    product: Ref
    today: date
    sending_unit: str
    receiving_unit: str
    site: str
    target_on: date | None
    planned_batches: int
    coverage: Coverage
    gates: Mapping[str, str]
    processes: tuple[Fact, ...] = ()
    versions: tuple[Fact, ...] = ()
    masters: tuple[Fact, ...] = ()
    specifications: tuple[Fact, ...] = ()
    lines: Mapping[str, tuple[LineFact, ...]] = field(default_factory=dict)
    batches: tuple[BatchFact, ...] = ()
    deviations: tuple[Fact, ...] = ()
    conditions: tuple[ConditionFact, ...] = ()

    def gate(self, code: str) -> Ref:
        return Ref("transfer_gate", f"{self.transfer.key}/{code}")

    @property
    def specification_in_force(self) -> Fact | None:
        return next((s for s in self.specifications if s.status == "in_force"), None)
