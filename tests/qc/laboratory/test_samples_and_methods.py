"""Samples by their identifier; methods approved by somebody who did not write them."""

from datetime import timedelta

import pytest

from cdmo.blockers import Blocked
from cdmo.records.models import Outbox, Signature
from qc.laboratory import services
from qc.laboratory.models import Method, Sample
from tests.builders.laboratory import a_method, a_sample, codes_of
from tests.builders.manufacture import STARTED, a_started_batch
from tests.cast import NOON, proof_of

AT = STARTED + timedelta(hours=1)


def test_a_sample_gets_a_number_and_its_batchs_sponsor(cast):
    batch = a_started_batch(cast)

    sample = a_sample(cast, batch, at=AT)

    assert sample.number == f"SMP-{AT:%y}-0001"
    assert sample.sponsor_id == batch.sponsor_id
    assert Outbox.objects.filter(record_type="sample", record_id=sample.pk).exists()


def test_a_samples_number_is_given_once(cast):
    batch = a_started_batch(cast)
    a_sample(cast, batch, at=AT, number="CLB001")

    with pytest.raises(Blocked) as refusal:
        a_sample(cast, batch, at=AT, number="CLB001")

    assert codes_of(refusal) == {"taken"}
    assert str(refusal.value) == "There is already a sample CLB001."


@pytest.mark.parametrize("number", ["A/1", " A1", "A1 ", "..", ".a", "A\n1", "A\\1"])
def test_a_number_that_cannot_stand_in_an_address_is_refused(cast, number):
    batch = a_started_batch(cast)

    with pytest.raises(Blocked) as refusal:
        a_sample(cast, batch, at=AT, number=number)

    assert codes_of(refusal) == {"bad_number"}


def test_a_sample_is_not_taken_in_the_future_nor_by_whom_it_is_not_the_work(cast):
    batch = a_started_batch(cast)

    with pytest.raises(Blocked) as refusal:
        a_sample(cast, batch, at=AT, taken_at=AT + timedelta(hours=1), by=cast.qp)

    assert codes_of(refusal) == {"no_right", "in_the_future"}
    assert not Sample.objects.exists()


@pytest.mark.statement("P-33")
def test_a_method_is_approved_by_somebody_who_did_not_write_it(cast):
    method = services.write_method(code="FLOW-01", name="Flow", by=cast.reviewer, at=NOON)

    with pytest.raises(Blocked) as refusal:
        services.approve_method(
            method=method, by=cast.reviewer, at=NOON, proof=proof_of(cast.reviewer)
        )
    assert codes_of(refusal) == {"own_text"}

    approved = services.approve_method(method=method, by=cast.qa, at=NOON, proof=proof_of(cast.qa))
    assert (approved.status, approved.approved_at) == ("approved", NOON)
    assert Signature.objects.get(record_type="method").by_id == cast.qa.pk
    with pytest.raises(Blocked) as refusal:
        services.approve_method(method=method, by=cast.qa, at=NOON, proof=proof_of(cast.qa))
    assert codes_of(refusal) == {"wrong_status"}


def test_a_methods_code_is_given_once_and_not_by_everybody(cast):
    a_method(cast, "FLOW-01")

    with pytest.raises(Blocked) as refusal:
        services.write_method(code="FLOW-01", name="Again", by=cast.analyst, at=NOON)
    assert codes_of(refusal) == {"taken"}
    with pytest.raises(Blocked) as refusal:
        services.write_method(code="FLOW-02", name="Other", by=cast.operator, at=NOON)
    assert codes_of(refusal) == {"no_right"}
    assert Method.objects.count() == 1
