"""From any change that bears on a batch to a queued check; one waiting check a batch."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.deviations import services as deviations
from batches.manufacture.models import Batch
from batches.materials import services as materials
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from qc.laboratory import services as laboratory
from qc.laboratory.models import Result
from qc.release import services
from qc.release.models import ReleaseCheck
from qc.release.services.queueing import BEARS_ON, batches_of
from tests.builders.laboratory import a_result, a_sample
from tests.builders.materials import a_lot
from tests.builders.release import (
    CERTIFIED,
    CHECKED,
    a_certified_batch,
    a_checked_batch,
    a_made_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
    findings_of,
)
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-13")]

LATER = CERTIFIED + timedelta(days=1)


def queued(batch) -> list[str]:
    services.drain_outbox(by=None, at=LATER)
    return list(
        ReleaseCheck.objects.filter(batch=batch, status="queued").values_list("cause", flat=True)
    )


@pytest.mark.parametrize("record_type", sorted(BEARS_ON))
def test_every_kind_of_record_is_mapped_by_one_statement(record_type):
    with CaptureQueriesContext(connection) as captured:
        assert batches_of(record_type, [1, 2, 3]) == [] or record_type == "batch"
    assert len(captured) == 1


def test_a_record_that_bears_on_no_batch_queues_nothing():
    assert batches_of("document", [1]) == []


def test_ten_changes_make_one_waiting_check(cast):
    batch = a_checked_batch(cast)
    for number in range(10):
        deviations.raise_deviation(batch=batch, title=f"No {number}", by=cast.qa, at=LATER)

    assert len(queued(batch)) == 1
    assert not Outbox.objects.exists()


def test_a_deviation_a_result_and_a_sample_queue_their_batch(cast):
    batch = a_tested_batch(cast, results={"appearance": None})
    sample = batch.samples.get()
    check_now(batch)
    other = a_checked_batch(cast)
    services.drain_outbox(by=None, at=LATER)

    deviations.raise_deviation(batch=batch, title="Spill", by=cast.operator, at=LATER)
    assert queued(batch)
    check_now(batch, at=LATER)
    a_result(cast, sample, "appearance", "opaque", status="draft", at=LATER)
    laboratory.submit_results(
        results=list(Result.objects.filter(test="appearance", batch=batch)),
        by=cast.analyst,
        at=LATER,
    )
    assert queued(batch)
    check_now(batch, at=LATER)
    a_sample(cast, batch, at=LATER)
    assert queued(batch)
    assert not queued(other)


def test_recalling_a_lot_opens_everything_made_from_it_again(cast):
    product = a_product_to_release(cast)
    lot = a_lot(cast)
    component = a_tested_batch(cast, product, lot=lot)
    check_now(component)
    services.certify(batch=component, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED))
    component = Batch.objects.get(pk=component.pk)
    Batch.objects.filter(pk=component.pk).update(yield_value=100, yield_unit="mL", disposed_at=NOON)
    descendant = a_made_batch(cast, product, source=component)
    check_now(descendant, at=CERTIFIED)

    materials.recall_lot(
        lot=lot, by=cast.qa, at=LATER, proof=proof_of(cast.qa, LATER), reason="Supplier's alert."
    )

    assert check_now(component, at=LATER).verdict == "blocked"
    deep = findings_of(check_now(descendant, at=LATER))["RC-23"]
    assert deep["outcome"] == "fail"
    assert lot.number in deep["message"]
    assert AuditEvent.objects.filter(verb="batch.reopened", record=component.number).count() == 1


def test_a_late_failing_result_opens_a_released_batch_again_once(cast):
    batch = a_certified_batch(cast)
    check_now(batch, at=CERTIFIED)
    sample = a_sample(cast, batch, at=LATER)
    a_result(cast, sample, "viability", "12.0", at=LATER)

    check = check_now(batch, at=LATER)
    services.request_check(batch=batch, by=cast.qa, at=LATER)
    check_now(batch, at=LATER)

    assert check.verdict == "blocked"
    assert findings_of(check)["RC-03"]["outcome"] == "fail"
    assert Batch.objects.get(pk=batch.pk).disposition == "released"
    assert AuditEvent.objects.filter(verb="batch.reopened").count() == 1


def test_certifying_does_not_open_the_batch_again(cast):
    batch = a_certified_batch(cast)

    check = check_now(batch, at=LATER + timedelta(days=3650))

    assert check.verdict == "ready"
    assert not AuditEvent.objects.filter(verb="batch.reopened").exists()


def test_a_rejected_batch_is_not_checked_any_more(cast):
    from batches.manufacture.services import reject_batch

    batch = a_checked_batch(cast)
    reject_batch(batch=batch, by=cast.qa, at=LATER, proof=proof_of(cast.qa, LATER), reason="Spilt.")

    assert queued(batch) == []
    with pytest.raises(Blocked) as refusal:
        services.request_check(batch=Batch.objects.get(pk=batch.pk), by=cast.qa, at=LATER)
    assert refusal.value.codes == ["decided"]


def test_asking_twice_gives_the_same_waiting_check(cast):
    batch = a_checked_batch(cast)

    first = services.request_check(batch=batch, by=cast.qa, at=CHECKED)
    second = services.request_check(batch=batch, by=cast.qp, at=CHECKED)

    assert first.pk == second.pk


def test_whoever_has_no_right_asks_for_nothing(cast):
    batch = a_checked_batch(cast)

    with pytest.raises(Blocked) as refusal:
        services.request_check(batch=batch, by=cast.operator, at=CHECKED)

    assert refusal.value.codes == ["no_right"]
