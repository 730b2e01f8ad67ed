"""Steps: order, two people, limits, late entries, corrections."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from batches.deviations.services import raise_deviation
from batches.manufacture import services
from batches.manufacture.models import BatchStep
from batches.manufacture.states import StepStatus
from batches.manufacture.values import NotAValue
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import (
    COMPLETED,
    ISSUED,
    REVIEWED,
    STARTED,
    STEPPED,
    a_completed_batch,
    a_reviewed_batch,
    a_started_batch,
    an_issued_batch,
    step_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(cast):
    return a_started_batch(cast)


def perform(cast, batch, code, value="", *, by=None, at=STEPPED, **more):
    return services.perform_step(
        step=step_of(batch, code), value=value, by=by or cast.operator, at=at, **more
    )


def verify(cast, batch, code, *, by=None):
    return services.verify_step(step=step_of(batch, code), by=by or cast.supervisor, at=STEPPED)


def correct(cast, batch, code, value, *, by=None, reason="misread", at=STEPPED):
    return services.correct_step(
        step=step_of(batch, code), value=value, by=by or cast.operator, at=at, reason=reason
    )


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


def deviate(cast, batch, code):
    return raise_deviation(
        batch=batch, step=step_of(batch, code), title="Out", by=cast.operator, at=STEPPED
    )


def test_a_step_keeps_what_was_typed_and_who_did_it(cast, batch):
    perform(cast, batch, "CLEAR")
    step = perform(cast, batch, "SEED", "95.20", comment="second count")

    assert (step.value, str(step.number), step.in_limits) == ("95.20", "95.20", True)
    assert (step.performed_by, step.performed_at) == (cast.operator, STEPPED)
    assert step.recorded_at == STEPPED
    assert Outbox.objects.filter(record_type="step", record_id=step.pk).exists()


@pytest.mark.statement("P-14")
@pytest.mark.statement("U-10")
def test_mandatory_steps_are_done_in_order(cast, batch):
    assert refusal(lambda: perform(cast, batch, "HARVEST", "400")) == [
        "earlier_step_open",
        "earlier_step_open",
        "earlier_step_open",
    ]
    perform(cast, batch, "CLEAR")
    perform(cast, batch, "SEED", "95")
    perform(cast, batch, "FEED")
    assert perform(cast, batch, "HARVEST", "400").status == StepStatus.PERFORMED


def test_a_step_is_performed_once(cast, batch):
    perform(cast, batch, "CLEAR")

    assert refusal(lambda: perform(cast, batch, "CLEAR", "no", by=cast.operator2)) == [
        "already_performed"
    ]
    assert step_of(batch, "CLEAR").value == "done"


@pytest.mark.statement("P-14")
def test_steps_are_recorded_only_in_process(cast, batch):
    services.hold_batch(batch=batch, by=cast.operator, at=STARTED, reason="alarm")

    assert refusal(lambda: perform(cast, batch, "CLEAR")) == ["on_hold"]
    services.resume_batch(batch=batch, by=cast.qa, at=STEPPED, reason="within its hold time")
    perform(cast, batch, "CLEAR")
    issued = an_issued_batch(cast)
    assert refusal(lambda: perform(cast, issued, "CLEAR", by=cast.analyst)) == [
        "no_right",
        "not_in_process",
    ]


def test_what_is_no_value_changes_nothing(cast, batch):
    perform(cast, batch, "CLEAR")

    with pytest.raises(NotAValue, match="Use a point"):
        perform(cast, batch, "SEED", "12,5")
    assert step_of(batch, "SEED").status == StepStatus.OPEN


@pytest.mark.statement("P-36")
def test_nobody_verifies_an_own_step(cast, batch):
    perform(cast, batch, "CLEAR", by=cast.supervisor)

    assert refusal(lambda: verify(cast, batch, "CLEAR")) == ["own_step"]


@pytest.mark.statement("P-36")
def test_the_database_knows_that_two_people_are_two(cast, batch):
    step = perform(cast, batch, "CLEAR")

    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        BatchStep.objects.filter(pk=step.pk).update(verified_by=cast.operator, verified_at=STEPPED)


@pytest.mark.statement("P-36")
def test_a_critical_step_takes_somebody_who_may_verify(cast, batch):
    perform(cast, batch, "CLEAR")
    perform(cast, batch, "SEED", "90")
    perform(cast, batch, "FEED")

    assert refusal(lambda: verify(cast, batch, "CLEAR", by=cast.operator2)) == ["no_right"]
    assert refusal(lambda: verify(cast, batch, "FEED", by=cast.analyst)) == ["no_right"]
    assert verify(cast, batch, "FEED", by=cast.operator2).verified_by == cast.operator2
    assert verify(cast, batch, "CLEAR").status == StepStatus.VERIFIED


def test_an_open_step_and_a_verified_one_are_not_verified(cast, batch):
    assert refusal(lambda: verify(cast, batch, "CLEAR")) == ["not_performed"]
    perform(cast, batch, "CLEAR")
    verify(cast, batch, "CLEAR")
    assert refusal(lambda: verify(cast, batch, "CLEAR")) == ["already_verified"]


@pytest.mark.statement("P-36")
@pytest.mark.statement("U-12")
def test_an_excursion_demands_a_deviation_before_it_is_verified(cast, batch):
    perform(cast, batch, "CLEAR")
    step = perform(cast, batch, "SEED", "79.9")

    assert (step.in_limits, step.was_out) == (False, True)
    assert AuditEvent.objects.filter(verb="step.out_of_limits", record=step.key).exists()
    assert refusal(lambda: verify(cast, batch, "SEED")) == ["excursion_without_deviation"]
    deviate(cast, batch, "SEED")
    assert verify(cast, batch, "SEED").status == StepStatus.VERIFIED


def test_only_a_step_that_is_not_mandatory_is_left_out_and_with_a_reason(cast, batch):
    def leave_out(code, by=cast.supervisor, reason="nothing to remark"):
        return services.mark_not_applicable(
            step=step_of(batch, code), by=by, at=STEPPED, reason=reason
        )

    assert refusal(lambda: leave_out("FEED")) == ["mandatory_step"]
    assert refusal(lambda: leave_out("NOTE", by=cast.operator, reason=" ")) == [
        "no_right",
        "no_reason",
    ]
    assert leave_out("NOTE").status == StepStatus.NOT_APPLICABLE
    assert refusal(lambda: perform(cast, batch, "NOTE", "x"))[0] == "not_applicable"


@pytest.mark.statement("P-35")
def test_a_late_entry_has_both_times_and_says_why(cast, batch):
    done = STEPPED - timedelta(minutes=40)

    assert refusal(lambda: perform(cast, batch, "CLEAR", performed_at=done)) == [
        "late_without_comment"
    ]
    step = perform(cast, batch, "CLEAR", performed_at=done, comment="gloves were on")
    assert (step.performed_at, step.recorded_at) == (done, STEPPED)


@pytest.mark.statement("P-35")
def test_a_step_is_done_neither_in_the_future_nor_before_the_start(cast, batch):
    assert refusal(
        lambda: perform(cast, batch, "CLEAR", performed_at=STEPPED + timedelta(minutes=1))
    ) == ["in_future"]
    assert refusal(lambda: perform(cast, batch, "CLEAR", performed_at=ISSUED, comment="late")) == [
        "before_start"
    ]


@pytest.mark.statement("P-10")
def test_a_correction_keeps_the_first_value_and_takes_back_the_verification(cast, batch):
    perform(cast, batch, "CLEAR")
    perform(cast, batch, "SEED", "95")
    verify(cast, batch, "SEED")

    correct(cast, batch, "SEED", "96")
    step = correct(cast, batch, "SEED", "97", by=cast.operator2)

    assert (step.value, step.first_value, step.status) == ("97", "95", StepStatus.PERFORMED)
    assert (step.performed_by, step.corrected_by) == (cast.operator, cast.operator2)
    assert step.verified_by is None
    changes = AuditEvent.objects.filter(
        kind="change",
        verb="update",
        record_type="step",
        record_id=step.pk,
        new__has_key="value",
    )
    assert [change.old["value"] for change in changes.order_by("id")] == ["", "95", "96"]
    assert {change.reason for change in changes.filter(old__value__in=["95", "96"])} == {"misread"}


@pytest.mark.statement("P-36")
def test_whoever_corrected_a_step_does_not_verify_it(cast, batch):
    perform(cast, batch, "CLEAR")
    correct(cast, batch, "CLEAR", "no", by=cast.supervisor)
    deviate(cast, batch, "CLEAR")

    assert refusal(lambda: verify(cast, batch, "CLEAR")) == ["own_step"]


def test_a_correction_needs_a_reason_and_a_value_to_correct(cast, batch):
    assert refusal(lambda: correct(cast, batch, "CLEAR", "no", reason=" ")) == [
        "not_performed",
        "no_reason",
    ]


def test_a_value_out_of_limits_is_brought_back_only_by_a_second_person(cast, batch):
    perform(cast, batch, "CLEAR")
    perform(cast, batch, "SEED", "9.5")

    for by in (cast.operator, cast.operator2):
        assert refusal(lambda by=by: correct(cast, batch, "SEED", "95", by=by)) == [
            "out_of_limits_needs_second_person"
        ]
    step = correct(cast, batch, "SEED", "95", by=cast.supervisor)
    assert (step.in_limits, step.was_out, step.first_value) == (True, True, "9.5")


@pytest.mark.statement("P-22")
def test_a_correction_after_review_voids_the_signatures_and_the_review(cast):
    batch = a_reviewed_batch(cast)
    assert {s.verb for s in standing_signatures(batch)} == {"issue", "complete", "review"}

    correct(cast, batch, "FEED", "yes", at=REVIEWED)

    batch.refresh_from_db()
    assert batch.reviewed_at is None
    assert batch.reviewed_by is None
    assert {s.verb for s in standing_signatures(batch)} == {"issue"}
    event = AuditEvent.objects.get(verb="batch.review_voided")
    assert (event.record, event.by, event.reason) == (batch.number, cast.operator, "misread")
    assert Outbox.objects.filter(cause__contains="no longer stands").exists()


def test_after_completion_only_a_corrected_critical_step_is_verified(cast):
    batch = a_completed_batch(cast)

    def verify_now(code):
        services.verify_step(step=step_of(batch, code), by=cast.supervisor, at=COMPLETED)

    assert refusal(lambda: verify_now("FEED")) == ["verification_not_asked"]
    assert standing_signatures(batch, verb="complete").exists()
    correct(cast, batch, "SEED", "96", at=COMPLETED)
    verify_now("SEED")
    assert step_of(batch, "SEED").status == StepStatus.VERIFIED
    assert not standing_signatures(batch, verb="complete").exists()


def test_work_on_an_unsigned_record_voids_nothing(cast, batch):
    perform(cast, batch, "CLEAR")
    correct(cast, batch, "CLEAR", "yes")

    assert {s.verb for s in standing_signatures(batch)} == {"issue"}
    assert not AuditEvent.objects.filter(verb="batch.review_voided").exists()
