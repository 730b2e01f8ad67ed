"""A batch's yield: measured in its record, given at completion, or recorded afterwards."""

from datetime import timedelta
from decimal import Decimal

import pytest

from batches.manufacture import services
from cdmo.blockers import Blocked
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import AuditEvent, Outbox
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import (
    COMPLETED,
    REVIEWED,
    STEPS,
    VALUES,
    a_completed_batch,
    a_performed_batch,
    a_planned_batch,
    a_product_with_master,
    a_reviewed_batch,
    step_of,
)
from tests.cast import proof_of

pytestmark = pytest.mark.django_db
LATER = REVIEWED + timedelta(days=2)
YIELD = {
    "code": "YIELD",
    "title": "Yield after filling",
    "kind": "number",
    "unit": "10*6",
    "lower": Decimal(100),
    "upper": Decimal(900),
}


def measuring(cast, **facts):
    """A product whose instructions measure the yield."""
    return a_product_with_master(cast, steps=(*STEPS, {**YIELD, **facts}))


def measured(cast, value="412.50", **facts):
    values = {**VALUES, "YIELD": value}
    return a_performed_batch(cast, measuring(cast, **facts), values=values)


def complete(cast, batch, **more):
    proof = proof_of(cast.supervisor, COMPLETED)
    return services.complete_batch(
        batch=batch, by=cast.supervisor, at=COMPLETED, proof=proof, **more
    )


def record(cast, batch, value="1620", unit="10*6", *, by=None, reason="Left out."):
    by = by or cast.supervisor
    return services.record_yield(
        batch=batch, yield_value=Decimal(value), yield_unit=unit, by=by, at=LATER,
        proof=proof_of(by, LATER), reason=reason,
    )  # fmt: skip


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


def signatures_stand(batch) -> set[str]:
    """Return the verbs whose signature stands and whose content is still what was signed."""
    return {
        signature.verb
        for signature in standing_signatures(batch)
        if sha256(canonical(batch.signed_content(signature.verb))) == signature.content_sha256
    }


def test_the_step_that_measures_the_yield_gives_the_batch_its_yield(cast):
    batch = complete(cast, measured(cast))

    assert (str(batch.yield_value), batch.yield_unit) == ("412.50", "10*6")


@pytest.mark.parametrize(
    "step",
    [
        {"code": "YIELD-1"},
        {"kind": "text", "lower": None, "upper": None},
        {"unit": ""},
    ],
    ids=["another-code", "no-number", "no-unit"],
)
def test_no_other_step_is_taken_for_the_yield(cast, step):
    values = {**VALUES, "YIELD": "412", "YIELD-1": "412"}
    batch = complete(cast, a_performed_batch(cast, measuring(cast, **step), values=values))

    assert batch.yield_value is None


def test_a_record_says_one_yield(cast):
    batch = measured(cast)

    assert refusal(lambda: complete(cast, batch, yield_value=Decimal(400))) == ["yield_differs"]
    assert refusal(
        lambda: complete(cast, batch, yield_value=Decimal("412.5"), yield_unit="mL")
    ) == ["yield_differs"]
    assert complete(cast, batch, yield_value=Decimal("412.5")).yield_unit == "10*6"


def test_a_corrected_yield_is_that_of_the_batch_once_it_is_signed_again(cast):
    batch = complete(cast, measured(cast))
    services.correct_step(
        step=step_of(batch, "YIELD"), value="420", by=cast.operator, at=COMPLETED, reason="Misread."
    )

    assert str(complete(cast, batch).yield_value) == "420"


def test_a_yield_without_its_unit_is_refused(cast):
    batch = a_performed_batch(cast)

    assert refusal(lambda: complete(cast, batch, yield_value=Decimal(5))) == ["yield_unit_missing"]


def test_a_yield_that_was_left_out_is_recorded_once_and_no_signature_is_touched(cast):
    batch = a_reviewed_batch(cast)
    before = signatures_stand(batch)

    batch = record(cast, batch)

    assert (str(batch.yield_value), batch.yield_unit) == ("1620", "10*6")
    assert batch.reviewed_at == REVIEWED
    assert signatures_stand(batch) == before | {"record-yield"} > {"complete", "review"}
    event = AuditEvent.objects.get(verb="batch.yield_recorded")
    assert (event.reason, event.new["yield_value"]) == ("Left out.", "1620")
    assert Outbox.objects.filter(cause=f"The yield of {batch.number} was recorded.").exists()
    assert refusal(lambda: record(cast, batch, "5")) == ["yield_recorded"]


def test_a_yield_changed_behind_its_signature_no_longer_agrees_with_it(cast):
    batch = record(cast, a_reviewed_batch(cast))
    type(batch).objects.filter(pk=batch.pk).update(yield_value=Decimal(9999))
    batch.refresh_from_db()

    assert "record-yield" not in signatures_stand(batch)


def test_recording_a_yield_lists_every_objection(cast):
    planned = a_planned_batch(cast)

    assert refusal(lambda: record(cast, planned, unit="", by=cast.operator, reason=" ")) == [
        "no_right",
        "not_completed",
        "yield_unit_missing",
        "no_reason",
    ]


def test_a_batch_that_is_completed_again_gives_up_a_yield_recorded_meanwhile(cast):
    batch = record(cast, a_completed_batch(cast))
    services.correct_step(
        step=step_of(batch, "SEED"), value="96", by=cast.operator, at=LATER, reason="Misread."
    )
    services.verify_step(step=step_of(batch, "SEED"), by=cast.supervisor, at=LATER)

    batch = complete(cast, batch, yield_value=Decimal(1700), yield_unit="10*6")

    assert str(batch.yield_value) == "1700"
    assert "record-yield" not in signatures_stand(batch)
    assert "complete" in signatures_stand(batch)
    assert batch.signed_content("complete")["yield"] == "1700"
