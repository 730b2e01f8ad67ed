"""Tables as files: CSV and XLSX in which no cell becomes a formula and no number loses a digit."""

import csv
import io
import re

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if text[:1] in "=+-@\t\r" and text and not NUMBER.fullmatch(text):
        return "'" + text
    return text


def as_csv(table) -> tuple[bytes, str]:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in table)
    return out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8"


def as_xlsx(table) -> tuple[bytes, str]:
    from openpyxl import Workbook  # slow to load, and only exports need it

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Records")
    for row in table:
        # Text as text: a result of 95.0 must not come out as 95.
        sheet.append([harmless(CONTROL.sub("", cell)) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
