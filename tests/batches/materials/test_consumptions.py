from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from batches.manufacture.models import BatchStep, MasterBatchRecord, MasterStep
from batches.materials import services
from batches.materials.models import Consumption, Lot
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from tests.builders.materials import (
    AN_HOUR_AGO,
    YESTERDAY,
    a_batch,
    a_lot,
    a_released_batch,
    a_use,
)
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-07")]


def refusal(*args, **facts):
    with pytest.raises(Blocked) as refused:
        a_use(*args, **facts)
    assert all(blocker.message.endswith(".") for blocker in refused.value.blockers)
    return refused.value


def test_a_use_is_recorded_once_with_its_event_and_its_cause(cast):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1")

    use = a_use(cast, batch, lot, "12.50")

    assert (use.sponsor, str(use.quantity)) == (batch.sponsor, "12.50")
    assert AuditEvent.objects.get(verb="consumption.record").new["quantity"] == "12.50"
    assert Outbox.objects.filter(record_type="consumption", record_id=use.pk).count() == 1


def test_a_use_lists_every_objection_and_stores_nothing(cast):
    batch = a_batch(cast, "B-1", execution="on_hold", started_at=NOON)
    lot = a_lot(
        cast, "L-1", status="quarantine", sponsor=cast.ixaka, expires_at=AN_HOUR_AGO, quantity="5"
    )

    refused = refusal(cast, batch, lot, "10", by=cast.analyst)

    assert refused.codes == [
        "no_right",
        "batch_not_in_process",
        "before_start",
        "other_sponsor",
        "lot_not_released",
        "lot_expired",
        "over_stock",
    ]
    assert Consumption.objects.count() == 0


def test_a_use_over_stock_is_told_how_much_is_left(cast):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1", quantity="100")
    a_use(cast, batch, lot, "70.5")

    refused = refusal(cast, batch, lot, "30")

    assert refused.blockers[0].message == "30 mL of L-1: only 29.5 mL are left."
    a_use(cast, batch, lot, "29.5")
    assert "nothing is left" in refusal(cast, batch, lot, "0.000001").blockers[0].message


def test_a_cancelled_use_goes_back_into_stock_and_stays_on_record(cast):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1", quantity="10")
    use = a_use(cast, batch, lot, "10")

    services.cancel_consumption(
        consumption=use, by=cast.operator, at=NOON, reason="Wrong lot scanned."
    )

    assert Consumption.objects.get(pk=use.pk).cancelled_reason == "Wrong lot scanned."
    a_use(cast, batch, lot, "10")


def test_a_cancellation_lists_every_objection(cast):
    batch = a_batch(cast, "B-1")
    use = a_use(cast, batch, a_lot(cast, "L-1"))
    cancel = {"consumption": use, "at": NOON}
    services.cancel_consumption(by=cast.operator, reason="Wrong lot.", **cancel)
    type(batch).objects.filter(pk=batch.pk).update(execution="aborted")

    with pytest.raises(Blocked) as refused:
        services.cancel_consumption(by=cast.qa, reason=" ", **cancel)

    assert refused.value.codes == [
        "no_right",
        "already_cancelled",
        "batch_not_in_process",
        "reason_missing",
    ]


def test_a_use_cannot_be_cancelled_once_the_record_was_reviewed(cast):
    batch = a_batch(cast, "B-1")
    use = a_use(cast, batch, a_lot(cast, "L-1"))
    type(batch).objects.filter(pk=batch.pk).update(
        execution="completed", reviewed_at=NOON, reviewed_by=cast.qa
    )

    with pytest.raises(Blocked) as refused:
        services.cancel_consumption(consumption=use, by=cast.operator, at=NOON, reason="Wrong lot.")

    assert refused.value.codes == ["already_reviewed"]


def test_another_unit_is_refused_and_never_converted(cast):
    refused = refusal(cast, a_batch(cast), a_lot(cast, "L-1"), "1", unit="L")

    assert refused.codes == ["unit_differs"]
    assert "kept in mL, not in L" in refused.blockers[0].message


@pytest.mark.parametrize(
    ("used_at", "code"),
    [
        (NOON + timedelta(seconds=1), "in_the_future"),
        (YESTERDAY - timedelta(minutes=1), "before_start"),
    ],
)
def test_a_use_lies_between_the_start_of_the_batch_and_now(cast, used_at, code):
    lot = a_lot(cast, "L-1", received_at=YESTERDAY - timedelta(days=1))

    assert refusal(cast, a_batch(cast), lot, used_at=used_at).codes == [code]


def test_a_use_known_to_the_minute_is_not_before_a_start_in_that_minute(cast):
    at = AN_HOUR_AGO.replace(second=25, microsecond=7)
    batch = a_batch(cast, started_at=at)

    a_use(cast, batch, a_lot(cast, "L-1"), used_at=at.replace(second=0, microsecond=0))
    a_use(cast, batch, a_lot(cast, "L-2"), used_at=at.replace(microsecond=0))
    refused = refusal(cast, batch, a_lot(cast, "L-3"), used_at=at.replace(microsecond=6))

    assert refused.codes == ["before_start"]


@pytest.mark.parametrize("status", ["quarantine", "rejected"])
def test_a_lot_that_was_never_released_is_not_used(cast, status):
    assert refusal(cast, a_batch(cast), a_lot(cast, status=status)).codes == ["lot_not_released"]


def test_a_lot_released_after_its_use_was_not_released_at_its_use(cast):
    lot = a_lot(cast, "L-1", received_at=AN_HOUR_AGO)

    refused = refusal(cast, a_batch(cast), lot, used_at=AN_HOUR_AGO - timedelta(minutes=5))

    assert refused.codes == ["lot_not_released"]


def test_a_recalled_lot_takes_no_use_after_its_recall_but_an_earlier_one_is_kept_traceable(cast):
    batch, lot = a_batch(cast), a_lot(cast, "L-1", status="recalled")

    assert refusal(cast, batch, lot, used_at=AN_HOUR_AGO).codes == ["lot_recalled"]
    a_use(cast, batch, lot, used_at=AN_HOUR_AGO - timedelta(minutes=5))


def test_a_lot_is_good_until_the_instant_of_its_expiry(cast):
    batch, lot = a_batch(cast), a_lot(cast, "L-1", expires_at=AN_HOUR_AGO)

    assert refusal(cast, batch, lot, used_at=AN_HOUR_AGO).codes == ["lot_expired"]
    a_use(cast, batch, lot, used_at=AN_HOUR_AGO - timedelta(minutes=1))


def test_a_lot_of_another_sponsor_never_goes_into_a_batch(cast):
    batch = a_batch(cast)

    assert refusal(cast, batch, a_lot(cast, sponsor=cast.ixaka)).codes == ["other_sponsor"]
    a_use(cast, batch, a_lot(cast, sponsor=cast.kadimastem))
    a_use(cast, batch, a_lot(cast, sponsor=cast.cdmo))


def test_a_batch_of_another_sponsor_never_goes_into_a_batch(cast):
    other = a_released_batch(cast, "B-0", sponsor=cast.ixaka)

    assert refusal(cast, a_batch(cast), other).codes == ["other_sponsor"]


def test_a_source_batch_must_be_certified_unexpired_in_stock_and_large_enough(cast):
    batch = a_batch(cast, "B-1")
    yielded = {"execution": "completed", "yield_value": Decimal(100), "yield_unit": "mL"}
    pending = a_batch(cast, "B-2", **yielded)
    conditional = a_batch(cast, "B-3", disposition="conditional", inventory="available", **yielded)
    shipped = a_released_batch(
        cast, "B-4", inventory="shipped", expires_at=AN_HOUR_AGO, yield_value="5"
    )

    assert refusal(cast, batch, pending).codes == ["source_not_released"]
    assert "conditionally" in refusal(cast, batch, conditional).blockers[0].message
    assert refusal(cast, batch, shipped).codes == [
        "source_not_in_stock",
        "source_expired",
        "over_stock",
    ]
    assert refusal(cast, batch, a_released_batch(cast, "B-5"), unit="L").codes == ["unit_differs"]


@pytest.mark.parametrize("yields", [(None, ""), (None, "mL"), ("100", "")])
def test_nothing_is_taken_of_a_batch_whose_yield_is_not_recorded(cast, yields):
    source, batch = a_released_batch(cast, "B-0"), a_batch(cast, "B-1")
    value, unit = yields
    type(source).objects.filter(pk=source.pk).update(
        yield_value=Decimal(value) if value else None, yield_unit=unit
    )
    source.refresh_from_db()

    (blocker,) = refusal(cast, batch, source, "1").blockers

    assert blocker.code == "yield_unknown"
    assert "The yield of B-0 is not recorded" in blocker.message
    assert (blocker.record, blocker.owner) == (source, "Production supervisor")
    assert not Consumption.objects.exists()


def test_a_source_batch_released_after_the_use_was_not_released_at_the_use(cast):
    source = a_released_batch(cast, "B-0")
    type(source).objects.filter(pk=source.pk).update(disposed_at=NOON)

    assert refusal(cast, a_batch(cast), source).codes == ["source_not_released"]


def test_a_lot_made_by_a_batch_that_is_no_longer_released_is_not_used(cast):
    source = a_released_batch(cast, "B-0")
    lot = a_lot(cast, "L-1", origin="produced", produced_by=source)
    type(source).objects.filter(pk=source.pk).update(disposition="recalled", inventory="quarantine")

    assert refusal(cast, a_batch(cast), lot).codes == ["source_not_released"]


@pytest.mark.parametrize("word", ["recalled", "rejected"])
def test_nothing_made_of_what_was_recalled_since_is_used_however_far_back(cast, word):
    """Whoever released it has not decided anew yet: the released batch alone would look good."""
    origin, middle, source = a_lot(cast, "L-0"), a_batch(cast, "B-0"), a_batch(cast, "B-1")
    a_use(cast, middle, origin, used_at=YESTERDAY)
    released = {
        "execution": "completed",
        "disposition": "released",
        "inventory": "available",
        "disposed_at": YESTERDAY,
        "yield_value": Decimal(100),
        "yield_unit": "mL",
    }
    type(middle).objects.filter(pk=middle.pk).update(**released)
    middle.refresh_from_db()
    a_use(cast, source, middle, used_at=YESTERDAY + timedelta(minutes=1))
    type(source).objects.filter(pk=source.pk).update(**released)
    source.refresh_from_db()
    lot = a_lot(cast, "L-1", origin="produced", produced_by=source)
    Lot.objects.filter(pk=origin.pk).update(status=word, stopped_at=AN_HOUR_AGO)
    user = a_batch(cast, "B-2")

    for stuff in (source, lot):
        refused = refusal(cast, user, stuff, used_at=AN_HOUR_AGO + timedelta(minutes=1))
        assert refused.codes == ["origin_stopped"]
        assert "L-0" in refused.blockers[0].message
    a_use(cast, user, source, used_at=AN_HOUR_AGO - timedelta(minutes=1))


def a_step(cast, batch, code="S1"):
    """A step row of a batch: master records are the room above."""
    shared = {"sponsor": batch.sponsor}
    master, _ = MasterBatchRecord.objects.get_or_create(
        code="MBR-1",
        product=batch.product,
        process_version=batch.process_version,
        version=1,
        written_by=cast.supervisor,
        **shared,
    )
    line, _ = MasterStep.objects.get_or_create(master=master, position=1, code=code, **shared)
    return BatchStep.objects.create(
        batch=batch,
        master_step=line,
        position=1,
        code=code,
        kind="consumption",
        critical=False,
        mandatory=True,
        **shared,
    )


def test_a_use_belongs_to_a_step_of_its_own_batch(cast):
    batch, other, lot = a_batch(cast, "B-1"), a_batch(cast, "B-2"), a_lot(cast, "L-1")
    mine, theirs = a_step(cast, batch), a_step(cast, other)

    assert refusal(cast, batch, lot, step=theirs).codes == ["other_step"]
    sql_refuses("batches_consumption_own_step", cast, batch, lot=lot, step_id=theirs.pk)
    assert a_use(cast, batch, lot, step=mine).step == mine


def test_a_batch_is_not_made_from_itself(cast):
    batch = a_batch(cast)

    assert refusal(cast, batch, batch).codes == ["itself"]


@pytest.mark.statement("U-08")
def test_a_cycle_is_refused_however_long_and_through_produced_lots(cast):
    first = a_released_batch(cast, "B-1")
    second, third = a_batch(cast, "B-2"), a_batch(cast, "B-3")
    a_use(cast, second, a_lot(cast, "L-1", origin="produced", produced_by=first))
    type(second).objects.filter(pk=second.pk).update(
        disposition="released", inventory="available", execution="completed",
        yield_value=Decimal(100), yield_unit="mL",
    )  # fmt: skip
    a_use(cast, third, second)
    rows = type(first).objects
    rows.filter(pk=third.pk).update(
        disposition="released", inventory="available", execution="completed",
        yield_value=Decimal(100), yield_unit="mL",
    )  # fmt: skip
    rows.filter(pk=first.pk).update(execution="in_process")

    refused = refusal(cast, first, third)

    assert refused.codes == ["cycle"]
    assert "B-3 was itself made from B-1" in refused.blockers[0].message


def insert(cursor, cast, batch, *, lot=None, source=None, quantity="1", sponsor=None, **columns):
    """Write an edge with SQL alone: no service, no lock, no Python."""
    columns = {
        "batch_id": batch.pk,
        "lot_id": lot.pk if lot else None,
        "source_batch_id": source.pk if source else None,
        "sponsor_id": (sponsor or batch.sponsor).pk,
        "quantity": Decimal(quantity),
        "unit": "mL",
        "used_at": NOON,
        "recorded_at": NOON,
        "recorded_by_id": cast.operator.pk,
        "cancelled_reason": "",
        **columns,
    }
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    cursor.execute(
        f"INSERT INTO batches_consumption ({names}) VALUES ({marks})", list(columns.values())
    )


def sql_refuses(constraint, cast, batch, **edge):
    with (
        pytest.raises(IntegrityError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        insert(cursor, cast, batch, **edge)
    assert refused.value.__cause__.diag.constraint_name == constraint


def test_postgresql_holds_the_stock_of_a_lot_and_the_yield_of_a_batch(cast):
    batch = a_batch(cast, "B-1")
    lot, source = a_lot(cast, quantity="10"), a_released_batch(cast, "B-0", yield_value="10")
    a_use(cast, batch, lot, "6")
    a_use(cast, batch, source, "6")

    sql_refuses("batches_consumption_within_stock", cast, batch, lot=lot, quantity="4.000001")
    sql_refuses("batches_consumption_within_stock", cast, batch, source=source, quantity="4.1")


def test_postgresql_lets_nothing_be_taken_of_an_unknown_yield(cast):
    source = a_released_batch(cast, "B-0")
    type(source).objects.filter(pk=source.pk).update(yield_value=None)

    batch = a_batch(cast, "B-1")
    sql_refuses("batches_consumption_known_stock", cast, batch, source=source, quantity="1")


@pytest.mark.statement("U-08")
def test_postgresql_refuses_a_cycle(cast):
    first, second = a_released_batch(cast, "B-1"), a_batch(cast, "B-2")
    a_use(cast, second, first)

    sql_refuses("batches_consumption_no_cycle", cast, first, source=second)
    sql_refuses("batches_consumption_no_cycle", cast, first, source=first)


def test_postgresql_refuses_another_sponsors_material(cast):
    batch = a_batch(cast, "B-1")
    theirs = a_released_batch(cast, "B-0", sponsor=cast.ixaka)
    lot = a_lot(cast, sponsor=cast.ixaka)

    sql_refuses("batches_consumption_same_sponsor", cast, batch, lot=lot)
    sql_refuses("batches_consumption_same_sponsor", cast, batch, source=theirs)


@pytest.mark.parametrize(
    "change",
    [
        "quantity = 0.5",
        "unit = 'L'",
        "used_at = now()",
        "source_batch_id = batch_id, lot_id = NULL",
        "cancelled_at = NULL",
    ],
)
def test_postgresql_lets_a_use_be_cancelled_once_and_nothing_else(cast, change):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1")
    use = a_use(cast, batch, lot)
    if change == "cancelled_at = NULL":
        services.cancel_consumption(consumption=use, by=cast.operator, at=NOON, reason="Wrong lot.")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE batches_consumption SET {change} WHERE id = %s", [use.pk])


@pytest.mark.parametrize("quantity", ["0", "-1", "100000000000000"])
def test_postgresql_refuses_a_quantity_that_is_none(cast, quantity):
    lot = a_lot(cast, quantity="99999999999999.999999")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        insert(cursor, cast, a_batch(cast, "B-1"), lot=lot, quantity=quantity)
