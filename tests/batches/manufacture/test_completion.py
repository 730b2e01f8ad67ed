"""Completion, review, abortion, disposition."""

from datetime import timedelta
from decimal import Decimal

import pytest

from batches.deviations.services import classify_deviation, raise_deviation
from batches.manufacture import services
from batches.manufacture.evidence import ReleaseEvidence
from batches.manufacture.states import Disposition, Execution, Inventory
from batches.materials.models import Consumption
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import (
    COMPLETED,
    REVIEWED,
    STEPPED,
    a_completed_batch,
    a_master,
    a_performed_batch,
    a_planned_batch,
    a_product_with_master,
    a_reviewed_batch,
    a_started_batch,
    perform,
    step_of,
)
from tests.cast import appoint, proof_of

pytestmark = pytest.mark.django_db
EVIDENCE = ReleaseEvidence(check="1", sha256="0" * 64, verdict="ready")


def complete(cast, batch, *, by=None, **more):
    by = by or cast.supervisor
    return services.complete_batch(
        batch=batch, by=by, at=COMPLETED, proof=proof_of(by, COMPLETED), **more
    )


def review(cast, batch, *, by=None, at=REVIEWED):
    by = by or cast.qa
    return services.review_batch(batch=batch, by=by, at=at, proof=proof_of(by, at))


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


@pytest.mark.statement("P-14")
@pytest.mark.statement("U-10")
@pytest.mark.statement("U-14")
def test_completion_lists_every_gap_and_changes_nothing(cast):
    batch = a_started_batch(cast)
    perform(cast, batch, values={"SEED": "70", "CLEAR": "yes"}, verify=False)
    harvest = step_of(batch, "HARVEST")
    harvest.status, harvest.performed_by, harvest.performed_at = "open", None, None
    harvest.save()

    codes = refusal(lambda: complete(cast, batch, by=cast.operator))

    assert codes == [
        "no_right",
        "step_unverified",
        "step_unverified",
        "excursion_without_deviation",
        "step_open",
    ]
    batch.refresh_from_db()
    assert batch.execution == Execution.IN_PROCESS
    assert not standing_signatures(batch, verb="complete").exists()


def test_completion_sets_the_expiry_from_the_shelf_life(cast):
    product = a_product_with_master(cast, shelf_life_minutes=72 * 60)

    batch = a_completed_batch(cast, product)

    assert batch.completed_at == COMPLETED
    assert batch.expires_at == COMPLETED + timedelta(hours=72)
    assert standing_signatures(batch, verb="complete").get().by == cast.supervisor


def test_a_step_that_uses_material_needs_a_consumption(cast):
    product = a_product_with_master(
        cast, steps=[{"code": "THAW", "title": "Thaw the bank", "kind": "consumption"}]
    )
    batch = a_performed_batch(cast, product)

    assert refusal(lambda: complete(cast, batch)) == ["nothing_consumed"]
    source = a_reviewed_batch(
        cast, a_product_with_master(cast, "BANK"), yield_value="9", yield_unit="1"
    )
    Consumption.objects.create(
        sponsor=batch.sponsor, batch=batch, source_batch=source, step=step_of(batch, "THAW"),
        quantity=1, unit="1", used_at=STEPPED, recorded_by=cast.operator, recorded_at=STEPPED,
    )  # fmt: skip
    assert complete(cast, batch).execution == Execution.COMPLETED


def yield_batch(cast):
    product = a_product_with_master(cast)
    version = product.process_versions.get()
    a_master(
        cast,
        version,
        yield_unit="10*6",
        yield_lower=Decimal(100),
        yield_upper=Decimal(500),
    )
    return a_performed_batch(cast, product)


def test_a_yield_within_limits_is_recorded(cast):
    batch = yield_batch(cast)

    assert refusal(lambda: complete(cast, batch)) == ["yield_missing"]
    assert refusal(lambda: complete(cast, batch, yield_value=Decimal(200), yield_unit="g")) == [
        "yield_unit"
    ]
    batch = complete(cast, batch, yield_value=Decimal("412.5"))
    assert (batch.yield_value, batch.yield_unit) == (Decimal("412.5"), "10*6")


@pytest.mark.parametrize("value", ["99.999999", "500.000001"])
def test_a_yield_outside_its_limits_demands_a_deviation_about_it(cast, value):
    batch = yield_batch(cast)
    arguments = {"yield_value": Decimal(value), "yield_unit": "10*6"}
    raise_deviation(batch=batch, title="Something else", by=cast.operator, at=STEPPED)

    assert refusal(lambda: complete(cast, batch, **arguments)) == ["yield_without_deviation"]
    raise_deviation(batch=batch, title="Yield", concerns_yield=True, by=cast.operator, at=STEPPED)
    assert complete(cast, batch, **arguments).execution == Execution.COMPLETED


def test_a_completed_batch_is_not_completed_again_while_its_signature_stands(cast):
    batch = a_completed_batch(cast)

    assert refusal(lambda: complete(cast, batch)) == ["already_completed"]


def test_after_a_correction_production_signs_again_before_the_review(cast):
    batch = a_completed_batch(cast)
    services.correct_step(
        step=step_of(batch, "FEED"), value="yes", by=cast.operator, at=COMPLETED, reason="typo"
    )

    assert refusal(lambda: review(cast, batch)) == ["completion_not_signed"]
    again = complete(cast, batch)
    assert again.completed_at == COMPLETED
    assert review(cast, batch).reviewed_by == cast.qa


def test_review_is_signed_by_somebody_who_had_no_hand_in_it(cast):
    batch = review(cast, a_completed_batch(cast))

    assert (batch.reviewed_by, batch.reviewed_at) == (cast.qa, REVIEWED)
    assert standing_signatures(batch, verb="review").get().by == cast.qa
    assert AuditEvent.objects.get(verb="batch.reviewed").shared


@pytest.mark.statement("P-33")
def test_whoever_worked_on_the_batch_does_not_review_it(cast):
    batch = a_completed_batch(cast)
    for name in ("operator", "supervisor"):
        appoint(getattr(cast, name), "qa")
        del getattr(cast, name).rights, getattr(cast, name).roles

    for by in (cast.operator, cast.supervisor):
        assert refusal(lambda by=by: review(cast, batch, by=by)) == ["own_work"]


@pytest.mark.statement("P-33")
def test_whose_correction_was_corrected_by_somebody_else_does_not_review_either(cast):
    appoint(cast.qa2, "supervisor")
    batch = a_performed_batch(cast)
    for by, value in ((cast.qa2, "411"), (cast.supervisor, "412")):
        services.correct_step(
            step=step_of(batch, "HARVEST"), value=value, by=by, at=STEPPED, reason="Misread."
        )
    step = step_of(batch, "HARVEST")
    assert cast.qa2.pk not in {step.performed_by_id, step.corrected_by_id}

    complete(cast, batch)
    assert refusal(lambda: review(cast, batch, by=cast.qa2)) == ["own_work"]
    assert review(cast, batch).reviewed_by == cast.qa


@pytest.mark.statement("P-14")
def test_review_waits_for_completion_and_is_done_once(cast):
    batch = a_performed_batch(cast)
    assert refusal(lambda: review(cast, batch)) == ["not_completed"]

    review(cast, complete(cast, batch))
    assert refusal(lambda: review(cast, batch, by=cast.qa2)) == ["already_reviewed"]


def test_review_waits_for_every_deviation_to_be_classified(cast):
    batch = a_completed_batch(cast)
    deviation = raise_deviation(batch=batch, title="Spill", by=cast.operator, at=COMPLETED)

    assert refusal(lambda: review(cast, batch)) == ["deviation_unclassified"]
    classify_deviation(deviation=deviation, classification="minor", by=cast.qa, at=COMPLETED)
    assert review(cast, batch).reviewed_at == REVIEWED


def test_abortion_needs_quality_assurance_and_a_reason(cast):
    batch = a_started_batch(cast)

    def abort(by=cast.qa, reason="contaminated; destroyed"):
        return services.abort_batch(
            batch=batch, by=by, at=STEPPED, proof=proof_of(by, STEPPED), reason=reason
        )

    assert refusal(lambda: abort(by=cast.operator, reason="")) == ["no_right", "no_reason"]
    assert abort().execution == Execution.ABORTED
    assert refusal(abort) == ["wrong_status"]
    assert refusal(lambda: perform(cast, batch)) == ["not_in_process"]


def dispose(batch, verb="certify", by=None):
    return services.dispose(batch=batch, verb=verb, evidence=EVIDENCE, by=by, at=REVIEWED)


def test_only_a_completed_and_reviewed_batch_is_disposed_of(cast):
    assert refusal(lambda: dispose(a_started_batch(cast))) == ["not_completed"]
    batch = a_completed_batch(cast)
    assert refusal(lambda: dispose(batch)) == ["not_reviewed"]

    released = dispose(review(cast, batch), by=cast.qp)

    assert released.disposition == Disposition.RELEASED
    assert released.inventory == Inventory.AVAILABLE
    event = AuditEvent.objects.get(verb="batch.certified")
    assert event.new["release_check"] == "1"
    assert refusal(lambda: dispose(batch)) == ["wrong_status"]


def test_conditional_release_goes_before_the_final_one(cast):
    batch = a_reviewed_batch(cast)

    assert dispose(batch, "certify-conditionally").disposition == Disposition.CONDITIONAL
    assert refusal(lambda: dispose(batch, "certify-conditionally")) == ["wrong_status"]
    assert dispose(batch).disposition == Disposition.RELEASED


def test_rejection_is_signed_with_a_reason_and_final(cast):
    batch = a_completed_batch(cast)

    def reject(by=cast.qa, reason="confirmed out of specification"):
        return services.reject_batch(
            batch=batch, by=by, at=REVIEWED, proof=proof_of(by, REVIEWED), reason=reason
        )

    assert refusal(lambda: reject(by=cast.supervisor, reason="")) == ["no_right", "no_reason"]
    assert reject(by=cast.qp).disposition == Disposition.REJECTED
    assert standing_signatures(batch, verb="reject").get().by == cast.qp
    assert refusal(reject) == ["wrong_status"]
    assert refusal(lambda: dispose(batch))[0] == "wrong_status"


def test_a_planned_batch_is_aborted_not_rejected(cast):
    batch = a_planned_batch(cast)

    with pytest.raises(Blocked) as refused:
        services.reject_batch(
            batch=batch, by=cast.qa, at=REVIEWED, proof=proof_of(cast.qa), reason="no"
        )
    assert refused.value.codes == ["nothing_to_reject"]


def test_work_on_a_rejected_batch_stops(cast):
    batch = a_started_batch(cast)
    services.reject_batch(
        batch=batch, by=cast.qa, at=STEPPED, proof=proof_of(cast.qa), reason="mixed up"
    )

    assert refusal(lambda: perform(cast, batch)) == ["already_decided"]
    assert "already_decided" in refusal(lambda: complete(cast, batch))
    assert refusal(
        lambda: services.hold_batch(batch=batch, by=cast.qa, at=STEPPED, reason="x")
    ) == ["already_decided"]


def test_recall_names_everything_made_from_the_batch(cast):
    product = a_product_with_master(cast, "ACT-LVV")
    vector = dispose(a_reviewed_batch(cast, product, yield_value="240", yield_unit="mL"))
    users = [a_started_batch(cast) for _ in range(2)]
    for user in users:
        Consumption.objects.create(
            sponsor=user.sponsor, batch=user, source_batch=vector, quantity=1, unit="mL",
            used_at=STEPPED, recorded_by=cast.operator, recorded_at=STEPPED,
        )  # fmt: skip

    def recall(by=cast.qp):
        return services.recall_batch(
            batch=vector, by=by, at=REVIEWED, proof=proof_of(by), reason="late growth"
        )

    assert refusal(lambda: recall(by=cast.operator)) == ["no_right"]
    recalled = recall()
    assert (recalled.disposition, recalled.inventory) == (
        Disposition.RECALLED,
        Inventory.QUARANTINE,
    )
    event = AuditEvent.objects.get(verb="batch.recalled")
    assert event.new["descendants"] == sorted(user.number for user in users)


def test_a_batch_that_was_not_released_is_not_recalled(cast):
    batch = a_reviewed_batch(cast)

    with pytest.raises(Blocked) as refused:
        services.recall_batch(
            batch=batch, by=cast.qp, at=REVIEWED, proof=proof_of(cast.qp), reason="x"
        )
    assert refused.value.codes == ["wrong_status"]


def test_a_hold_and_its_end_need_reasons_and_the_clock_is_kept(cast):
    batch = a_started_batch(cast)

    def hold(reason="freezer alarm"):
        return services.hold_batch(batch=batch, by=cast.operator, at=STEPPED, reason=reason)

    def resume(reason="12 minutes of 30 allowed"):
        later = STEPPED + timedelta(minutes=12)
        return services.resume_batch(batch=batch, by=cast.supervisor, at=later, reason=reason)

    assert refusal(lambda: hold("")) == ["no_reason"]
    assert refusal(resume) == ["wrong_status"]
    assert hold().held_at == STEPPED
    assert refusal(lambda: resume(" ")) == ["no_reason"]
    assert resume().execution == Execution.IN_PROCESS
    assert AuditEvent.objects.get(verb="batch.resumed").new == {"held_minutes": 12}
