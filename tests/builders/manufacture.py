"""Master batch records and batches brought to a state through the real services.

Each state builds on the one before: planned → issued → in process → performed → completed →
reviewed, an hour apart from NOON. Every builder takes the cast first and returns a fresh Batch.
"""

from datetime import timedelta
from decimal import Decimal

from batches.manufacture import services
from batches.manufacture.evidence import QualityReadiness
from batches.manufacture.models import Batch, BatchStep
from cdmo.portfolio.models import Product
from tests.builders.portfolio import a_product_ready_to_make
from tests.cast import NOON, proof_of

PLANNED, ISSUED, STARTED, STEPPED, COMPLETED, REVIEWED = (
    NOON + timedelta(hours=hours) for hours in range(6)
)
STEPS = (
    {"code": "CLEAR", "title": "Line clearance", "kind": "check", "critical": True},
    {
        "code": "SEED",
        "title": "Viability at seeding",
        "kind": "number",
        "unit": "%",
        "lower": Decimal("80"),
        "upper": Decimal("100"),
        "critical": True,
    },
    {"code": "FEED", "title": "Change of medium", "kind": "check"},
    {"code": "NOTE", "title": "Remarks", "kind": "text", "mandatory": False},
    {
        "code": "HARVEST",
        "title": "Cells at harvest",
        "kind": "number",
        "unit": "10*6",
        "lower": Decimal("50"),
    },
)
VALUES = {"CLEAR": "done", "SEED": "95.2", "FEED": "done", "HARVEST": "412.5"}


def quality(at=ISSUED, specification="SPEC-1") -> QualityReadiness:
    """QC's word as the release room would give it; tests of this floor say it themselves."""
    return QualityReadiness(specification=specification, at=at)


def a_master(cast, process_version, *, steps=STEPS, effective=True, code="", **facts):
    """Written by the supervisor, approved by QA."""
    count = process_version.masters.count() + 1
    master = services.write_master(
        code=code or f"MBR-{process_version.code}-{count}",
        process_version=process_version,
        steps=[dict(step) for step in steps],
        by=cast.supervisor,
        at=NOON,
        **facts,
    )
    if effective:
        master = services.approve_master(
            master=master, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    return master


def a_product_with_master(cast, code="ASTRORX", *, steps=STEPS, sponsor=None, **facts):
    """A product that may be made: agreements, process version, effective master. Made once."""
    found = Product.objects.filter(code=code).first()
    if found is not None:
        return found
    version = a_product_ready_to_make(cast, code, sponsor=sponsor, **facts)
    a_master(cast, version, steps=steps)
    return version.product


def a_planned_batch(cast, product=None, *, purpose="clinical", at=PLANNED, **facts) -> Batch:
    return services.plan_batch(
        product=product or a_product_with_master(cast),
        purpose=purpose,
        by=cast.planner,
        at=at,
        **facts,
    )


def an_issued_batch(cast, product=None, *, at=ISSUED, **facts) -> Batch:
    return services.issue_batch(
        batch=a_planned_batch(cast, product, **facts),
        quality=quality(at),
        by=cast.qa,
        at=at,
        proof=proof_of(cast.qa, at),
    )


def a_started_batch(cast, product=None, *, at=STARTED, **facts) -> Batch:
    return services.start_batch(
        batch=an_issued_batch(cast, product, **facts), by=cast.operator, at=at
    )


def step_of(batch, code) -> BatchStep:
    return BatchStep.objects.select_related("batch").get(batch=batch, code=code)


def perform(cast, batch, *, values=None, at=STEPPED, verify=True) -> None:
    """Perform every mandatory step as the operator; the supervisor verifies the critical ones."""
    values = {**VALUES, **(values or {})}
    for step in BatchStep.objects.filter(batch=batch, mandatory=True).select_related("batch"):
        services.perform_step(step=step, value=values.get(step.code, ""), by=cast.operator, at=at)
        if verify and step.critical:
            services.verify_step(step=step, by=cast.supervisor, at=at)


def a_performed_batch(cast, product=None, *, values=None, **facts) -> Batch:
    batch = a_started_batch(cast, product, **facts)
    perform(cast, batch, values=values)
    return batch


def a_completed_batch(
    cast, product=None, *, at=COMPLETED, yield_value=None, yield_unit="", **facts
) -> Batch:
    return services.complete_batch(
        yield_value=None if yield_value is None else Decimal(yield_value),
        yield_unit=yield_unit,
        batch=a_performed_batch(cast, product, **facts),
        by=cast.supervisor,
        at=at,
        proof=proof_of(cast.supervisor, at),
    )


def a_reviewed_batch(cast, product=None, *, at=REVIEWED, **facts) -> Batch:
    return services.review_batch(
        batch=a_completed_batch(cast, product, **facts),
        by=cast.qa,
        at=at,
        proof=proof_of(cast.qa, at),
    )
