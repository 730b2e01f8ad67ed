"""Every change takes its right: whoever has none is told, and nothing changes."""

import pytest

from batches.deviations import services as deviations
from batches.manufacture import services
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent
from tests.builders.manufacture import (
    REVIEWED,
    STEPS,
    a_master,
    a_product_with_master,
    a_started_batch,
    quality,
    step_of,
)
from tests.cast import proof_of

pytestmark = pytest.mark.django_db

CHANGES = {
    "plan": lambda on, who: services.plan_batch(product=on.product, purpose="clinical", **who),
    "plan for": lambda on, who: services.plan_batch_for(
        product=on.product, purpose="clinical", **who
    ),
    "change": lambda on, who: services.change_batch(batch=on.batch, reason="x", **who),
    "issue": lambda on, who: services.issue_batch(
        batch=on.batch, quality=quality(REVIEWED), proof=on.proof, **who
    ),
    "start": lambda on, who: services.start_batch(batch=on.batch, **who),
    "hold": lambda on, who: services.hold_batch(batch=on.batch, reason="x", **who),
    "resume": lambda on, who: services.resume_batch(batch=on.batch, reason="x", **who),
    "complete": lambda on, who: services.complete_batch(batch=on.batch, proof=on.proof, **who),
    "record-yield": lambda on, who: services.record_yield(
        batch=on.batch, yield_value=1, yield_unit="g", proof=on.proof, reason="x", **who
    ),
    "abort": lambda on, who: services.abort_batch(
        batch=on.batch, proof=on.proof, reason="x", **who
    ),
    "review": lambda on, who: services.review_batch(batch=on.batch, proof=on.proof, **who),
    "reject": lambda on, who: services.reject_batch(
        batch=on.batch, proof=on.proof, reason="x", **who
    ),
    "recall": lambda on, who: services.recall_batch(
        batch=on.batch, proof=on.proof, reason="x", **who
    ),
    "perform": lambda on, who: services.perform_step(step=on.step, value="", **who),
    "verify": lambda on, who: services.verify_step(step=on.step, **who),
    "leave out": lambda on, who: services.mark_not_applicable(step=on.step, reason="x", **who),
    "correct": lambda on, who: services.correct_step(step=on.step, value="", reason="x", **who),
    "write": lambda on, who: services.write_master(
        code="M-9", process_version=on.batch.process_version, steps=STEPS, **who
    ),
    "rewrite": lambda on, who: services.change_master(master=on.draft, reason="x", **who),
    "copy": lambda on, who: services.copy_master(master=on.batch.master, **who),
    "retire": lambda on, who: services.retire_master(master=on.batch.master, reason="x", **who),
    "approve": lambda on, who: services.approve_master(master=on.draft, proof=on.proof, **who),
    "raise": lambda on, who: deviations.raise_deviation(batch=on.batch, title="x", **who),
    "reword": lambda on, who: deviations.change_deviation(
        deviation=on.deviation, title="y", reason="x", **who
    ),
    "classify": lambda on, who: deviations.classify_deviation(
        deviation=on.deviation, classification="minor", **who
    ),
    "close": lambda on, who: deviations.close_deviation(
        deviation=on.deviation, conclusion="x", proof=on.proof, **who
    ),
}


class Records:
    """One of each record that a change may be tried on."""

    def __init__(self, cast):
        self.product = a_product_with_master(cast)
        self.batch = a_started_batch(cast, self.product)
        self.step = step_of(self.batch, "CLEAR")
        self.draft = a_master(cast, self.product.process_versions.get(), effective=False)
        self.deviation = deviations.raise_deviation(
            batch=self.batch, title="Alarm", by=cast.operator, at=REVIEWED
        )


@pytest.mark.statement("P-15")
@pytest.mark.parametrize("change", CHANGES)
def test_without_the_right_nothing_changes_and_the_refusal_says_who_may(cast, change):
    on = Records(cast)
    before = AuditEvent.objects.count()

    for by in (cast.auditor, cast.kadimastem_reader, cast.admin):
        on.proof = proof_of(by, REVIEWED)
        with pytest.raises(Blocked) as refused:
            CHANGES[change](on, {"by": by, "at": REVIEWED})
        told = next(b for b in refused.value.blockers if b.code == "no_right")
        assert by.full_name in told.message
        assert told.owner

    assert AuditEvent.objects.count() == before


@pytest.mark.statement("P-15")
def test_every_change_of_these_rooms_is_tried_here():
    public = {
        name
        for module in (services, deviations)
        for name, function in vars(module).items()
        if getattr(function, "is_service", False) and function.__module__.startswith("batches.")
    }
    # `dispose` is called by QC's release room alone, inside its own change and after its rules.
    assert len(public - {"dispose"}) == len(CHANGES)
