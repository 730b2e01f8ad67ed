from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from batches.materials import services, tasks
from batches.materials.models import Lot
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox, Signature
from cdmo.records.signatures import SignatureRefused
from tests.builders.materials import (
    AN_HOUR_AGO,
    a_batch,
    a_lot,
    a_material,
    a_released_batch,
    a_use,
)
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-07")]


def release(cast, lot, by=None, at=NOON):
    by = by or cast.qa
    return services.release_lot(lot=lot, by=by, at=at, proof=proof_of(by))


def test_a_received_lot_waits_in_quarantine_and_is_the_cdmos_own_stock(cast):
    lot = a_lot(cast, status="quarantine")

    assert (lot.status, lot.released_at, lot.sponsor) == ("quarantine", None, cast.cdmo)
    assert lot.number == "LOT-26-0001"
    assert lot.unit == lot.material.unit
    assert (
        AuditEvent.objects.filter(kind="event", verb="lot.receive", record=lot.number).count() == 1
    )


def test_a_quantity_keeps_the_digits_it_was_entered_with(cast):
    lot = a_lot(cast, "L-1", quantity="12.50")

    assert str(Lot.objects.get(pk=lot.pk).quantity) == "12.50"


def test_a_receipt_lists_every_objection_and_stores_nothing(cast):
    a_lot(cast, "L-1")
    batch = a_batch(cast, "B-1", execution="issued")

    with pytest.raises(Blocked) as refused:
        services.receive_lot(
            number="L-1",
            material=a_material(cast),
            quantity=Decimal(1),
            unit="m L",
            sponsor=cast.ixaka,
            origin="produced",
            produced_by=batch,
            donation_number="123",
            received_at=NOON + timedelta(minutes=1),
            by=cast.qa,
            at=NOON,
        )

    assert set(refused.value.codes) == {
        "no_right",
        "bad_unit",
        "in_the_future",
        "bad_donation_number",
        "not_made_yet",
        "other_sponsor",
        "number_taken",
    }
    assert Lot.objects.count() == 1


def test_a_lot_may_not_take_the_number_of_a_batch(cast):
    a_batch(cast, "B-1")

    with pytest.raises(Blocked) as refused:
        a_lot(cast, "B-1")

    assert refused.value.codes == ["number_taken"]


def test_a_generated_number_passes_over_one_that_somebody_typed(cast):
    a_lot(cast, "LOT-26-0001")

    assert a_lot(cast).number == "LOT-26-0002"


def test_a_lot_belongs_to_the_cdmo_or_to_a_sponsor(cast):
    supplier = type(cast.cdmo).objects.create(code="SUPPLY", name="Supply", roles=["supplier"])

    with pytest.raises(Blocked) as refused:
        a_lot(cast, sponsor=supplier)

    assert refused.value.codes == ["not_an_owner"]


def test_a_lot_has_an_owner_and_only_a_produced_one_a_batch(cast):
    batch = a_released_batch(cast, "B-1")
    refusals = []
    for facts in ({"origin": "produced"}, {"origin": "supplier", "produced_by": batch}):
        with pytest.raises(Blocked) as refused:
            a_lot(cast, **facts)
        refusals.append(refused.value.codes)
    type(cast.cdmo).objects.filter(pk=cast.cdmo.pk).update(roles=["laboratory"])
    with pytest.raises(Blocked) as refused:
        a_lot(cast)

    assert refusals == [["producer_missing"], ["not_produced"]]
    assert refused.value.codes == ["no_owner"]


def test_a_donation_needs_its_number_and_keeps_thirteen_characters_of_it(cast):
    with pytest.raises(Blocked) as refused:
        a_lot(cast, origin="donation")
    lot = a_lot(cast, origin="donation", donation_number="=G12349865432177")

    assert refused.value.codes == ["donation_number_missing"]
    assert lot.donation_number == "G123498654321"


def test_a_produced_lot_belongs_to_the_sponsor_of_its_batch(cast):
    batch = a_released_batch(cast, "B-1")

    assert a_lot(cast, origin="produced", produced_by=batch).sponsor == cast.kadimastem


def test_qa_releases_a_lot_with_a_signature_and_knocks_for_a_check(cast):
    lot = release(cast, a_lot(cast, "L-1", status="quarantine"))

    assert (lot.status, lot.released_at) == ("released", NOON)
    signature = Signature.objects.get(record_type="lot", record_id=lot.pk)
    assert (signature.verb, signature.by) == ("release", cast.qa)
    assert Outbox.objects.filter(record_type="lot", record_id=lot.pk).count() == 1


def test_a_release_needs_the_signers_own_proof(cast):
    lot = a_lot(cast, "L-1", status="quarantine")

    with pytest.raises(SignatureRefused):
        services.release_lot(lot=lot, by=cast.qa, at=NOON, proof=proof_of(cast.qa2))

    assert Lot.objects.get(pk=lot.pk).status == "quarantine"


def test_release_lists_every_objection_and_changes_nothing(cast):
    batch = a_batch(cast, "B-1")
    lot = a_lot(
        cast,
        "L-1",
        status="rejected",
        origin="produced",
        produced_by=batch,
        expires_at=AN_HOUR_AGO,
    )

    with pytest.raises(Blocked) as refused:
        release(cast, lot, by=cast.planner)

    assert refused.value.codes == [
        "no_right",
        "wrong_status",
        "own_receipt",
        "lot_expired",
        "batch_not_released",
    ]
    assert Lot.objects.get(pk=lot.pk).status == "rejected"


def test_a_second_release_is_refused(cast):
    lot = a_lot(cast, "L-1")

    with pytest.raises(Blocked) as refused:
        release(cast, lot)

    assert refused.value.codes == ["wrong_status"]


@pytest.mark.parametrize("verb", ["reject_lot", "recall_lot"])
def test_rejecting_and_recalling_need_a_reason(cast, verb):
    lot = a_lot(cast, "L-1", status="quarantine" if verb == "reject_lot" else "released")

    with pytest.raises(Blocked) as refused:
        getattr(services, verb)(lot=lot, by=cast.qa, at=NOON, proof=proof_of(cast.qa), reason="  ")

    assert refused.value.codes == ["reason_missing"]


def test_a_recall_keeps_what_the_forward_trace_found(cast):
    lot, batch = a_lot(cast, "L-1"), a_batch(cast, "B-1")
    a_use(cast, batch, lot)

    services.recall_lot(
        lot=lot, by=cast.qp, at=NOON, proof=proof_of(cast.qp), reason="Supplier's alert."
    )

    event = AuditEvent.objects.get(verb="lot.recall")
    assert [node["key"] for node in event.new["affected"]] == ["B-1"]
    assert Lot.objects.get(pk=lot.pk).status == "recalled"


def test_an_expired_lot_can_still_be_recalled_and_stopped_when_it_expired(cast):
    lot = a_lot(cast, "L-1", expires_at=AN_HOUR_AGO)
    services.expire_lots(by=None, at=NOON)

    recalled = services.recall_lot(
        lot=lot, by=cast.qa, at=NOON, proof=proof_of(cast.qa), reason="Supplier's alert."
    )

    assert (recalled.status, recalled.stopped_at) == ("recalled", AN_HOUR_AGO)


def test_the_sweep_expires_what_is_due_once(cast):
    due = a_lot(cast, "L-1", expires_at=NOON)
    a_lot(cast, "L-2", expires_at=NOON + timedelta(seconds=1))
    a_lot(cast, "L-3", status="quarantine", expires_at=AN_HOUR_AGO)
    a_lot(cast, "L-4")

    counts = [services.expire_lots(by=None, at=NOON), services.expire_lots(by=None, at=NOON)]

    assert counts == [1, 0]
    assert list(Lot.objects.filter(status="expired")) == [due]
    assert AuditEvent.objects.filter(verb="lot.expire").count() == 1


def test_the_task_is_one_knock_on_the_sweep(cast):
    a_lot(cast, "L-1", expires_at=AN_HOUR_AGO)

    assert [tasks.sweep(), tasks.sweep(later="argument")] == [1, 0]


def test_a_material_is_added_by_who_receives_goods_or_writes_masters(cast):
    a_material(cast, "M-1")
    with pytest.raises(Blocked) as refused:
        services.create_material(code="M-1", name="M", unit="m g", by=cast.analyst, at=NOON)

    assert refused.value.codes == ["no_right", "bad_unit", "code_taken"]


@pytest.mark.parametrize(
    "change",
    [
        "quantity = 5000",
        "unit = 'L'",
        "number = 'L-2'",
        "received_at = now()",
        "donation_number = 'X'",
        "produced_by_id = (SELECT id FROM batches_batch)",
        "status = 'thrown away'",
        "status = 'released', released_at = NULL",
    ],
)
def test_postgresql_keeps_what_was_received(cast, change):
    a_batch(cast, "B-1")
    lot = a_lot(cast, "L-1")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE batches_lot SET {change} WHERE id = %s", [lot.pk])


def test_postgresql_deletes_no_lot(cast):
    a_lot(cast, "L-1")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM batches_lot")


def test_available_is_what_was_received_less_what_stands(cast):
    lot, batch = a_lot(cast, "L-1", quantity="100"), a_batch(cast, "B-1")
    a_use(cast, batch, lot, "30.5")
    services.cancel_consumption(
        consumption=a_use(cast, batch, lot, "20"), by=cast.operator, at=NOON, reason="Typing error."
    )

    assert Lot.objects.with_available().get(pk=lot.pk).available == Decimal("69.5")
