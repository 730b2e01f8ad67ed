"""Two people pressing at the same moment: one succeeds, one is told. Effects are counted."""

import pytest

from batches.manufacture import services
from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.states import MasterStatus
from cdmo.records.models import AuditEvent, Signature
from tests.builders.manufacture import (
    COMPLETED,
    ISSUED,
    STARTED,
    STEPPED,
    a_completed_batch,
    a_master,
    a_planned_batch,
    a_product_with_master,
    a_started_batch,
    an_issued_batch,
    quality,
    step_of,
)
from tests.cast import NOON, proof_of
from tests.concurrency import one_after_the_other

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("U-19")]


def test_two_people_record_one_step_once(cast):
    batch = a_started_batch(cast)
    mine, theirs = step_of(batch, "CLEAR"), step_of(batch, "CLEAR")

    told = one_after_the_other(
        lambda: services.perform_step(step=mine, value="yes", by=cast.operator, at=STEPPED),
        lambda: services.perform_step(step=theirs, value="ok", by=cast.operator2, at=STEPPED),
    )

    assert told.codes == ["already_performed"]
    assert step_of(batch, "CLEAR").value == "yes"
    assert AuditEvent.objects.filter(verb="step.performed").count() == 1


def test_two_people_issue_one_batch_once(cast):
    batch = a_planned_batch(cast)

    def issue(by):
        return services.issue_batch(
            batch=batch, quality=quality(), by=by, at=ISSUED, proof=proof_of(by, ISSUED)
        )

    told = one_after_the_other(lambda: issue(cast.qa), lambda: issue(cast.qa2))

    assert told.codes == ["wrong_status"]
    assert BatchStep.objects.filter(batch=batch).count() == 5
    assert Signature.objects.filter(record_type="batch", verb="issue").count() == 1


def test_two_people_start_one_batch_once(cast):
    batch = an_issued_batch(cast)

    told = one_after_the_other(
        lambda: services.start_batch(batch=batch, by=cast.operator, at=STARTED),
        lambda: services.start_batch(batch=batch, by=cast.operator2, at=STEPPED),
    )

    assert told.codes == ["wrong_status"]
    assert Batch.objects.get(pk=batch.pk).started_at == STARTED
    assert AuditEvent.objects.filter(verb="batch.started").count() == 1


def test_two_people_review_one_batch_once(cast):
    batch = a_completed_batch(cast)

    def review(by):
        return services.review_batch(
            batch=batch, by=by, at=COMPLETED, proof=proof_of(by, COMPLETED)
        )

    told = one_after_the_other(lambda: review(cast.qa), lambda: review(cast.qa2))

    assert told.codes == ["already_reviewed"]
    assert Signature.objects.filter(record_type="batch", verb="review").count() == 1


def test_a_correction_and_a_review_at_once_never_leave_a_review_of_another_record(cast):
    batch = a_completed_batch(cast)
    step = step_of(batch, "FEED")

    told = one_after_the_other(
        lambda: services.correct_step(
            step=step, value="yes", by=cast.operator, at=COMPLETED, reason="typo"
        ),
        lambda: services.review_batch(
            batch=batch, by=cast.qa, at=COMPLETED, proof=proof_of(cast.qa, COMPLETED)
        ),
    )

    assert told.codes == ["completion_not_signed"]
    assert Batch.objects.get(pk=batch.pk).reviewed_at is None


def test_two_people_taking_one_number_one_is_told(cast):
    product = a_product_with_master(cast)

    def plan():
        return services.plan_batch(
            product=product, purpose="clinical", number="B-1", by=cast.planner, at=NOON
        )

    assert one_after_the_other(plan, plan).codes == ["number_taken"]
    assert Batch.objects.filter(number="B-1").count() == 1


def test_two_masters_approved_at_once_leave_one_effective(cast):
    product = a_product_with_master(cast)
    version = product.process_versions.get()
    drafts = [a_master(cast, version, effective=False) for _ in range(2)]

    def approve(master, by):
        return services.approve_master(master=master, by=by, at=NOON, proof=proof_of(by))

    second = one_after_the_other(
        lambda: approve(drafts[0], cast.qa), lambda: approve(drafts[1], cast.qa2)
    )

    assert second == drafts[1]
    effective = version.masters.filter(status=MasterStatus.EFFECTIVE)
    assert list(effective) == [drafts[1]]
