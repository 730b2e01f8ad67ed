"""What a release check saw: frozen rows, exactly as PostgreSQL gave them.

Named tuples rather than dataclasses, on purpose: a set of 10,000 batches has 200,000 results and
150,000 inputs, and a named tuple is made from a row in a tenth of the time. Instants are in UTC,
quantities text as stored. There is no clock in here.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from cdmo.blockers import Ref
from cdmo.portfolio.authority import Coverage


class BatchFacts(NamedTuple):
    """The batch itself, its product, site, instructions; nothing of its disposition.

    What was decided on a batch is no evidence for deciding it; it would also make every check stale
    at the moment of certification.
    """

    id: int
    number: str
    sponsor_id: int
    sponsor: str
    product_id: int
    product: str
    modality: str
    allows_conditional: bool
    purpose: str
    execution: str
    site_id: int
    site: str
    timezone: str
    issued_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    reviewed_at: datetime | None
    reviewed_by: int | None
    yield_value: str | None
    yield_unit: str
    coi: str | None
    coi_product_id: int | None
    process_version: str
    process_version_id: int
    process_product_id: int
    process_site_id: int
    master_id: int | None


class MasterFacts(NamedTuple):
    """A version of the instructions."""

    id: int
    code: str
    status: str
    product_id: int
    process_version_id: int
    effective_from: date | None
    yield_unit: str
    yield_lower: str | None
    yield_upper: str | None


class MasterStep(NamedTuple):
    master_id: int
    code: str
    title: str
    critical: bool
    mandatory: bool


class Specification(NamedTuple):
    """A version of the requirements that was approved (or retired since)."""

    id: int
    product_id: int
    code: str
    stage: str
    version: int
    effective_from: date
    effective_until: date | None


class Line(NamedTuple):
    id: int
    specification_id: int
    position: int
    test: str
    method: str
    unit: str
    criterion: str
    rounding: str
    required: bool
    may_follow: bool
    surrogate: str
    turnaround_hours: int | None


class Sample(NamedTuple):
    id: int
    batch_id: int
    number: str
    kind: str
    taken_at: datetime
    taken_by: int


class Result(NamedTuple):
    batch_id: int
    id: int
    sample_id: int
    test: str
    line_id: int | None
    method_id: int | None
    instrument_id: int | None
    value: str
    unit: str
    status: str
    reportable: str
    verdict: str
    tested_at: datetime
    analyst: int
    reviewer: int | None


class Method(NamedTuple):
    id: int
    code: str
    version: int
    status: str
    validation: str
    needs_instrument: bool


class Instrument(NamedTuple):
    id: int
    code: str
    timezone: str


class Calibration(NamedTuple):
    instrument_id: int
    performed_on: date
    due_on: date
    passed: bool


class Step(NamedTuple):
    batch_id: int
    id: int
    code: str
    title: str
    critical: bool
    mandatory: bool
    status: str
    value: str
    unit: str
    in_limits: bool | None
    has_limits: bool
    was_out: bool
    performed_by: int | None
    performed_at: datetime | None
    verified_by: int | None
    corrected_by: int | None


class Input(NamedTuple):
    """One consumption that stands: of a lot, or of another batch."""

    batch_id: int
    lot_id: int | None
    source_batch_id: int | None
    quantity: str
    unit: str
    used_at: datetime
    recorded_by: int


class Lot(NamedTuple):
    id: int
    number: str
    material: str
    origin: str
    status: str
    expires_at: datetime | None
    released_at: datetime | None
    stopped_at: datetime | None
    donation_number: str
    produced_by: int | None


class Ancestor(NamedTuple):
    """A batch that went into this one, directly or through others.

    `overdrawn`: whether more was used of it than it yielded; None when nobody can say, because no
    yield is on record or uses were recorded in other units than the yield's (`other_units`).
    """

    id: int
    number: str
    product: str
    disposition: str
    yield_value: str | None
    yield_unit: str
    other_units: str
    overdrawn: bool | None


class Deviation(NamedTuple):
    batch_id: int
    number: str
    classification: str
    status: str
    step_id: int | None


class Oos(NamedTuple):
    batch_id: int
    number: str
    result_id: int
    status: str
    conclusion: str


class Scan(NamedTuple):
    batch_id: int
    handover: str
    coi: str
    matched: bool
    at: datetime
    by: int


class Start(NamedTuple):
    """Who started manufacture, and who witnessed it as a second person."""

    batch_id: int
    by: int | None
    witness: int | None


class SignatureFacts(NamedTuple):
    """A signature under the batch that stands."""

    batch_id: int
    verb: str
    by: int
    at: datetime


class Justified(NamedTuple):
    batch_id: int
    rule: str
    message: str
    rationale: str
    by_name: str
    at: datetime


class TrailLine(NamedTuple):
    """A change of the batch or of a part of it that no service of the application made."""

    batch_id: int
    id: int
    record_type: str
    record: str
    at: datetime


class TrailReview(NamedTuple):
    """The last review of the batch's audit trail, and the lines that it explains."""

    batch_id: int
    number: str
    accepted: bool
    explained: list[int]
    by: int
    at: datetime


class QualifiedPerson(NamedTuple):
    """An appointment of an active person as Qualified Person of a site."""

    site_id: int
    user_id: int
    email: str
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class BatchEvidence:
    """Everything the rules may look at for one batch, and the canonical JSON of it."""

    batch: BatchFacts
    master: MasterFacts | None
    master_steps: tuple[MasterStep, ...]
    specifications: tuple[Specification, ...]
    lines: tuple[Line, ...]
    samples: dict[int, Sample]
    results: list[Result]
    methods: dict[int, Method]
    instruments: dict[int, Instrument]
    calibrations: list[Calibration]
    steps: list[Step]
    inputs: list[Input]
    lots: dict[int, Lot]
    ancestors: list[Ancestor]
    ancestor_inputs: list[Input]
    deviations: list[Deviation]
    oos: list[Oos]
    scans: list[Scan]
    starts: list[Start]
    signatures: list[SignatureFacts]
    qualified_persons: tuple[QualifiedPerson, ...]
    coverage: Coverage
    justifications: list[Justified]
    trail: list[TrailLine]
    trail_review: TrailReview | None
    people: dict[int, str]
    canonical: bytes = b""

    @property
    def ref(self) -> Ref:
        return Ref("batch", self.batch.number)

    @property
    def in_force(self) -> list[Result]:
        """Results that count: neither invalidated nor superseded, not of a stability sample."""
        return [
            r
            for r in self.results
            if r.status in IN_FORCE and self.samples[r.sample_id].kind not in NOT_FOR_RELEASE
        ]

    @property
    def approved(self) -> list[Result]:
        return [r for r in self.in_force if r.status == "approved"]

    def name_of(self, user_id: int | None) -> str:
        return self.people.get(user_id, "somebody")


IN_FORCE = frozenset({"draft", "submitted", "approved"})
NOT_FOR_RELEASE = frozenset({"stability", "retention"})
