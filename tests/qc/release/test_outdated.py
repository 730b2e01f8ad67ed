"""A check that time or new rules have overtaken is made again by itself, and only then."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.manufacture.models import Batch
from cdmo.accounts.models import Appointment
from cdmo.accounts.roles import Role
from cdmo.blockers import Blocked
from cdmo.portfolio.models import Agreement
from qc.release import rules, services
from qc.release.evidence import gather_evidence
from qc.release.models import ReleaseCheck
from qc.release.readiness import readiness_of
from qc.release.rules.lasting import valid_until
from qc.release.services import queueing
from qc.specifications.models import Specification
from tests.builders.manufacture import a_planned_batch, a_product_with_master
from tests.builders.release import (
    CERTIFIED,
    CHECKED,
    a_certified_batch,
    a_checked_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
)
from tests.cast import proof_of
from tests.concurrency import one_after_the_other

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-13")]

ENDS = CHECKED + timedelta(hours=3)
YEARS_LATER = ENDS + timedelta(days=9000)


def let_appointments_end(cast, at=ENDS):
    Appointment.objects.filter(role=Role.QP).update(valid_until=at)


def turns_of(batch, at=CHECKED, **more) -> list[datetime]:
    """Return every instant from which on time may turn an answer, in order."""
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    found = []
    while at := valid_until(evidence, at=at, **more):
        found.append(at)
    return found


def waiting(batch) -> list[str]:
    return list(
        ReleaseCheck.objects.filter(batch=batch, status="queued").values_list("cause", flat=True)
    )


def test_a_check_stands_until_the_first_date_in_its_evidence(cast):
    let_appointments_end(cast)
    batch = a_checked_batch(cast)

    assert check_now(batch).valid_until == ENDS


def test_an_agreement_ends_with_its_last_day_on_the_clock_of_the_site(cast):
    batch = a_tested_batch(cast)
    Agreement.objects.update(valid_until=date(2026, 11, 30))

    # Haifa is two hours ahead of UTC: its 30 November begins at 22:00 of the day before.
    assert {
        datetime(2026, 11, 29, 22, tzinfo=UTC),
        datetime(2026, 11, 30, 22, tzinfo=UTC),
    } <= set(turns_of(batch))


def test_before_the_start_a_coming_specification_is_a_date_to_wait_for(cast):
    product = a_product_to_release(cast)
    batch = a_planned_batch(cast, product)
    coming = date(2026, 12, 24)
    turns = datetime(2026, 12, 23, 22, tzinfo=UTC)

    assert turns in turns_of(batch, versions=[coming])
    assert turns not in turns_of(a_checked_batch(cast, product), versions=[coming])
    Specification.objects.update(effective_from=coming)
    eve = turns - timedelta(hours=5)
    services.request_check(batch=batch, by=cast.qa, at=eve)
    assert check_now(batch, at=eve).valid_until == turns


def test_every_kind_of_date_in_evidence_is_found_by_its_type():
    from qc.release.evidence.values import BatchFacts, Calibration, Lot, QualifiedPerson, Sample
    from qc.release.rules.lasting import _places

    assert [BatchFacts._fields[i] for i in _places(BatchFacts, datetime)] == [
        "issued_at",
        "started_at",
        "completed_at",
        "reviewed_at",
    ]
    assert [Calibration._fields[i] for i in _places(Calibration, date)] == [
        "performed_on",
        "due_on",
    ]
    assert "expires_at" in [Lot._fields[i] for i in _places(Lot, datetime)]
    assert "valid_until" in [QualifiedPerson._fields[i] for i in _places(QualifiedPerson, datetime)]
    assert [Sample._fields[i] for i in _places(Sample, date)] == []


def test_when_its_date_has_passed_a_check_is_made_again_and_the_verdict_turns(cast):
    let_appointments_end(cast)
    batch = a_checked_batch(cast)
    check_now(batch)

    assert services.queue_outdated(by=None, at=ENDS - timedelta(seconds=1)) == 0
    assert services.queue_outdated(by=None, at=ENDS) == 1
    assert services.queue_outdated(by=None, at=ENDS) == 0
    assert waiting(batch) == ["A date in the evidence has passed."]
    check = check_now(batch, at=ENDS)

    assert check.verdict == "blocked"
    assert check.valid_until > ENDS
    assert services.queue_outdated(by=None, at=YEARS_LATER) == 1
    assert check_now(batch, at=YEARS_LATER).valid_until is None
    assert services.queue_outdated(by=None, at=YEARS_LATER + timedelta(days=900)) == 0


def test_time_does_not_reach_back_to_a_released_batch(cast):
    batch = a_certified_batch(cast)
    let_appointments_end(cast)
    assert check_now(batch, at=CERTIFIED).valid_until is None

    assert services.queue_outdated(by=None, at=YEARS_LATER) == 0


def test_new_rules_refuse_the_check_of_the_old_ones_and_make_it_again(cast, monkeypatch):
    batch = a_checked_batch(cast)
    released = a_certified_batch(cast)
    check_now(released, at=CERTIFIED)
    monkeypatch.setattr(rules, "RULES_VERSION", "2099.1")
    monkeypatch.setattr(queueing, "RULES_VERSION", "2099.1")

    with pytest.raises(Blocked) as refusal:
        services.certify(batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED))
    assert refusal.value.codes == ["older_rules"]
    assert "Run a new check" in refusal.value.blockers[0].message
    assert readiness_of(batch, at=CERTIFIED).is_stale
    assert not readiness_of(Batch.objects.get(pk=released.pk), at=CERTIFIED).is_stale

    assert services.queue_outdated(by=None, at=CERTIFIED) == 1
    assert "2099.1" in waiting(batch)[0]
    assert check_now(batch, at=CERTIFIED).rules_version == "2099.1"
    assert not readiness_of(batch, at=CERTIFIED).is_stale
    services.certify(batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED))


def test_a_check_that_broke_is_tried_again_a_day_later(cast):
    let_appointments_end(cast)
    batch = a_checked_batch(cast)
    check_now(batch)
    services.queue_outdated(by=None, at=ENDS)
    ReleaseCheck.objects.filter(status="queued").update(status="failed", error="broke")

    assert services.queue_outdated(by=None, at=ENDS + timedelta(hours=23)) == 0
    assert services.queue_outdated(by=None, at=ENDS + timedelta(hours=25)) == 1


def test_the_sweep_is_one_question_and_one_answer_for_any_number_of_batches(cast):
    let_appointments_end(cast)
    product = a_product_to_release(cast)
    for _ in range(3):
        a_checked_batch(cast, product)

    with CaptureQueriesContext(connection) as asked:
        assert services.queue_outdated(by=None, at=ENDS) == 3

    assert len([q for q in asked if "qc_releasecheck" in q["sql"]]) == 2


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_queue_one_check(cast):
    let_appointments_end(cast)
    batch = a_checked_batch(cast)
    check_now(batch)

    def sweep():
        return services.queue_outdated(by=None, at=ENDS)

    one_after_the_other(sweep, sweep)

    assert len(waiting(batch)) == 1


def test_a_batch_without_a_check_is_left_to_the_change_that_made_it(cast):
    batch = a_planned_batch(cast, a_product_with_master(cast))

    assert services.queue_outdated(by=None, at=ENDS) == 0
    assert check_now(batch) is not None
