"""No bytes make a check or a native reader raise: random ones, and good files with a change.

The readers run in this process here, without the sandbox that would catch what they do not.
python-calamine is native code, so only the sandbox can hold old .xls files; those mutations are in
`test_an_old_workbook_with_changed_bytes_is_survived`.
"""

import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qc.instruments.precheck import check_file
from qc.instruments.readers import child
from qc.instruments.reading import ReadOutcome
from qc.instruments.registry import VENDORS
from qc.instruments.sandbox import run_reader
from tests.qc.instruments import files
from tests.qc.instruments.conftest import vendor_of

pytestmark = pytest.mark.statement("U-02")

# More of them for a night: EXAMPLES=5000
EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
FEW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BLU = (
    b"Sample ID,Cell count,Viable cells,Viability (%),Analysis date/time\n"
    b"S1,9,8,88.9,3/21/2022 1:00\n"
)
NC_VIEW = b"NAME,SAMPLE ID,INSTRUMENT,STATUS,VIABILITY (%)\n20240219-1,A,S/N: 9,OK,90\n"
NUCLEOVIEW = b"Image;a;\nViability (%);68.2;\nLive (cells/ml);2.45E6;\nTotal (cells/ml);3.58E6;\n"
QPCR = (
    b"* Instrument Type = QuantStudio 5\n[Results]\n"
    b"Well\tWell Position\tTarget Name\tCT\n1\tA1\tVCN\t21.50\n"
)
FCS_TEXT = b"/$PAR/1/$TOT/2/$P1B/8/$P1N/FSC/$BEGINDATA/200/$ENDDATA/201/$DATE/1-Feb-2024/$CYT/x/"
FCS = (
    b"FCS3.1    "
    + b"".join(b"%8d" % n for n in (58, 57 + len(FCS_TEXT), 200, 201, 0, 0))
    + FCS_TEXT
).ljust(202)
GOOD = {
    "workbook": (files.xlsx(files.table(files.ROW)), "f.xlsx", "vicell_xr"),
    "report": (files.report(), "f.txt", "vicell_xr"),
    "blu": (BLU, "f.csv", "vicell_blu"),
    "nc-view": (NC_VIEW, "f.csv", "nucleocounter"),
    "nucleoview": (NUCLEOVIEW, "f.csv", "nucleocounter"),
    "qpcr": (QPCR, "f.txt", "quantstudio"),
    "fcs": (FCS, "f.fcs", "fcs"),
}


def check_and_read(data, filename, vendor):
    problems = check_file(data, filename=filename, vendor=vendor)
    assert all(problem.endswith(".") for problem in problems)
    outcome = VENDORS[vendor].native_reader()(data, filename=filename)
    assert ReadOutcome.from_dict(outcome.to_dict()) == outcome
    assert outcome.ok or outcome.error.endswith(".")
    return outcome


@pytest.mark.parametrize("name", GOOD)
def test_the_good_files_are_good(name):
    assert check_file(*GOOD[name][:1], filename=GOOD[name][1], vendor=GOOD[name][2]) == []
    assert check_and_read(*GOOD[name]).ok


@FEW
@given(data=st.binary(max_size=400), name=st.sampled_from(sorted(GOOD)))
def test_random_bytes_never_raise(data, name):
    _, filename, vendor = GOOD[name]
    for prefix in (b"", b"PK\x03\x04", b"FCS3.1    ", b"\xff\xfe", b"Vi-CELL XR 2.06\r\n"):
        check_and_read(prefix + data, filename, vendor)


@FEW
@given(data=st.data(), name=st.sampled_from(sorted(GOOD)))
def test_good_files_with_changed_bytes_never_raise(data, name):
    good, filename, vendor = GOOD[name]
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(changed) - 1))
        if data.draw(st.booleans()):
            changed[position] = data.draw(st.integers(0, 255))
        else:
            del changed[position : position + data.draw(st.integers(1, 50))]
            changed += b" "
    check_and_read(bytes(changed), filename, vendor)


CELLS = st.sampled_from(
    [
        "Sample ID",
        "Viability",
        "(%)",
        "Total cells",
        "/ml (x10^6)",
        "0",
        "1",
        "7.80",
        "1,2",
        "",
        " ",
    ]
) | st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12)


@FEW
@given(rows=st.lists(st.lists(CELLS, max_size=12), max_size=12))
def test_any_table_in_a_workbook_never_raises(rows):
    check_and_read(files.xlsx([["Vi-CELL XR 2.06.3"], *rows]), "f.xlsx", "vicell_xr")


@FEW
@given(lines=st.lists(st.lists(CELLS, max_size=6), max_size=10))
@pytest.mark.parametrize("name", ["blu", "nc-view", "nucleoview", "qpcr", "report"])
def test_any_lines_behind_a_good_head_never_raise(name, lines):
    good, filename, vendor = GOOD[name]
    for separator in (",", ";", "\t", " : "):
        tail = "\n".join(separator.join(line) for line in lines)
        check_and_read(good + tail.encode(), filename, vendor)


@FEW
@given(keyword=st.text(max_size=12), value=st.text(max_size=12), number=st.integers(-1, 10**20))
def test_any_fcs_keyword_never_raises(keyword, value, number):
    for extra in (f"{keyword}/{value}/", f"$TOT/{number}/", f"$PAR/{number}/", f"$P1B/{number}/"):
        text = FCS_TEXT + extra.encode()
        offsets = (58, 57 + len(text), 200 + len(extra), 201 + len(extra), 0, 0)
        data = b"FCS3.1    " + b"".join(b"%8d" % n for n in offsets) + text
        check_and_read(data.ljust(300), "f.fcs", "fcs")


def test_genuine_files_cut_anywhere_never_raise(entries, file_bytes):
    for name in entries:
        vendor = vendor_of(name)
        if VENDORS[vendor].native is None or name.endswith(".xls"):
            continue
        data = file_bytes(name)
        for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
            check_and_read(data[: int(len(data) * share)], name, vendor)


def test_an_old_workbook_with_changed_bytes_is_survived(file_bytes):
    name = "vicell_xr/Beckman_Vi-Cell-XR_example03_instrumentOutput.xls"
    data = file_bytes(name)
    for share in (0.0, 0.02, 0.2, 0.5, 0.9):
        position = int(len(data) * share)
        cut = data[: max(position, 8)]
        changed = data[:position] + bytes(200) + data[position + 200 :]
        for mutated in (cut, changed):
            outcome = run_reader(
                "native", data=mutated, filename=name, vendor="vicell_xr", python=sys.executable
            )
            assert outcome.ok or outcome.error.endswith(".")


def test_a_reader_that_fails_in_an_unforeseen_way_is_a_refusal(monkeypatch, capsys):
    def fail(*_, **__):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("qc.instruments.readers.vicell_xr.read", fail)
    outcome = child.read(b"x", "vicell_xr", "f.xlsx")
    assert not outcome.ok
    assert "secret" not in outcome.error
    assert "ZeroDivisionError" in capsys.readouterr().err
