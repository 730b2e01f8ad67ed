"""Vi-CELL XR exports: the tables of 2.06 (.xlsx) and 2.04 (.xls), and the text file of one sample
(.txt).

A table has two header rows whose cells belong together: `Total cells` over `/ml (x10^6)` is a
density, over nothing it is a count. Numbers are stored as text with three significant digits in
2.06, so `7.80` stays `7.80`; 2.04 stores doubles of single-precision values, and their noise
(98.3447494506836) is kept too: rounding is a matter of display and of the test method, not of
reading.
"""

from __future__ import annotations

import re
from itertools import pairwise

from qc.instruments.readers import cell_counts, values
from qc.instruments.readers.vicell_xr_text import read_report
from qc.instruments.readers.workbook import (
    NotAWorkbook,
    Sheet,
    Workbook,
    column_letters,
    read_workbook,
)
from qc.instruments.reading import Reading, ReadOutcome, refused, storable

READER, VERSION = "native:vicell_xr", "1"
TESTED_VERSIONS = ("2.04", "2.06")

# header as printed, both rows joined, lower case -> quantity
MEASURED = {
    "viability (%)": "viability",
    "total cells /ml (x10^6)": "total_cell_density",
    "viable cells /ml (x10^6)": "viable_cell_density",
    "total cells": "total_cells",
    "viable cells": "viable_cells",
    "avg. diam. (microns)": "average_diameter",
    "avg. circ.": "average_circularity",
    "avg. cells / image": "average_cells_per_image",
    "avg. bg intensity": "average_background_intensity",
    "avg. background intensity": "average_background_intensity",
    "images": "images",
    "dilution factor": "dilution_factor",
}
SAMPLE, CELL_TYPE, COMMENT = "sample id", "cell type", "comment"
DATES = ("sample date/time", "sample date")
# Known columns that state how the count was set up, not what was found.
SETTINGS = {
    "file name",
    "min diam. (microns)",
    "min. diam. (microns)",
    "max diam. (microns)",
    "max. diam. (microns)",
    "brightness (%)",
    "cell brightness (%)",
    "sharpness",
    "cell sharpness",
    "v. cell spot brightness (%)",
    "viable cell spot brightness (%)",
    "viable cell spot area (%)",
    "minimum circularity",
    "aspirate cycles",
    "trypan blue mixing cycles",
    "decluster degree",
    "elapsed time (hrs)",
}


def read(data: bytes, *, filename: str) -> ReadOutcome:
    """Read a Vi-CELL XR export of any known layout."""
    if filename.lower().endswith(".txt"):
        return read_report(data, reader=READER, version=VERSION)
    try:
        book = read_workbook(data)
    except NotAWorkbook:
        return _refuse(
            "The spreadsheet is damaged or incomplete. Export it again from the instrument and "
            "upload that."
        )
    except ImportError:
        return _refuse(
            "This computer lacks the reader for .xls files. Tell your administrator "
            "(python-calamine)."
        )
    return _read_book(book)


def _refuse(error: str) -> ReadOutcome:
    return refused(error, reader=READER, reader_version=VERSION)


def _read_book(book: Workbook) -> ReadOutcome:
    tables = [sheet for sheet in book.sheets if _header_row(sheet) is not None]
    if not tables:
        return _refuse(_no_table_sentence(book))
    sheet = tables[0]
    opening = [text for row in sheet.rows().values() for text in row.values()][:10]
    software = next((text.strip() for text in opening if "vi-cell xr" in text.lower()), "")
    if not software:
        found = storable(opening[0].strip()[:60]) if opening else "nothing"
        return _refuse(
            f"This is not a Vi-CELL XR export: the first rows do not name the Vi-CELL XR software, "
            f'found "{found}". '
            "Choose the instrument this file comes from, or export it again."
        )
    table = _Table(sheet, book.is_1904)
    problem = table.read()
    if problem:
        return _refuse(problem)
    version = re.search(r"Vi-CELL\s+XR\s+([\d.]+)", software, re.IGNORECASE)
    facts = {
        "software": storable(software),
        "serial": table.serial,
        "layout": f"table {version[1][:4]}" if version else "table",
        "sheet": storable(sheet.title),
        "samples": len(table.samples),
        "settings": table.settings,
        "comments": table.comments,
        "edited_by": storable(book.last_modified_by),
        "edited_at": storable(book.modified),
        "formula_cells": len(sheet.formulas),
        "hidden_rows": [row + 1 for row in sorted(sheet.hidden_rows)][:1000],
    }
    warnings = [*_edit_warnings(book, sheet), *table.warnings]
    if version is None or version[1][:4] not in TESTED_VERSIONS:
        warnings.append(
            f'"{storable(software)[:60]}" is not a software version this reader was tested with.'
        )
    others = [other for other in book.sheets if other is not sheet and other.cells]
    not_understood = [
        f'Sheet "{storable(other.title)}" was not read.' for other in others
    ] + table.not_understood
    return ReadOutcome(
        ok=True,
        reader=READER,
        reader_version=VERSION,
        readings=tuple(table.readings),
        facts=facts,
        warnings=tuple(warnings),
        not_understood=tuple(not_understood),
    )


def _header_row(sheet: Sheet) -> int | None:
    for row, cells in sheet.rows().items():
        if row > 50:
            return None
        if any(text.strip().lower() == SAMPLE for text in cells.values()) and len(cells) > 2:
            return row
    return None


def _no_table_sentence(book: Workbook) -> str:
    first = next((text for sheet in book.sheets for _, text in sorted(sheet.cells.items())), "")
    if not first:
        return "The spreadsheet is empty. Export it again from the instrument and upload that."
    found = f'It begins with "{storable(first.strip()[:60])}"'
    if "vi-cell xr" in first.lower():
        return (
            f"This Vi-CELL XR layout is not known to the reader: it has no row of headings with "
            f"Sample ID. {found}. "
            "Export the run as a table, or report the layout so that it can be added."
        )
    return (
        f"This is not a Vi-CELL XR export: it has no row of headings with Sample ID. {found}. "
        "Choose the instrument this file comes from, or export it again."
    )


def _edit_warnings(book: Workbook, sheet: Sheet) -> list[str]:
    warnings = []
    if book.last_modified_by:
        on = f" on {book.modified[:10]}" if book.modified else ""
        warnings.append(
            f"The file was saved again after the export, last by "
            f"{storable(book.last_modified_by)[:80]}{on}. "
            "Compare it with the instrument's own record."
        )
    if sheet.formulas:
        first = sheet.locator(*min(sheet.formulas))
        warnings.append(
            f"{len(sheet.formulas)} cells hold formulas (first {first}). The instrument writes "
            f"values only, so the "
            "file was edited after the export."
        )
    filled = {row for row, _ in sheet.cells}
    if hidden := sorted(sheet.hidden_rows & filled):
        shown = ", ".join(str(row + 1) for row in hidden[:10])
        warnings.append(f"Rows are hidden in the spreadsheet and were read all the same: {shown}.")
    if sheet.hidden:
        warnings.append("The sheet with the results is hidden in the spreadsheet.")
    return warnings


class _Table:
    """The two header rows and the sample rows below them."""

    def __init__(self, sheet: Sheet, is_1904: bool) -> None:
        self.sheet, self.is_1904 = sheet, is_1904
        self.readings: list[Reading] = []
        self.samples: list[str] = []
        self.sample_rows: list[int] = []
        self.warnings: list[str] = []
        self.not_understood: list[str] = []
        self.settings: dict[str, str] = {}
        self.comments: list[str] = []
        self.serial = ""

    def read(self) -> str:
        """Fill in everything; a sentence when the table cannot be read at all."""
        rows = self.sheet.rows()
        header = _header_row(self.sheet)
        assert header is not None
        self._read_serial([cells for row, cells in rows.items() if row < header])
        below = rows.get(header + 1, {})
        sample_column = next(
            column for column, text in rows[header].items() if text.strip().lower() == SAMPLE
        )
        two_rows = sample_column not in below and bool(below)
        columns = self._columns(rows[header], below if two_rows else {})
        doubled = [name for name, places in columns.items() if len(places) > 1 and name in MEASURED]
        if doubled:
            return (
                f'The heading "{doubled[0]}" occurs twice, so it cannot be told which column holds '
                f"it. "
                "Export the file again from the instrument, with both rows of headings."
            )
        self.place = {name: places[0] for name, places in columns.items()}
        self.measured = {name: column for name, column in self.place.items() if name in MEASURED}
        if not self.measured:
            found = storable(", ".join(list(columns)[:8]))[:200]
            return (
                f"None of the Vi-CELL XR columns was found, only: {found}. Report this layout so "
                "that it can be added."
            )
        self._note_columns(columns)
        for row, cells in rows.items():
            if row > header + (1 if two_rows else 0):
                self._read_row(row, cells, sample_column)
        if not self.samples:
            return (
                "The table has headings but no samples. Export the run again from the instrument."
            )
        self._settle()
        return ""

    def _read_serial(self, rows: list[dict[int, str]]) -> None:
        for cells in rows:
            for text in cells.values():
                if match := re.fullmatch(r"\s*Unit S/N\s*:\s*(.*?)\s*", text, re.IGNORECASE):
                    self.serial = storable(match[1])

    def _columns(self, upper: dict[int, str], lower: dict[int, str]) -> dict[str, list[int]]:
        columns: dict[str, list[int]] = {}
        for column in sorted({*upper, *lower}):
            title = " ".join(f"{upper.get(column, '')} {lower.get(column, '')}".split()).lower()
            # 2.06 heads its counts "Total / cells" over two rows, 2.04 "Total cells" in one: both
            # join to the same.
            if title:
                columns.setdefault(title, []).append(column)
        return columns

    def _note_columns(self, columns: dict[str, list[int]]) -> None:
        known = {SAMPLE, CELL_TYPE, COMMENT, *DATES, *MEASURED, *SETTINGS}
        for title, places in columns.items():
            if title not in known:
                self.not_understood.append(
                    f'Column {column_letters(places[0])} ("{storable(title)[:60]}") is not known '
                    f"and was not read."
                )
        self.warnings += cell_counts.missing_quantities(MEASURED[title] for title in self.measured)
        if not any(title in columns for title in DATES):
            self.warnings.append("This file has no column with the date of the count.")
        if not self.serial:
            self.warnings.append("The file does not state the instrument's serial number.")

    def _read_row(self, row: int, cells: dict[int, str], sample_column: int) -> None:
        if not any(text.strip() for text in cells.values()):
            return
        if _is_counting_row(cells):
            self.warnings.append(
                f"Row {row + 1} only numbers the columns (0, 1, 2, …) and was not read as a sample."
            )
            return
        printed = {name: cells.get(column, "") for name, column in self.measured.items()}
        if cells.get(sample_column, "").strip().lower() == SAMPLE or not any(
            values.parse_value(text).number is not None for text in printed.values()
        ):
            shown = " | ".join(text.strip() for _, text in sorted(cells.items()) if text.strip())
            self.not_understood.append(f"Row {row + 1} is no sample: {storable(shown)[:150]}")
            return
        sample = storable(cells.get(sample_column, "").strip())
        self.samples.append(sample)
        self.sample_rows.append(row)
        if not sample:
            self.warnings.append(f"Row {row + 1} holds results without a sample id.")
        self._read_values(row, cells, printed, sample)

    def _read_values(
        self, row: int, cells: dict[int, str], printed: dict[str, str], sample: str
    ) -> None:
        measured_text, measured_at = self._date(row, cells)
        group = storable(self._cell(cells, CELL_TYPE))
        if comment := self._cell(cells, COMMENT):
            self.comments.append(storable(f"{sample}: {comment}"))
        for title, text in printed.items():
            value = values.parse_value(text)
            locator = storable(self.sheet.locator(row, self.measured[title]))
            if value.remark:
                self.not_understood.append(storable(f"{locator}: {value.remark}."))
            quantity = MEASURED[title]
            self.readings.append(
                Reading(
                    ordinal=len(self.readings),
                    locator=locator,
                    sample_text=sample,
                    quantity=quantity,
                    value_text=storable(text.strip()),
                    number=value.number,
                    qualifier=value.qualifier,
                    unit=cell_counts.UNITS[quantity],
                    measured_text=storable(measured_text),
                    measured_at=measured_at,
                    device_serial=self.serial,
                    status=value.status,
                    group=group,
                )
            )

    def _cell(self, cells: dict[int, str], title: str) -> str:
        return cells.get(self.place[title], "").strip() if title in self.place else ""

    def _date(self, row: int, cells: dict[int, str]) -> tuple[str, str | None]:
        title = next((name for name in DATES if name in self.place), None)
        if title is None:
            return "", None
        text = self._cell(cells, title)
        at = values.local_time(text)
        if at is None and (row, self.place[title]) in self.sheet.numeric:
            at = values.spreadsheet_time(text, is_1904=self.is_1904)
            self.warnings.append(
                f"Row {row + 1}: the date is stored as a spreadsheet number. The instrument writes "
                f"text, so the cell "
                "was edited after the export."
            )
        elif at is None:
            self.warnings.append(
                storable(f'Row {row + 1}: the date "{text[:40]}" could not be read.')
            )
        return text, at

    def _settle(self) -> None:
        """What only shows when all rows are read."""
        for title in sorted(SETTINGS - {"file name"} & set(self.place)):
            found = {self.sheet.text(row, self.place[title]) for row in self.sample_rows} - {""}
            if found:
                self.settings[storable(title)] = (
                    storable(found.pop()) if len(found) == 1 else "varies"
                )
        self.warnings += cell_counts.inconsistent_counts(self.readings)
        self.warnings += cell_counts.repeated_samples(self.samples)


def _is_counting_row(cells: dict[int, str]) -> bool:
    """Whether the row holds rising column numbers from 0: an artefact of some exports."""
    numbers = [values.parse_value(text).number for _, text in sorted(cells.items())]
    if len(numbers) < 5 or any(number is None or number != int(number) for number in numbers):
        return False
    return numbers[0] == 0 and all(left < right for left, right in pairwise(numbers))
