"""Seals: rows that are written once are chained, and `verify_records` names what was done to them.

Every tampering here is that of the tables' owner with our triggers switched off.
"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from cdmo.records.models import AuditEvent, Seal, SealedBlock, Signature
from cdmo.records.seals import making
from cdmo.records.seals.form import UNSEALED, sealed_models
from cdmo.records.seals.making import seal_rows
from cdmo.records.services import record_event
from cdmo.records.tasks import seal
from cdmo.records.verify import sealed as proving
from tests.builders.portfolio import a_product, an_agreement
from tests.cast import NOON
from tests.cdmo.records.tampering import behind_the_back, verified
from tests.concurrency import in_another_session

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-11")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def product(cast):
    return a_product(cast)


def note(product, cast, text, at=NOON):
    return record_event(verb="product.note", record=product, by=cast.qa, at=at, reason=text)


@pytest.fixture
def chain(cast, product):
    """Three seals; the events of the second."""
    an_agreement(cast)
    seal_rows(by=None, at=NOON)
    events = [note(product, cast, text) for text in ("first", "second", "third", "fourth")]
    seal_rows(by=None, at=NOON + MINUTE)
    note(product, cast, "later")
    seal_rows(by=None, at=NOON + 2 * MINUTE)
    return events


def findings() -> list[str]:
    code, lines = verified()
    assert code == 1
    return lines[:-1]


def test_each_seal_holds_the_hash_of_the_one_before(chain):
    first, second, third = Seal.objects.order_by("number")
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (first.previous_sha256, second.previous_sha256) == ("", first.sha256)
    assert third.previous_sha256 == second.sha256
    assert (second.rows, third.rows) == (4, 1)


def test_what_stands_as_it_was_sealed_is_clean(chain):
    code, lines = verified()
    assert (code, len(lines)) == (0, 1)
    rows = sum(model.objects.count() for model in sealed_models())
    assert lines[0].startswith(f"{rows} sealed rows, ")


def test_nothing_new_makes_no_seal(chain):
    assert seal_rows(by=None, at=NOON) is None
    assert Seal.objects.count() == 3


@pytest.mark.statement("P-47")
def test_a_seal_delivered_twice_seals_once(chain, product, cast):
    note(product, cast, "once")
    assert seal() == 1
    assert seal() == 0
    assert Seal.objects.count() == 4
    assert verified()[0] == 0


def test_many_rows_come_under_several_seals_and_blocks(cast, product, monkeypatch):
    monkeypatch.setattr(making, "BLOCK", 3)
    monkeypatch.setattr(proving, "BLOCKS_AT_ONCE", 2)
    for place in range(20):
        note(product, cast, f"note {place}")
    while seal_rows(by=None, at=NOON, rows_at_once=7):
        pass
    assert Seal.objects.count() > 2
    assert max(SealedBlock.objects.values_list("leaves", flat=True), key=len).nbytes == 120
    assert verified()[0] == 0


def test_every_table_written_once_is_sealed_or_has_a_reason():
    labels = {model._meta.label for model in sealed_models()}
    assert {"records.AuditEvent", "records.Signature", "records.SignatureVoid"} <= labels
    assert {"records.Document", "records.SigningAttempt"} <= labels
    assert all(model._meta.get_field("id").primary_key for model in sealed_models())
    assert not labels & set(UNSEALED)


# rows


@pytest.mark.statement("P-02")
def test_a_changed_row_is_named(chain):
    behind_the_back("UPDATE records_auditevent SET reason = 'x' WHERE id = %s", chain[1].pk)
    assert findings() == [
        f"audit event {chain[1].pk} (product.note of product ASTRORX): was changed after it was "
        "sealed (seal 2)."
    ]


@pytest.mark.statement("P-02")
def test_a_changed_signature_is_named(chain):
    signature = Signature.objects.get()
    behind_the_back("UPDATE records_signature SET at = at - interval '1 day'")
    assert findings() == [
        f"signature {signature.pk} ({signature}): was changed after it was sealed (seal 1)."
    ]


def test_a_removed_row_is_named(chain):
    behind_the_back("DELETE FROM records_auditevent WHERE id = %s", chain[2].pk)
    assert findings() == [f"audit event {chain[2].pk}: was removed after it was sealed (seal 2)."]


def test_the_last_sealed_row_removed_is_named(chain):
    last = AuditEvent.objects.order_by("-id").first()
    behind_the_back("DELETE FROM records_auditevent WHERE id = %s", last.pk)
    assert findings() == [f"audit event {last.pk}: was removed after it was sealed (seal 3)."]


_COPY = (
    "INSERT INTO records_auditevent (id, kind, at, logged_at, verb, record_type, record_id, record,"
    " by_name, role, reason, request_id, app_version, database_user, shared)"
    " SELECT %s, kind, at, logged_at, verb, record_type, record_id, record, by_name, role, reason,"
    " request_id, app_version, database_user, shared FROM records_auditevent WHERE id = %s"
)


@pytest.mark.parametrize("where", ["in a gap", "below the first"])
def test_a_row_slipped_in_with_an_older_id_is_named(cast, product, where):
    note(product, cast, "before")
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('records_auditevent', 'id'))")
        gap = cursor.fetchone()[0]
    event = note(product, cast, "after")
    seal_rows(by=None, at=NOON)
    place = gap if where == "in a gap" else -5
    behind_the_back(_COPY, place, event.pk)
    assert findings() == [
        f"audit event {place} (product.note of product ASTRORX): was slipped in among sealed rows "
        "(seal 1)."
    ]


def test_two_rows_that_changed_places_are_named_both(chain):
    one, other = chain[0].pk, chain[3].pk
    for pk, to in ((one, -1), (other, one), (-1, other)):
        behind_the_back("UPDATE records_auditevent SET id = %s WHERE id = %s", to, pk)
    about = "(product.note of product ASTRORX): was changed after it was sealed"
    assert findings() == [
        f"audit event {one} {about}: it now holds what row {other} held (seal 2).",
        f"audit event {other} {about}: it now holds what row {one} held (seal 2).",
    ]


def test_rows_whose_digests_are_damaged_too_are_narrowed_down_to_their_block(chain):
    behind_the_back("UPDATE records_auditevent SET reason = 'x' WHERE id = %s", chain[1].pk)
    behind_the_back("UPDATE records_sealedblock SET leaves = '\\x00'")
    (line,) = findings()
    assert line.startswith("table records_auditevent: rows ")
    assert line.endswith("are not as seal 2 says, and their digests are damaged too.")


# the chain


def remove(number):
    seal = Seal.objects.get(number=number)
    behind_the_back("DELETE FROM records_sealedblock WHERE seal_id = %s", seal.pk)
    behind_the_back("DELETE FROM records_seal WHERE id = %s", seal.pk)


def test_a_removed_seal_is_named(chain):
    remove(2)
    lines = findings()
    assert lines[:2] == ["seal 2: is missing.", "seal 3: does not follow on the seal before it."]
    assert "leaves out rows" in lines[2]


def test_the_last_seal_removed_is_named(chain):
    remove(3)
    assert findings() == ["seal 3: is missing from the end of the chain."]


def test_a_changed_seal_is_named(chain):
    behind_the_back(
        "UPDATE records_seal SET content = replace(content, '\"rows\"', '\"ROWS\"') || ' '"
    )
    assert [line for line in findings() if "does not have its SHA-256" in line] == [
        f"seal {number}: its content does not have its SHA-256." for number in (1, 2, 3)
    ]


def test_a_seal_that_cannot_be_read_is_named_and_stops_nothing(chain):
    behind_the_back("UPDATE records_seal SET content = '[]' WHERE number = 2")
    assert "seal 2: its content cannot be read." in findings()


def test_a_seal_shown_with_another_time_is_named(chain):
    behind_the_back("UPDATE records_seal SET sealed_at = '2020-01-01Z' WHERE number = 2")
    assert findings() == ["seal 2: its columns are not what its content says."]


def test_seals_refuse_every_change(chain):
    for table in ("records_seal", "records_sealedblock"):
        for statement in ("DELETE FROM {}", "UPDATE {} SET id = id"):
            with (
                pytest.raises(Exception, match="never"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(table))


def made_anew():
    """Change a row and make every seal from there on again, as whoever owns the tables could."""
    event = AuditEvent.objects.filter(verb="product.note").order_by("id").first()
    behind_the_back("UPDATE records_auditevent SET reason = 'never said' WHERE id = %s", event.pk)
    behind_the_back("DELETE FROM records_sealedblock")
    behind_the_back("DELETE FROM records_seal")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_counter WHERE series = 'SEAL'")
    seal_rows(by=None, at=NOON)


def test_a_chain_made_anew_is_found_against_a_copy_alone(chain, tmp_path):
    copy = tmp_path / "seals.jsonl"
    call_command("export_seals", str(copy), verbosity=0, stdout=None)
    assert verified(against=str(copy))[0] == 0

    made_anew()

    assert verified()[0] == 0  # as the docstring of cdmo.records.seals says
    code, lines = verified(against=str(copy))
    assert code == 1
    assert lines[:-1] == [
        "seal 1: is not the one in the copy.",
        "seal 2: is in the copy and no longer here.",
        "seal 3: is in the copy and no longer here.",
    ]


def test_a_copy_that_is_none_is_said(chain, tmp_path):
    copy = tmp_path / "seals.jsonl"
    copy.write_text("{}\n")
    assert "line 1 of the copy is no seal." in verified(against=str(copy))[1]


# what is not sealed yet


def test_rows_that_wait_are_counted(chain, cast, product):
    note(product, cast, "waiting")
    code, (line,) = verified()
    assert code == 0
    assert "sealed rows (1 not yet sealed)" in line


def test_rows_that_have_waited_for_long_are_noted(chain, cast, product):
    event = note(product, cast, "waiting")
    behind_the_back(
        "UPDATE records_auditevent SET logged_at = logged_at - interval '1 hour' WHERE id = %s",
        event.pk,
    )
    code, lines = verified()
    assert code == 0
    assert lines[0].startswith("Note: 1 rows are under no seal yet, the first since ")


# a column added later


def test_a_column_added_later_leaves_old_seals_as_they_were(chain, cast, product):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE records_auditevent ADD COLUMN place text NOT NULL DEFAULT 'x'")
    assert verified()[0] == 0


# clocks


@pytest.mark.statement("P-34")
def test_a_clock_set_back_is_recorded_and_noted(chain, cast, product):
    note(product, cast, "in the past")
    seal_rows(by=None, at=NOON - timedelta(hours=2))

    event = AuditEvent.objects.get(verb="clock.set_back")
    assert (event.record_type, event.record) == ("seal", "4")
    assert event.reason == "The clock went back by 2:02:00."
    code, lines = verified()
    assert code == 0
    assert lines[0].startswith("Note: seal 4 of ")
    assert lines[0].endswith("the clock had been set back by 2:02:00.")


@pytest.mark.statement("P-34")
@pytest.mark.statement("P-35")
def test_rows_logged_before_those_already_sealed_are_noted(chain, cast, product):
    event = note(product, cast, "backdated")
    behind_the_back(
        "UPDATE records_auditevent SET logged_at = logged_at - interval '3 hours' WHERE id = %s",
        event.pk,
    )
    seal_rows(by=None, at=NOON + 3 * MINUTE)
    (noted,) = AuditEvent.objects.filter(verb="clock.set_back")
    assert noted.reason == "The clock went back by 3:00:00."


def test_a_long_transaction_is_no_clock_set_back(chain, cast, product):
    event = note(product, cast, "began before the last seal")
    behind_the_back(
        "UPDATE records_auditevent SET logged_at = logged_at - interval '10 minutes' WHERE id = %s",
        event.pk,
    )
    seal_rows(by=None, at=NOON + 3 * MINUTE)
    assert not AuditEvent.objects.filter(verb="clock.set_back").exists()


# beside writers


@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_late_with_a_low_id_is_waited_for(cast, product):
    with in_another_session() as late:
        late(_NOTE, "low")  # has its id, and is not committed
        note(product, cast, "high")
        assert seal_rows(by=None, at=NOON, patience=0) is None
        late.commit()
    assert seal_rows(by=None, at=NOON, patience=0)
    assert verified()[0] == 0


@pytest.mark.django_db(transaction=True)
def test_a_writer_who_began_after_the_look_is_not_waited_for(cast, product, monkeypatch):
    note(product, cast, "high")
    looked = making._settled
    with in_another_session() as younger:

        def meanwhile(*given):
            waited = looked(*given)
            younger(_NOTE, "later")
            return waited

        monkeypatch.setattr(making, "_settled", meanwhile)
        assert seal_rows(by=None, at=NOON, patience=0)
        younger.commit()
    monkeypatch.undo()
    assert seal_rows(by=None, at=NOON, patience=0).rows == 1
    assert verified()[0] == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_sealer(cast, product):
    with transaction.atomic():
        assert seal_rows(by=None, at=NOON)
        with in_another_session() as writer:
            writer(_NOTE, "beside")
            writer.commit()


@pytest.mark.django_db(transaction=True)
def test_there_is_one_sealer_at_a_time(cast, product):
    with in_another_session() as other:
        other("SELECT pg_advisory_xact_lock(%s)", making.LOCK)
        assert seal_rows(by=None, at=NOON) is None
        other.rollback()
    assert seal_rows(by=None, at=NOON)


_NOTE = (
    "INSERT INTO records_auditevent (kind, at, verb, record_type, record, by_name, role, reason,"
    " request_id, app_version, database_user, shared)"
    " VALUES ('event', now(), 'note', 'thing', %s, '', '', '', '', '', '', false)"
)
