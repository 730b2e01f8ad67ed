"""Every file of the data set, uploaded and swept: read to the digit, or refused in a sentence.

The native readers run in the real sandbox. The second reader's outcomes come from one process for
all files (test_allotropy.py proves the sandboxed way); one file here goes that way too.
"""

import sys
from collections import Counter
from decimal import Decimal

import pytest

from qc.instruments import parsing
from qc.instruments.registry import VENDORS
from qc.instruments.sandbox import run_reader
from tests.builders.instruments import a_read_file, an_instrument
from tests.qc.instruments.conftest import vendor_of

pytestmark = pytest.mark.django_db

XR = "vicell_xr/Beckman_Vi-Cell-XR_"
FAILS = {
    "fcs/data_start_offset_discrepancy_example.fcs": "contradicts itself",
    "luminex/pone.0187901.s001.csv": "could not be read as a Luminex xPONENT export",
}
SERIALS = {
    "vicell_xr": "AW123456789",
    "nucleocounter": "9002020102201902",
    "luminex_xponent": "MAGPX15265701",
}


@pytest.fixture
def both_readers(allotropy_outcomes, file_bytes, entries, monkeypatch, settings):
    """Have the second reader answer what it answered once for all files."""
    outcomes = {file_bytes(name): outcome for name, outcome in allotropy_outcomes.items()}
    settings.SECOND_READER_PYTHON = sys.executable

    def read(kind, *, data, **rest):
        if kind == "native":
            return run_reader(kind, data=data, **rest)
        return outcomes[data]

    monkeypatch.setattr(parsing, "run_reader", read)


def instruments_of(cast, entries):
    vendors = sorted({vendor_of(name) for name in entries})
    return {
        vendor: an_instrument(
            cast, f"I-{vendor}", vendor=vendor, serial=SERIALS.get(vendor, ""), timezone="UTC"
        )
        for vendor in vendors
    }


def test_every_file_ends_read_or_failed_with_a_sentence(cast, entries, file_bytes, both_readers):
    instruments = instruments_of(cast, entries)
    for name, entry in entries.items():
        vendor = vendor_of(name)
        file = a_read_file(
            cast, instruments[vendor], data=file_bytes(name), filename=name.split("/")[1]
        )
        assert file.sha256 == entry["sha256"], name
        roles = list(file.runs.values_list("role", "ok"))
        if name in FAILS:
            assert file.status == "failed", name
            assert FAILS[name] in file.error
            assert file.error.endswith(".")
            assert not file.measurements.exists()
            assert roles == [("first", False)]
            continue
        assert (file.status, file.error) == ("read", ""), name
        assert file.measurements.count() == file.runs.get(role="first").readings > 0
        assert roles[0] == ("first", True)
        assert len(roles) == (2 if VENDORS[vendor].native and VENDORS[vendor].allotropy else 1)
        assert_exact(file, entry)
        assert all(
            set(flag) == {"code", "message", "needs_reason"}
            and flag["message"].endswith((".", "…"))
            for flag in [*file.flags, *(f for m in file.measurements.all() for f in m.flags)]
        ), name


def assert_exact(file, entry):
    """Values of Vi-CELL XR files equal the expected text, digit for digit, number for number."""
    if not entry["file"].startswith("vicell_xr"):
        return
    for field, quantity in (
        ("viability_pct", "viability"),
        ("total_cells_x1e6_per_ml", "total_cell_density"),
        ("viable_cells_x1e6_per_ml", "viable_cell_density"),
        ("avg_diameter_um", "average_diameter"),
    ):
        stored = file.measurements.filter(quantity=quantity).order_by("ordinal")
        expected = [r[field] for r in entry["expected"]["records"] if r.get(field) is not None]
        if not expected and "txt" in entry["file"]:
            continue  # the description of the text file leaves this quantity out
        assert list(stored.values_list("value", flat=True)) == expected
        # 7.80 stays 7.80, and 98.3447494506836 keeps all its digits.
        assert [str(number) for number in stored.values_list("number", flat=True)] == expected


@pytest.mark.parametrize(
    ("name", "needing", "told"),
    [
        (f"{XR}example01_instrumentOutput.xlsx", {"edited_after_export"}, set()),
        (f"{XR}example05_instrumentOutput.xlsx", {"edited_after_export", "serial_differs"}, set()),
        (f"{XR}example07_instrumentOutput.txt", set(), set()),
        (f"{XR}example03_instrumentOutput.xls", set(), {"warning"}),
        (f"{XR}example02_instrumentOutput_error.xls", {"second_reader_failed"}, {"warning"}),
        ("vicell_blu/Beckman_Vi-Cell-BLU_example01.csv", {"partly_read"}, {"warning"}),
        ("quantstudio/appbio_quantstudio_example05.txt", set(), {"warning", "readers_disagree"}),
    ],
)
def test_what_is_odd_about_a_file_is_flagged(
    cast, entries, file_bytes, both_readers, name, needing, told
):
    instrument = instruments_of(cast, {name: entries[name]})[vendor_of(name)]
    file = a_read_file(cast, instrument, data=file_bytes(name), filename=name.split("/")[1])
    codes = {True: set(), False: set()}
    for flag in file.flags:
        codes[flag["needs_reason"]].add(flag["code"])
    assert codes == {True: needing, False: told}


def test_where_the_readers_disagree_the_readings_say_so(cast, entries, file_bytes, both_readers):
    name = "quantstudio/appbio_quantstudio_example05.txt"
    instrument = instruments_of(cast, {name: entries[name]})["quantstudio"]
    file = a_read_file(cast, instrument, data=file_bytes(name), filename="run.txt")
    lung = file.measurements.filter(sample_text="Lung")
    assert lung
    for reading in lung:
        assert any(
            flag["code"] == "readers_disagree" and "by the first reader only" in flag["message"]
            for flag in reading.flags
        )
    undetermined = file.measurements.filter(reading_status="out_of_range")
    assert {m.value for m in undetermined} == {"Undetermined"}
    assert all(m.number is None and "out_of_range" in codes_of(m) for m in undetermined)


def codes_of(measurement):
    return Counter(flag["code"] for flag in measurement.flags)


def test_one_file_through_both_readers_as_in_production(
    cast, file_bytes, settings, allotropy_python
):
    settings.SECOND_READER_PYTHON = allotropy_python
    instrument = an_instrument(cast, vendor="vicell_xr", serial="AW123456789")
    file = a_read_file(
        cast,
        instrument,
        data=file_bytes(f"{XR}example07_instrumentOutput.txt"),
        filename="run.txt",
    )
    assert (file.status, file.flags) == ("read", [])
    first, second = file.runs.order_by("id")
    assert (first.reader, second.reader) == ("native:vicell_xr", "allotropy")
    assert (second.role, second.ok, second.reader_version) == ("second", True, "0.1.150")
    assert first.seconds > 0
    viability = file.measurements.get(quantity="viability")
    assert (viability.value, viability.number, viability.unit) == ("97.0", Decimal("97.0"), "%")
    assert (viability.sample_text, viability.device_serial) == ("CLB001", "AW123456789")
    # 05:21 on the instrument's clock in Haifa
    assert viability.measured_at.isoformat() == "2023-09-29T02:21:32+00:00"
