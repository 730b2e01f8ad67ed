"""Cheap checks on an uploaded instrument file, before any code that is not ours sees it.

They run in the web or worker process, so they may neither take long nor use much memory: everything
is streamed and stops at the first bound that is passed. They are the first of two walls. The second
is `sandbox`, for what cannot be known without parsing.

Each finding is one plain sentence with a next step. No findings means "may be read", not "is
genuine".
"""

from __future__ import annotations

import re

from qc.instruments.precheck_zip import workbook_problems
from qc.instruments.reading import storable
from qc.instruments.registry import extension_of, vendor_named
from qc.instruments.xml_prolog import prolog_problem

MAX_ROWS = 20_000
MAX_LINE = 64 * 1024

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TEXT_EXTENSIONS = ("txt", "csv")
XML_EXTENSIONS = ("wsp", "xml")
KINDS = {
    "xlsx": "an .xlsx spreadsheet",
    "xls": "an old .xls spreadsheet",
    "fcs": "an FCS file",
    "wsp": "a FlowJo workspace",
    "xml": "an XML file",
    "txt": "a text file",
    "csv": "a text file",
}
EXPORT_AGAIN = "Export the file again from the instrument and upload that."

# allotropy compiles headings as regular expressions, so a heading is a program. What makes one run
# for ever is a quantifier on a group that itself holds a quantifier or a choice, `(a+)+` or
# `(a|a)*`, or the same thing repeated three times, `.*.*.*` or `a+a+a+`. Brackets with a percent
# sign or a power in them, as in "Viability (%)" and "Total (x10^6) cells/mL", have no quantifier
# behind them and pass; so do "CD4+", "Ca++", "Range?" and "Pool (A)*".
_GROUP_QUANTIFIED = re.compile(r"\)[*+{]")
_WILDCARDS = re.compile(
    r"(?:\.|\\[wWsSdD]|[\])])[*+].*?(?:\.|\\[wWsSdD]|[\])])[*+].*?(?:\.|\\[wWsSdD]|[\])])[*+]"
)
_REPEATED = re.compile(r"([^\s+*])[*+]\1[*+]\1[*+]")
_CELL_SEPARATOR = re.compile(r"[\t,;]")


def check_file(data: bytes, *, filename: str, vendor: str) -> list[str]:
    """What speaks against reading this file as an export of this vendor. Never raises."""
    entry = vendor_named(vendor)
    if entry is None:
        return [
            f'"{storable(vendor)[:40]}" is no kind of instrument this system reads. Choose the '
            f"instrument again."
        ]
    if not data:
        return [f"The file is empty. {EXPORT_AGAIN}"]
    if len(data) > entry.max_bytes:
        limit = entry.max_bytes // (1024 * 1024)
        return [
            f"The file is larger than {limit} MB, which no {entry.title} export is. "
            "Export fewer samples into one file, or choose the right file."
        ]
    extension = extension_of(filename)
    if extension not in entry.extensions:
        wanted = " or ".join(f".{name}" for name in entry.extensions)
        return [
            f"A {entry.title} export ends in {wanted}, this file is called "
            f'"{storable(filename)[-80:]}". '
            "Choose the instrument this file comes from, or export it again. Renaming does not "
            "help."
        ]
    if problem := _magic_problem(data, extension):
        return [problem]
    if extension == "xlsx":
        return workbook_problems(data, heading_problem=heading_problem)
    if extension in TEXT_EXTENSIONS:
        return _text_problems(data)
    if extension in XML_EXTENSIONS:
        problem = prolog_problem(data)
        return [problem] if problem else []
    return []


def _kind_of(data: bytes) -> str:
    """What the first bytes say the file is."""
    if data[:4] == ZIP:
        return "xlsx"
    if data[:8] == OLE:
        return "xls"
    if data[:3] == b"FCS" and data[3:6].replace(b".", b"").isdigit():
        return "fcs"
    if data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] == b"<":
        return "xml"
    return "text" if _looks_like_text(data) else ""


def _looks_like_text(data: bytes) -> bool:
    sample = data[:65536]
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    if len(sample) > 3 and sample[1] == 0 and sample[3] == 0 and sample[0] and sample[2]:
        return True  # UTF-16 without its mark
    control = sum(
        sample.count(bytes([byte])) for byte in (*range(0, 9), *range(14, 27), 28, 29, 30, 31, 127)
    )
    return b"\x00" not in data and control <= len(sample) // 1000


def _magic_problem(data: bytes, extension: str) -> str:
    found = _kind_of(data)
    wanted = {"txt": "text", "csv": "text", "wsp": "xml"}.get(extension, extension)
    if found == wanted:
        return ""
    if not found:
        return (
            f"The file is not {KINDS[extension]}, although its name ends in .{extension}: its "
            f"content is damaged or of "
            f"another kind. {EXPORT_AGAIN}"
        )
    actual = {"text": "a text file"}.get(found, KINDS.get(found, "a file of another kind"))
    return (
        f"The name ends in .{extension}, but the content is {actual}. It was renamed or is another "
        f"file: "
        f"{EXPORT_AGAIN[0].lower()}{EXPORT_AGAIN[1:]}"
    )


def _text_problems(data: bytes) -> list[str]:
    if data.count(b"\n") > MAX_ROWS or data.count(b"\r") > MAX_ROWS:
        return [
            f"The file has more than {MAX_ROWS:,} lines, which no genuine export has. "
            "Export fewer samples into one file, or choose the right file."
        ]
    lines = re.split(rb"[\r\n]+", data)
    if any(len(line) > MAX_LINE for line in lines):
        return [
            f"A line of the file is longer than {MAX_LINE // 1024} KB: it is no export of an "
            f"instrument. {EXPORT_AGAIN}"
        ]
    encoding = (
        "utf-16"
        if data[:2] in (b"\xff\xfe", b"\xfe\xff")
        else "utf-16-le"
        if data[1:2] == b"\x00"
        else ""
    )
    text = data.decode(encoding or "latin-1", errors="replace")
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if (")" in line or "*" in line or "+" in line) and (problem := heading_problem(line)):
            return [f"Line {number}: {problem}"]
    return []


def heading_problem(line: str) -> str:
    """A sentence if a cell of this text could run as an endless search pattern, or nothing."""
    for cell in _CELL_SEPARATOR.split(line):
        if _WILDCARDS.search(cell) or _REPEATED.search(cell):
            return _pattern_sentence(cell)
    # Over the whole line: a quantifier may hold a comma itself, as in "(a|b){2,9}".
    return _pattern_sentence(line) if _has_nested_quantifier(line) else ""


def _pattern_sentence(text: str) -> str:
    return (
        f'"{storable(text).strip()[:60]}" could block the reader, because it is written like a '
        "search pattern. Change the name on the instrument (no * or + directly behind a bracket) "
        "and export again, or enter the results by hand."
    )


def _has_nested_quantifier(text: str) -> bool:
    """Whether a repeated group holds a repetition or a choice. One pass, no regular expression of
    our own.
    """
    if not _GROUP_QUANTIFIED.search(text):
        return False
    holds = [False]  # for each open group, whether it holds a quantifier or a choice
    for position, character in enumerate(text):
        following = text[position + 1 : position + 3]
        repeats = following[:1] in ("*", "+") or (following[:1] == "{" and following[1:].isdigit())
        if character == "(":
            holds.append(False)
        elif character == ")" and len(holds) > 1:
            inner = holds.pop()
            if inner and repeats:
                return True
            holds[-1] |= inner or repeats
        elif character == "|" or (repeats and character not in "*+"):
            holds[-1] = True
    return False
