"""Files are taken in as they come: what is refused, what is kept, what is a duplicate."""

import hashlib

import pytest
from django.db import IntegrityError, connection, transaction

from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Document
from cdmo.records.services import DamagedDocument, read_document
from qc.instruments import rules, services
from qc.instruments.models import InstrumentFile
from qc.instruments.registry import VENDORS, vendor_called, vendor_named
from qc.instruments.services.files import plain_name
from tests.builders.instruments import (
    a_read_file,
    an_instrument,
    an_uploaded_file,
    blu_file,
    sweep,
    tamper,
)
from tests.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_reader(settings):
    settings.SECOND_READER_PYTHON = "/nowhere/python"


@pytest.fixture
def instrument(cast):
    return an_instrument(cast)


@pytest.mark.statement("P-45")
@pytest.mark.statement("P-37")
@pytest.mark.parametrize(
    ("name", "data"),
    [("empty.csv", b""), ("noise.bin", bytes(range(256)) * 40), ("../../etc/passwd", b"root")],
)
def test_whatever_it_is_it_is_kept_byte_for_byte_with_its_hash(cast, instrument, name, data):
    file = an_uploaded_file(cast, instrument, data=data, filename=name)

    assert file.number == "IF-26-00001"
    assert file.status == "queued"
    assert file.sha256 == file.document.sha256 == hashlib.sha256(data).hexdigest()
    assert file.size == len(data)
    assert read_document(file.document) == data
    assert file.document.kind == Document.Kind.INSTRUMENT_FILE
    assert (file.document.record_type, file.document.record) == ("instrument_file", file.number)
    assert "/" not in file.filename
    event = AuditEvent.objects.get(verb="instrument_file.upload")
    assert (event.record, event.by) == (file.number, cast.analyst)
    assert event.new["sha256"] == file.sha256


@pytest.mark.statement("P-16")
def test_another_vendor_than_the_instruments_is_refused_and_nothing_is_stored(cast, instrument):
    with pytest.raises(Blocked) as refusal:
        services.upload_file(
            instrument=instrument,
            vendor="luminex_xponent",
            filename="a.csv",
            data=b"x",
            by=cast.analyst,
            at=NOON,
        )
    assert refusal.value.codes == ["wrong_vendor"]
    assert "registered for vicell_blu, not for luminex_xponent" in str(refusal.value)
    assert not Document.objects.exists()


@pytest.mark.statement("P-16")
def test_an_upload_lists_every_objection(cast, instrument):
    with pytest.raises(Blocked) as refusal:
        services.upload_file(
            instrument=instrument, vendor="x", filename="a", data=b"", by=cast.qp, at=NOON
        )
    assert refusal.value.codes == ["no_right", "unknown_vendor"]


def test_a_file_larger_than_any_export_is_refused_and_not_half_stored(cast, instrument):
    limit = vendor_named("vicell_blu").max_bytes
    with pytest.raises(Blocked) as refusal:
        an_uploaded_file(cast, instrument, data=bytes(limit + 1))
    assert refusal.value.codes == ["too_large"]
    assert "nothing was stored" in str(refusal.value)
    assert not Document.objects.exists()
    assert not InstrumentFile.objects.exists()
    assert rules.too_large(limit, vendor_named("vicell_blu")) == ""
    assert rules.too_large(limit * 10, vendor_named("fcs")) == ""
    assert rules.too_large(limit * 10 + 1, vendor_named("fcs"))


def test_a_name_keeps_its_end_and_loses_what_cannot_be_shown():
    assert plain_name("C:\\data\\run\x00 1.csv") == "run\ufffd 1.csv"
    assert plain_name("a\r\nb.csv") == "ab.csv"
    assert plain_name("n" * 300 + ".xlsx").endswith("n.xlsx")
    assert len(plain_name("n" * 300 + ".xlsx")) == 255
    assert plain_name("") == plain_name("/") == "unnamed"


def test_vendors_are_known_by_code_title_and_the_second_readers_name():
    for vendor in VENDORS.values():
        for name in (vendor.code, vendor.title.upper(), *vendor.allotropy):
            assert vendor_called(name) is vendor
    assert vendor_called("") is None


@pytest.mark.statement("P-37")
def test_the_same_bytes_again_are_kept_flagged_and_not_read_twice(cast, instrument):
    first = a_read_file(cast, instrument)
    again = a_read_file(cast, instrument, filename="renamed.csv")

    assert again.number != first.number
    assert again.document_id != first.document_id
    assert again.duplicate_of == first
    assert again.status == "read"
    assert [flag["code"] for flag in again.flags] == ["duplicate"]
    assert first.number in again.flags[0]["message"]
    assert again.runs.count() == again.measurements.count() == 0
    third = a_read_file(cast, instrument)
    assert third.duplicate_of == first


def test_a_duplicate_waits_for_the_first_and_stands_on_its_own_if_that_fails(cast, instrument):
    wrong_name = an_uploaded_file(cast, instrument, filename="run.xlsx")
    right_name = an_uploaded_file(cast, instrument, filename="run.csv")
    assert right_name.duplicate_of == wrong_name

    sweep()

    wrong_name.refresh_from_db()
    right_name.refresh_from_db()
    assert wrong_name.status == "failed"
    assert (right_name.status, right_name.duplicate_of) == ("read", None)
    assert right_name.measurements.count() == 8


def test_the_same_bytes_after_a_failure_are_read_for_themselves(cast, instrument):
    assert a_read_file(cast, instrument, filename="run.txt").status == "failed"
    assert an_uploaded_file(cast, instrument, filename="run.csv").duplicate_of is None
    sweep()
    again = InstrumentFile.objects.get(filename="run.csv")
    assert (again.status, again.duplicate_of) == ("read", None)


def test_a_duplicate_that_fails_as_the_first_did_points_nowhere(cast, instrument):
    first = an_uploaded_file(cast, instrument, data=b"")
    again = an_uploaded_file(cast, instrument, data=b"")
    assert again.duplicate_of == first
    sweep()
    again.refresh_from_db()
    assert (again.status, again.duplicate_of) == ("failed", None)


def test_the_same_bytes_for_another_instrument_are_read_and_flagged(cast, instrument):
    first = a_read_file(cast, instrument)
    other = a_read_file(cast, an_instrument(cast, "BLU-02"))
    assert other.measurements.count() == 8
    (flag,) = [one for one in other.flags if one["code"] == "duplicate"]
    assert first.number in flag["message"]
    assert flag["needs_reason"]


def test_a_failed_file_is_read_again_with_a_reason_only(cast, instrument):
    file = a_read_file(cast, instrument, data=b"")
    assert file.status == "failed"
    with pytest.raises(Blocked) as refusal:
        services.read_file_again(file=file, by=cast.analyst, at=NOON)
    assert refusal.value.codes == ["reason_missing"]

    file = services.read_file_again(file=file, by=cast.analyst, at=NOON, reason="Reader updated")
    assert (file.status, file.attempts, file.error) == ("queued", 0, "")
    with pytest.raises(Blocked) as refusal:
        services.read_file_again(file=file, by=cast.analyst, at=NOON, reason="Again")
    assert refusal.value.codes == ["wrong_status"]


@pytest.mark.statement("P-45")
def test_a_stored_byte_that_changed_is_noticed_on_every_read(cast, instrument):
    file = an_uploaded_file(cast, instrument, data=blu_file("S-1"))
    tamper(file)

    with pytest.raises(DamagedDocument):
        read_document(file.document)
    sweep()
    file.refresh_from_db()
    assert file.status == "failed"
    assert "no longer what was uploaded" in file.error
    assert not file.measurements.exists()


@pytest.mark.statement("P-45")
def test_neither_orm_nor_sql_changes_what_was_stored(cast, instrument):
    file = an_uploaded_file(cast, instrument)
    for statement in (
        "UPDATE records_documentcontent SET data = ''",
        "DELETE FROM records_documentcontent",
        "UPDATE records_document SET sha256 = ''",
        "DELETE FROM qc_instrumentfile",
        "DELETE FROM qc_measurement",
    ):
        with (
            pytest.raises(IntegrityError, match="never"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with pytest.raises(IntegrityError, match="never"), transaction.atomic():
        file.document.content.delete()
