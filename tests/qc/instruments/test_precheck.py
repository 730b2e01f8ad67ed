"""Hostile and mistaken files, made here in memory: each ends in one plain sentence, fast."""

import io
import random
import time
import zipfile

import pytest

from qc.instruments.precheck import check_file, heading_problem
from tests.qc.instruments import files

pytestmark = pytest.mark.statement("U-02")

MEGABYTE = 1024 * 1024
NOISE = random.Random(7).randbytes(5000)
XLSX = files.xlsx(files.table(files.ROW))


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("[Content_Types].xml", files.CONTENT_TYPES)
        archive.writestr("xl/workbook.xml", files.WORKBOOK)
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def lying_size(data):
    """The same archive, its directory claiming that the first sheet holds ten bytes."""
    position = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    return data[: position + 24] + (10).to_bytes(4, "little") + data[position + 28 :]


def entity_bomb():
    levels = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    return f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 'ha'>{levels}]><x>&a9;</x>".encode()


def blanks(megabytes):
    return files.SHEET.format(f"<sheetData>{' ' * (megabytes * MEGABYTE)}</sheetData>")


def many_cells():
    row = "".join(files.cell(1, column, "x") for column in range(700)).replace(" r='", " x='")
    return files.xlsx(
        sheet=files.SHEET.format(f"<sheetData>{f'<row>{row}</row>' * 300}</sheetData>")
    )


HOSTILE = {
    "empty": (b"", "f.xlsx", "vicell_xr", "empty"),
    "random as xlsx": (NOISE, "f.xlsx", "vicell_xr", "not an .xlsx"),
    "random as xls": (NOISE, "f.xls", "vicell_xr", "not an old .xls"),
    "random as csv": (NOISE, "f.csv", "luminex_xponent", "not a text file"),
    "NULs": (b"\0" * 5000, "f.csv", "nova_flex2", "not a text file"),
    "NULs within text": (b"Sample ID\n" + b"a\0b\n" * 9, "f.csv", "nova_flex2", "not a text file"),
    "truncated xlsx": (XLSX[:-200], "f.xlsx", "vicell_xr", "damaged"),
    "half an xlsx": (XLSX[: len(XLSX) // 2], "f.xlsx", "vicell_xr", "damaged"),
    "flipped byte": (XLSX[:400] + b"\x00" + XLSX[401:], "f.xlsx", "vicell_xr", ""),
    "far cell": (files.far_cell(), "f.xlsx", "vicell_xr", "XFD1048576"),
    "many cells": (many_cells(), "f.xlsx", "vicell_xr", "far more than"),
    "far row": (
        files.xlsx(sheet=files.SHEET.format("<sheetData><row r='300000'><c/></row></sheetData>")),
        "f.xlsx",
        "vicell_xr",
        "far more than",
    ),
    "far sheet under another name": (
        zipped(
            (
                "xl/media/picture.png",
                files.SHEET.format(
                    "<sheetData><row><c r='XFD1048576'><v>1</v></c></row></sheetData>"
                ),
            )
        ),
        "f.xlsx",
        "vicell_xr",
        "XFD1048576",
    ),
    "wrong reference": (
        files.xlsx(sheet=files.SHEET.format("<sheetData><row><c r='A1B2'/></row></sheetData>")),
        "f.xlsx",
        "vicell_xr",
        "damaged",
    ),
    "zip bomb": (files.xlsx(sheet=blanks(220)), "f.xlsx", "vicell_xr", "far larger"),
    "lying zip bomb": (lying_size(files.xlsx(sheet=blanks(50))), "f.xlsx", "vicell_xr", ""),
    "dense zip": (files.xlsx(sheet=blanks(20)), "f.xlsx", "vicell_xr", "far larger"),
    "many members": (
        zipped(*((f"a{number}", "x") for number in range(300))),
        "f.xlsx",
        "vicell_xr",
        "more than 200",
    ),
    "path traversal": (zipped(("../../etc/x", "x")), "f.xlsx", "vicell_xr", "points outside"),
    "backslash traversal": (zipped(("a\\..\\..\\x", "x")), "f.xlsx", "vicell_xr", "points outside"),
    "absolute path": (zipped(("/etc/x", "x")), "f.xlsx", "vicell_xr", "points outside"),
    "odd compression": (
        zipped(("a", "x" * 99), compression=zipfile.ZIP_LZMA),
        "f.xlsx",
        "vicell_xr",
        "unusual way",
    ),
    "zip, not a workbook": (
        files.xlsx(files.table(files.ROW)).replace(b"xl/workbook.xml", b"xl/workbooK.xml"),
        "f.xlsx",
        "vicell_xr",
        "no spreadsheet",
    ),
    "doctype in a part": (
        zipped(("xl/worksheets/sheet1.xml", entity_bomb())),
        "f.xlsx",
        "vicell_xr",
        "document type",
    ),
    "billion laughs": (entity_bomb(), "f.wsp", "flowjo", "document type"),
    "billion laughs in UTF-16": (
        entity_bomb().decode().encode("utf-16"),
        "f.wsp",
        "flowjo",
        "document type",
    ),
    "external entity": (
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
        "f.wsp",
        "flowjo",
        "document type",
    ),
    "broken XML": (b"<?xml version='1.0'?><", "f.wsp", "flowjo", "no readable XML"),
    "junk csv of 50 MB": (b"a,b,c\n" * (50 * MEGABYTE // 6), "f.csv", "luminex_xponent", "larger"),
    "line of 50 MB": (b"a" * (50 * MEGABYTE), "f.csv", "luminex_xponent", "larger"),
    "junk csv of 19 MB": (b"a,b\n" * (19 * MEGABYTE // 4), "f.csv", "luminex_xponent", "lines"),
    "old Mac lines": (b"a,b\r" * 30_000, "f.csv", "luminex_xponent", "lines"),
    "line of 19 MB": (b"a" * (19 * MEGABYTE), "f.csv", "luminex_xponent", "longer than"),
    "heading (a+)+$": (
        b"(a+)+$,b\n" + b"a" * 40 + b",1\n",
        "f.csv",
        "vicell_blu",
        "search pattern",
    ),
    "heading in UTF-16": (
        "(a+)+$\tb\r\n".encode("utf-16"),
        "f.txt",
        "softmax_pro",
        "search pattern",
    ),
    "heading in a workbook": (
        files.xlsx(files.table(files.ROW, upper=["Sample ID", "(a+)+$"])),
        "f.xlsx",
        "vicell_xr",
        "search pattern",
    ),
    "csv called xlsx": (b"Sample ID,Viability\nA,1\n", "f.xlsx", "vicell_xr", "content is a text"),
    "xlsx called xls": (XLSX, "f.xls", "vicell_xr", "content is an .xlsx"),
    "xlsx called txt": (XLSX, "f.txt", "vicell_xr", "content is an .xlsx"),
    "wrong extension": (b"FCS3.1", "f.fcs", "vicell_xr", "ends in .xlsx or .xls or .txt"),
    "no extension": (XLSX, "export", "vicell_xr", "ends in"),
    "unknown vendor": (XLSX, "f.xlsx", "abacus", "no kind of instrument"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_mistaken_file_is_refused_in_one_plain_sentence(name):
    data, filename, vendor, words = HOSTILE[name]
    started = time.monotonic()
    problems = check_file(data, filename=filename, vendor=vendor)
    assert time.monotonic() - started < 3
    assert len(problems) == 1
    (problem,) = problems
    assert words in problem
    assert problem.endswith(".")
    assert "Traceback" not in problem
    assert "Error" not in problem


def test_a_sound_workbook_and_report_pass():
    assert check_file(XLSX, filename="f.xlsx", vendor="vicell_xr") == []
    assert check_file(XLSX, filename="F.XLSX", vendor="vicell_xr") == []
    assert check_file(files.report(), filename="f.txt", vendor="vicell_xr") == []


def test_every_file_of_the_data_set_passes(entries, file_bytes):
    from tests.qc.instruments.conftest import vendor_of

    for name in entries:
        assert check_file(file_bytes(name), filename=name, vendor=vendor_of(name)) == [], name


@pytest.mark.parametrize(
    "line",
    [
        "Viability (%),Total (x10^6) cells/mL,Average diameter (μm)",
        "Na+,K+,Ca++,NH4+,Range?,CD3+CD4+CD45RA+,Pool (A)*,(1+1),a*b*c*",
        "(%) of cells in aggregates with five or more cells",
        "RGB(176,23,31)\tCт (ΔΔCт)\tC:\\Program Files (x86)\\a",
        "17(1,A3),Healthy (control)?,...,** masked **,+++",
        "(" * 1000 + ")" * 1000,
    ],
)
def test_genuine_headings_are_no_search_patterns(line):
    assert heading_problem(line) == ""


@pytest.mark.parametrize(
    "line",
    ["(a+)+$", "x,(a*)*b", "((a+))+", "(a|a)*", "(a|b|ab){9}", "(.*)(.*)+x", ".*.*.*=", "a+a+a+b"],
)
def test_headings_that_would_run_for_ever_are_found(line):
    assert heading_problem(line)


def test_looking_for_search_patterns_is_itself_fast():
    started = time.monotonic()
    for text in (
        "(" * 60_000,
        "(a" * 30_000 + ")+" * 9,
        "a*" * 30_000,
        ".*" * 2 + "a" * 60_000,
        "[+" * 9000,
    ):
        heading_problem(text)
    assert time.monotonic() - started < 1
