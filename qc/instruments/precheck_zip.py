"""Checks on a zipped workbook: its members, their true size, and how far its sheets reach.

Sizes are counted while unpacking; what the archive's directory declares is only a reason to refuse
early. The extent of a sheet is taken from its cells, because one cell at XFD1048576 in a 10 KB file
makes the spreadsheet library of the second reader ask for 550 GB and abort the process.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from xml.parsers import expat

from qc.instruments.reading import storable

MAX_MEMBERS = 200
MAX_UNPACKED = 100 * 1024 * 1024
MAX_RATIO = 100
MAX_CELLS = 200_000
# A tiny part compresses to almost nothing, honestly: the ratio says something only from here on.
RATIO_FROM = 1024 * 1024
CHUNK = 64 * 1024

_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")
EXPORT_AGAIN = "Export the file again from the instrument and upload that."
DAMAGED = f"The spreadsheet is damaged or incomplete. {EXPORT_AGAIN}"


class _Refused(Exception):
    """The text is the sentence to show."""


def workbook_problems(data: bytes, *, heading_problem: Callable[[str], str]) -> list[str]:
    """What speaks against opening this .xlsx. Never raises."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_directory(members, len(data))
            _check_contents(archive, members, len(data), heading_problem)
    except _Refused as refusal:
        return [str(refusal)]
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        OSError,
        ValueError,
        LookupError,
    ):
        return [DAMAGED]
    except (NotImplementedError, RuntimeError, OverflowError, MemoryError):
        return [DAMAGED]
    return []


def _check_directory(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise _Refused(
            f"The spreadsheet has more than {MAX_MEMBERS} parts, which no genuine export has. "
            f"{EXPORT_AGAIN}"
        )
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise _Refused(f"The spreadsheet holds two parts of the same name. {EXPORT_AGAIN}")
    for member in members:
        # orig_filename too: zipfile cuts a name at a NUL, other programs do not.
        for name in (member.filename, member.orig_filename):
            parts = re.split(r"[/\\]", name)
            if ".." in parts or name.startswith(("/", "\\")) or ":" in name or "\x00" in name:
                raise _Refused(
                    f"The spreadsheet holds a part that points outside it. It was not opened. "
                    f"{EXPORT_AGAIN}"
                )
        if member.flag_bits & 0x1:
            raise _Refused(
                "The spreadsheet is protected with a password. Save it without one, from the "
                "instrument."
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Refused(f"The spreadsheet is packed in an unusual way. {EXPORT_AGAIN}")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise _Refused(f"The file is a zip archive but no spreadsheet. {EXPORT_AGAIN}")
    _check_size(sum(member.file_size for member in members), size)


def _check_size(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1)):
        raise _Refused(
            f"Unpacked, the spreadsheet is far larger than an export of results (over "
            f"{unpacked // 1_000_000} MB). "
            f"It was not opened. {EXPORT_AGAIN}"
        )


def _check_contents(
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    size: int,
    heading_problem: Callable[[str], str],
) -> None:
    unpacked = 0
    for member in members:
        part_size = 0
        # Any part may be named as a sheet by the workbook's relations, so every part that is XML is
        # looked through.
        scanner = None
        with archive.open(member) as part:
            while chunk := part.read(CHUNK):
                if not part_size and chunk.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] == b"<":
                    scanner = _PartScanner(heading_problem)
                part_size += len(chunk)
                unpacked += len(chunk)
                _check_size(part_size, member.compress_size)
                _check_size(unpacked, size)
                if scanner:
                    scanner.feed(chunk)
        if scanner:
            scanner.close()


class _PartScanner:
    """One XML part, streamed: no document type, not too many cells, no heading as a program."""

    def __init__(self, heading_problem: Callable[[str], str]) -> None:
        self.heading_problem = heading_problem
        self.row = self.column = 0
        self.cells = 0
        self.top = self.left = 10**9
        self.bottom = self.right = 0
        self.text = ""
        self.in_text = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes) -> None:
        self.parser.Parse(chunk, False)

    def close(self) -> None:
        self.parser.Parse(b"", True)

    def _doctype(self, *_: object) -> None:
        raise _Refused(
            f"The spreadsheet declares an XML document type, which can be used to harm the reader. "
            f"{EXPORT_AGAIN}"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rsplit(":", 1)[-1]
        if name == "row":
            self.row = _whole(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = 0
        elif name == "c":
            self._cell(attributes.get("r"))
        elif name == "t":
            self.in_text, self.text = True, ""

    def _cell(self, reference: str | None) -> None:
        self.column += 1
        if reference is not None:
            match = _REFERENCE.fullmatch(reference.replace("$", ""))
            if match is None:
                raise _Refused(DAMAGED)
            self.column, self.row = _column(match[1]), int(match[2])
        self.cells += 1
        self.top, self.bottom = min(self.top, self.row), max(self.bottom, self.row)
        self.left, self.right = min(self.left, self.column), max(self.right, self.column)
        # From A1, as a spreadsheet library lays it out, and not only from the first cell.
        if self.cells > MAX_CELLS or self.bottom * self.right > MAX_CELLS:
            where = storable(reference or f"row {self.row}")
            raise _Refused(
                f"A sheet reaches as far as cell {where}, {self.bottom:,} rows by {self.right:,} "
                f"columns: far more than an "
                f"export of results. A stray cell far from the table does this. {EXPORT_AGAIN}"
            )

    def _end(self, name: str) -> None:
        if name.rsplit(":", 1)[-1] == "t":
            self.in_text = False
            if problem := self.heading_problem(self.text):
                raise _Refused(problem)

    def _characters(self, text: str) -> None:
        if self.in_text and len(self.text) < CHUNK:
            self.text += text[:CHUNK]


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise _Refused(DAMAGED)
    return int(text)


def _column(letters: str) -> int:
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index
