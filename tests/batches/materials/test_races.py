"""Two people at once: effects are counted, not final states."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import sleep

import pytest
from django.db import IntegrityError, connection, transaction

from batches.manufacture.models import Batch
from batches.materials.models import Consumption, Lot
from batches.materials.services import expire_lots, receive_lot, release_lot
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Signature
from tests.batches.materials.test_consumptions import insert
from tests.builders.materials import (
    AN_HOUR_AGO,
    a_batch,
    a_lot,
    a_material,
    a_released_batch,
    a_use,
)
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("U-19")]


def at_once(*acts):
    """Run all acts at the same moment, each on its own connection. Returns results or refusals."""
    ready = Barrier(len(acts), timeout=20)

    def run(act):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '15s'")
            ready.wait()
            return act()
        except (Blocked, IntegrityError) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_the_last_of_a_lot_goes_to_one_batch_and_the_other_is_told(cast):
    lot = a_lot(cast, "L-1", quantity="10")
    batches = [a_batch(cast, f"B-{n}") for n in range(4)]

    answers = at_once(*(lambda b=b: a_use(cast, b, lot, "10") for b in batches))

    refused = [answer for answer in answers if isinstance(answer, Blocked)]
    assert [codes for answer in refused for codes in answer.codes] == ["over_stock"] * 3
    assert all("nothing is left" in answer.blockers[0].message for answer in refused)
    assert Consumption.objects.count() == 1
    assert AuditEvent.objects.filter(verb="consumption.record").count() == 1


def test_postgresql_gives_the_last_of_a_lot_once_without_any_service(cast):
    lot = a_lot(cast, "L-1", quantity="10")
    batches = [a_batch(cast, f"B-{n}") for n in range(4)]

    answers = at_once(*(lambda b=b: raw(cast, b, lot=lot, quantity="10") for b in batches))

    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 3
    assert Consumption.objects.count() == 1


def test_two_batches_that_take_each_other_at_once_make_one_edge(cast):
    for turn in range(3):
        first = a_released_batch(cast, f"A-{turn}")
        second = a_released_batch(cast, f"B-{turn}")

        answers = at_once(
            lambda a=first, b=second: raw(cast, a, source=b),
            lambda a=first, b=second: raw(cast, b, source=a),
        )

        assert sum(isinstance(answer, IntegrityError) for answer in answers) == 1
    assert Consumption.objects.count() == 3


def test_two_batches_that_take_each_other_through_the_service_do_not_deadlock(cast):
    batches = [a_released_batch(cast, f"B-{n}") for n in range(2)]
    type(batches[0]).objects.update(execution="in_process")

    answers = at_once(
        lambda: a_use(cast, batches[0], batches[1]), lambda: a_use(cast, batches[1], batches[0])
    )

    refused = [answer for answer in answers if isinstance(answer, Blocked)]
    assert [answer.codes for answer in refused] == [["cycle"]]
    assert Consumption.objects.count() == 1


def test_a_use_waits_for_whoever_is_changing_the_batch_and_judges_what_it_has_become(cast):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1")
    held = Event()

    def put_on_hold():
        with transaction.atomic():
            row = Batch.objects.select_for_update().get(pk=batch.pk)
            held.set()
            sleep(0.5)
            Batch.objects.filter(pk=row.pk).update(execution="on_hold")

    def use():
        assert held.wait(10)
        return a_use(cast, batch, lot)

    _, answer = at_once(put_on_hold, use)

    assert isinstance(answer, Blocked)
    assert answer.codes == ["batch_not_in_process"]
    assert Consumption.objects.count() == 0


def test_two_people_release_a_lot_at_once_and_one_signature_stands(cast):
    lot = a_lot(cast, "L-1", status="quarantine")

    def release(by):
        return release_lot(lot=lot, by=by, at=NOON, proof=proof_of(by))

    answers = at_once(lambda: release(cast.qa), lambda: release(cast.qa2))

    assert sum(isinstance(answer, Blocked) for answer in answers) == 1
    assert Signature.objects.filter(record_type="lot").count() == 1


def test_two_receipts_of_one_number_at_once_store_one_lot(cast):
    material = a_material(cast)

    def receive():
        return receive_lot(number="L-1", material=material, quantity=1, by=cast.planner, at=NOON)

    answers = at_once(receive, receive, receive)

    refused = [answer for answer in answers if isinstance(answer, Blocked)]
    assert [answer.codes for answer in refused] == [["number_taken"]] * 2
    assert Lot.objects.count() == 1


def test_two_workers_expire_each_lot_once(cast):
    for number in range(12):
        a_lot(cast, f"L-{number}", expires_at=AN_HOUR_AGO)

    counts = at_once(*[lambda: expire_lots(by=None, at=NOON)] * 4)

    assert sum(counts) == 12
    assert AuditEvent.objects.filter(verb="lot.expire").count() == 12


def raw(cast, batch, **edge):
    with transaction.atomic(), connection.cursor() as cursor:
        insert(cursor, cast, batch, **edge)
        cursor.execute("SELECT pg_sleep(0.2)")  # long enough for the other to pass its own check
