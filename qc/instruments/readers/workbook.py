"""Spreadsheets as cells of text. Text cells are kept exactly, so a `7.80` stored as text stays
`7.80`.

A number cell holds a double in either format, and which of its many spellings was written (`6622`,
`6622.0`, `98.400000000000006`) depends on the program that saved last; so it is given as the
shortest text of that double.

An .xlsx is read with the standard library alone: python-calamine cannot tell a formula from a
value, does not see hidden rows, and aborts the whole process on a sheet with one far-away cell.
Only the old binary .xls goes through python-calamine.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from xml.parsers import expat

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
MAX_CELLS = 200_000
MAX_PART = 100 * 1024 * 1024


class NotAWorkbook(Exception):
    """The bytes are no spreadsheet that can be read."""


@dataclass(slots=True)
class Sheet:
    """Cells by (row, column), both from 0. `numeric`: the places of cells stored as numbers."""

    title: str
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    numeric: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    hidden: bool = False

    def text(self, row: int, column: int) -> str:
        return self.cells.get((row, column), "")

    def rows(self) -> dict[int, dict[int, str]]:
        """Cells by row, top to bottom; only rows that hold something, so one far-away cell costs
        nothing.
        """
        rows: dict[int, dict[int, str]] = {}
        for row, column in sorted(self.cells):
            rows.setdefault(row, {})[column] = self.cells[row, column]
        return rows

    def locator(self, row: int, column: int) -> str:
        """`Sheet1!D5`, quoted as a spreadsheet quotes it."""
        title = self.title if self.title.isalnum() else "'" + self.title.replace("'", "''") + "'"
        return f"{title}!{column_letters(column)}{row + 1}"


@dataclass(slots=True)
class Workbook:
    sheets: list[Sheet]
    last_modified_by: str = ""
    modified: str = ""
    is_1904: bool = False


def column_letters(column: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def double_text(value: float) -> str:
    """The shortest text of a double; a whole number without the ".0" that only Python adds."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def read_workbook(data: bytes) -> Workbook:
    """The workbook in these bytes. Raises NotAWorkbook."""
    if data[:4] == b"PK\x03\x04":
        try:
            return _read_xlsx(data)
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            EOFError,
            expat.ExpatError,
        ) as problem:
            raise NotAWorkbook(str(problem)) from problem
        except (
            NotImplementedError,
            RuntimeError,
        ) as problem:  # compression or encryption zipfile lacks
            raise NotAWorkbook(str(problem)) from problem
        except Exception as problem:
            if type(problem).__module__ in ("zlib", "struct", "lzma"):
                raise NotAWorkbook(str(problem)) from problem
            raise
    return _read_xls(data)


def _read_xls(data: bytes) -> Workbook:
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheets = []
        for meta in book.sheets_metadata:
            if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = Sheet(
                meta.name, hidden=meta.visible != python_calamine.SheetVisibleEnum.Visible
            )
            for row, values in enumerate(
                book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)
            ):
                for column, value in enumerate(values):
                    _put_native(sheet, row, column, value)
            sheets.append(sheet)
    except Exception as problem:  # calamine's errors share no base class
        raise NotAWorkbook(str(problem)) from problem
    return Workbook(sheets)


def _put_native(sheet: Sheet, row: int, column: int, value: object) -> None:
    if value is None or value == "":
        return
    if isinstance(value, float):
        sheet.numeric.add((row, column))
        value = double_text(value)
    elif isinstance(value, bool):
        value = str(value).upper()
    sheet.cells[row, column] = str(value)
    if len(sheet.cells) > MAX_CELLS:
        raise NotAWorkbook("too many cells")


def _read_xlsx(data: bytes) -> Workbook:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        strings = (
            _shared_strings(_part(archive, "xl/sharedStrings.xml"))
            if "xl/sharedStrings.xml" in names
            else []
        )
        entries, is_1904 = _workbook_sheets(_part(archive, "xl/workbook.xml"))
        targets = _relations(_part(archive, "xl/_rels/workbook.xml.rels"))
        sheets = []
        for title, relation, hidden in entries:
            path = targets.get(relation, "")
            path = path.lstrip("/") if path.startswith("/") else f"xl/{path}"
            if "worksheets/" in path and path in names:
                sheets.append(_SheetParser(title, hidden, strings).parse(_part(archive, path)))
        book = Workbook(sheets, is_1904=is_1904)
        if "docProps/core.xml" in names:
            core = _texts(_part(archive, "docProps/core.xml"))
            book.last_modified_by = core.get("lastModifiedBy", "").strip()
            book.modified = core.get("modified", "").strip()
    return book


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        content = part.read(MAX_PART + 1)
    if len(content) > MAX_PART:
        raise NotAWorkbook("a part of the workbook is too large")
    return content


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise NotAWorkbook("a document type declaration")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _texts(xml: bytes) -> dict[str, str]:
    """Text of each element by local name: enough for a flat property sheet."""
    found: dict[str, str] = {}
    open_names: list[str] = []

    def characters(text: str) -> None:
        found[open_names[-1]] = found.get(open_names[-1], "") + text

    parser = _parser()
    parser.StartElementHandler = lambda name, _: open_names.append(_local(name))
    parser.EndElementHandler = lambda _: open_names.pop()
    parser.CharacterDataHandler = characters
    parser.Parse(xml, True)
    return found


def _workbook_sheets(xml: bytes) -> tuple[list[tuple[str, str, bool]], bool]:
    sheets: list[tuple[str, str, bool]] = []
    is_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal is_1904
        if _local(name) == "sheet":
            relation = next((value for key, value in attributes.items() if _local(key) == "id"), "")
            sheets.append(
                (
                    attributes.get("name", ""),
                    relation,
                    attributes.get("state", "visible") != "visible",
                )
            )
        elif _local(name) == "workbookPr":
            is_1904 = attributes.get("date1904", "") in ("1", "true")

    parser = _parser()
    parser.StartElementHandler = start
    parser.Parse(xml, True)
    return sheets, is_1904


def _relations(xml: bytes) -> dict[str, str]:
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    parser = _parser()
    parser.StartElementHandler = start
    parser.Parse(xml, True)
    return targets


def _shared_strings(xml: bytes) -> list[str]:
    strings: list[str] = []
    state = {"in_text": False, "phonetic": 0}

    def start(name: str, _: dict[str, str]) -> None:
        name = _local(name)
        if name == "si":
            strings.append("")
        elif name == "rPh":  # a pronunciation guide is not part of the text
            state["phonetic"] += 1
        elif name == "t":
            state["in_text"] = not state["phonetic"]

    def end(name: str) -> None:
        name = _local(name)
        if name == "t":
            state["in_text"] = False
        elif name == "rPh":
            state["phonetic"] -= 1

    def characters(text: str) -> None:
        if state["in_text"] and strings:
            strings[-1] += text

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.Parse(xml, True)
    return strings


class _SheetParser:
    """One worksheet part: its cells' stored text, formulas and hidden rows."""

    def __init__(self, title: str, hidden: bool, strings: list[str]) -> None:
        self.sheet = Sheet(title, hidden=hidden)
        self.strings = strings
        self.row = self.column = -1
        self.kind = ""
        self.value: str | None = None
        self.collecting = False

    def parse(self, xml: bytes) -> Sheet:
        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(xml, True)
        return self.sheet

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if name == "row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.sheet.hidden_rows.add(self.row)
        elif name == "c":
            self.column += 1
            if match := _REFERENCE.fullmatch(attributes.get("r", "")):
                self.column, self.row = column_index(match[1]), int(match[2]) - 1
            self.kind, self.value = attributes.get("t", "n"), None
        elif name == "f":
            self.sheet.formulas.add((self.row, self.column))
        elif name == "v" or (name == "t" and self.kind == "inlineStr"):
            self.collecting = True

    def _end(self, name: str) -> None:
        name = _local(name)
        if name in ("v", "t"):
            self.collecting = False
        elif name == "c" and self.value is not None:
            self._put()

    def _characters(self, text: str) -> None:
        if self.collecting:
            self.value = (self.value or "") + text

    def _put(self) -> None:
        text = self.value or ""
        if self.kind == "s":
            index = int(text)
            if not 0 <= index < len(self.strings):
                raise NotAWorkbook("a cell points to a text that is not there")
            text = self.strings[index]
        elif self.kind == "n" and text:
            self.sheet.numeric.add((self.row, self.column))
            text = double_text(float(text))
        if text == "":
            return
        self.sheet.cells[self.row, self.column] = text
        if len(self.sheet.cells) > MAX_CELLS:
            raise NotAWorkbook("too many cells")
