"""Whatever is uploaded ends in a plain sentence; bytes are kept, the worker goes on."""

import hashlib
import sys

import pytest

from cdmo.blockers import Blocked
from cdmo.records.services import read_document
from qc.instruments import parsing, sandbox
from qc.instruments.models import InstrumentFile, ParseRun
from qc.instruments.registry import vendor_named
from tests.builders.instruments import a_read_file, an_instrument, an_uploaded_file, blu_file
from tests.qc.instruments.conftest import vendor_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-02")]

# What stops before any reader runs, and what only a reader finds out.
NOT_FROM_A_VENDOR = {"unknown vendor"}


@pytest.fixture(autouse=True)
def one_reader(settings):
    settings.SECOND_READER_PYTHON = "/nowhere/python"


def plain(sentence):
    assert sentence
    assert sentence.endswith(".")
    assert len(sentence) < 600
    for word in ("Traceback", "Exception", "Error:", "None", "site-packages"):
        assert word not in sentence
    return True


def test_every_hostile_file_is_kept_and_ends_in_a_sentence(cast):
    from tests.qc.instruments.test_precheck import HOSTILE

    instruments, stored = {}, 0
    for name, (data, filename, vendor, _) in HOSTILE.items():
        if name in NOT_FROM_A_VENDOR:
            continue
        if vendor not in instruments:
            instruments[vendor] = an_instrument(cast, f"I-{vendor}", vendor=vendor)
        if len(data) > vendor_named(vendor).max_bytes:
            with pytest.raises(Blocked) as refusal:
                an_uploaded_file(cast, instruments[vendor], data=data, filename=filename)
            assert refusal.value.codes == ["too_large"], name
            assert plain(str(refusal.value))
            continue
        file = a_read_file(cast, instruments[vendor], data=data, filename=filename)
        stored += 1
        assert file.status == "failed", name
        assert plain(file.error), name
        assert file.sha256 == hashlib.sha256(data).hexdigest()
        assert read_document(file.document) == data
        assert not file.measurements.exists()
    assert stored == InstrumentFile.objects.count() > 30

    good = a_read_file(cast, an_instrument(cast), data=blu_file("S-1"))
    assert good.status == "read"


def test_a_file_of_another_vendor_says_so(cast, file_bytes, entries):
    """Each text file of the data set under another vendor of the same extension."""
    blu, count = an_instrument(cast), 0
    for name in entries:
        if not name.endswith(".csv") or vendor_of(name) == "vicell_blu":
            continue
        count += 1
        file = a_read_file(cast, blu, data=file_bytes(name), filename=name.split("/")[1])
        assert file.status == "failed", name
        assert "not a Vi-CELL BLU export" in file.error
        assert plain(file.error)
    assert count == 5


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", "broke off"),
        ("x = bytearray(3 * 1024**3)", "more memory"),
        ("print('{\"ok\": true')", "could not be used"),
        ("import time; time.sleep(60)", "took too long"),
    ],
)
def test_a_reader_that_dies_fails_the_file_and_not_the_worker(
    cast, monkeypatch, tmp_path, script, words
):
    child = tmp_path / "child.py"
    child.write_text(script)
    monkeypatch.setitem(sandbox.SCRIPTS, "native", child)
    real = sandbox.run_reader
    monkeypatch.setattr(parsing, "run_reader", lambda *a, **k: real(*a, **{**k, "timeout": 4}))

    file = a_read_file(cast, an_instrument(cast))

    assert (file.status, file.attempts) == ("failed", 1)
    assert words in file.error
    assert plain(file.error)
    (run,) = file.runs.all()
    assert (run.ok, run.error) == (False, file.error)


def test_a_second_reader_that_dies_leaves_the_first_ones_values_flagged(
    cast, monkeypatch, tmp_path, settings
):
    child = tmp_path / "child.py"
    child.write_text("import os; os.abort()")
    monkeypatch.setitem(sandbox.SCRIPTS, "allotropy", child)
    settings.SECOND_READER_PYTHON = sys.executable

    file = a_read_file(cast, an_instrument(cast))

    assert file.status == "read"
    assert file.measurements.count() == 8
    assert [flag["code"] for flag in file.flags if flag["needs_reason"]] == ["second_reader_failed"]
    assert list(file.runs.values_list("role", "ok")) == [("first", True), ("second", False)]


def test_without_the_second_reader_files_are_read_and_it_is_told(cast):
    file = a_read_file(cast, an_instrument(cast))
    (flag,) = [one for one in file.flags if one["code"] == "second_reader_absent"]
    assert not flag["needs_reason"]
    second = file.runs.get(role="second")
    assert (second.ok, second.readings) == (False, 0)
    assert plain(second.error)


def test_what_only_the_absent_reader_could_read_says_so_and_can_be_read_later(cast):
    softmax = an_instrument(cast, vendor="softmax_pro")
    file = a_read_file(cast, softmax, data=b"##BLOCKS= 1\nPlate:\n", filename="p.txt")
    assert file.status == "failed"
    assert "allotropy, which is not installed" in file.error
    assert ParseRun.objects.get(file=file).role == "first"
