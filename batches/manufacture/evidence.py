"""What manufacture needs to hear from others before a batch moves: frozen values.

QC stands above this floor. Issue and disposition *require* its word as a value; only the release
room fills them in.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class QualityReadiness:
    """QC's word at one instant on what a batch will be judged against."""

    specification: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseEvidence:
    """The release check that a decision of a Qualified Person rests on."""

    check: str
    sha256: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One identity scan of a patient's batch, oldest first in a list."""

    handover: str
    matched: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """The executed record of one batch, as its completion and review are judged.

    `deviated_steps` are ids of steps with a deviation; `consuming_steps` those with a consumption;
    `loose_consumptions` counts consumptions that name no step.
    """

    steps: tuple
    deviated_steps: frozenset[int]
    consuming_steps: frozenset[int]
    loose_consumptions: int
    yield_deviation: bool

    @property
    def people(self) -> frozenset[int]:
        """Everyone who performed, corrected or verified a step."""
        return frozenset(
            pk
            for step in self.steps
            for pk in (step.performed_by_id, step.verified_by_id, step.corrected_by_id)
            if pk is not None
        )
