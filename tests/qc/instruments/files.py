"""Instrument files made in memory: the real layouts with invented values."""

import io
import zipfile
from xml.sax.saxutils import escape

CONTENT_TYPES = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
WORKBOOK = (
    "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' "
    "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'>"
    "<sheets><sheet name='Run' sheetId='1' r:id='rId1'/></sheets></workbook>"
)
RELATIONS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='rId1' Target='worksheets/sheet1.xml' Type="
    "'http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet'/></Relationships>"
)
ROOT_RELATIONS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='rId1' Target='xl/workbook.xml' Type="
    "'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument'/>"
    "</Relationships>"
)
SHEET = (
    "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>{}</worksheet>"
)

UPPER = ["Sample ID", "Cell type", "Dilution", "Sample date/time", "Total", "Viable", "Viability"]
UPPER += ["Total cells", "Viable cells", "Avg. diam."]
LOWER = ["", "", "factor", "", "cells", "cells", "(%)", "/ml (x10^6)", "/ml (x10^6)", "(microns)"]
ROW = [
    "S1",
    "Tcell",
    "1.00",
    "2 Mar 2023  8:31:38 AM",
    "1000",
    "900",
    "90.0",
    "7.80",
    "7.02",
    "9.9",
]


def letters(column):
    return chr(65 + column) if column < 26 else letters(column // 26 - 1) + letters(column % 26)


def cell(row, column, text):
    return f"<c r='{letters(column)}{row}' t='inlineStr'><is><t>{escape(text)}</t></is></c>"


def sheet_data(rows, attributes=None):
    body = "".join(
        f"<row r='{row}'{(attributes or {}).get(row, '')}>"
        + "".join(cell(row, column, text) for column, text in enumerate(texts) if text)
        + "</row>"
        for row, texts in enumerate(rows, start=1)
    )
    return f"<sheetData>{body}</sheetData>"


def table(*rows, head=("Vi-CELL XR 2.06.3", "", "Unit S/N:  X1"), upper=None, lower=None):
    """The rows of a Vi-CELL XR table export."""
    return [[text] for text in head] + [upper or UPPER, LOWER if lower is None else lower, *rows]


def xlsx(rows=None, *, sheet=None, extra=(), attributes=None):
    """A workbook of one sheet, from rows of texts or from raw sheet XML, with extra members."""
    content = SHEET.format(sheet_data(rows, attributes)) if sheet is None else sheet
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", ROOT_RELATIONS)
        archive.writestr("xl/workbook.xml", WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        archive.writestr("xl/worksheets/sheet1.xml", content)
        for name, text in extra:
            archive.writestr(name, text)
    return buffer.getvalue()


def far_cell():
    """10 KB that ask for 550 GB: one cell in the last corner of the sheet."""
    return xlsx(
        sheet=SHEET.format(
            "<sheetData><row r='1'><c r='A1'><v>1</v></c></row>"
            "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>"
        )
    )


def report(**changes):
    """A Vi-CELL XR text report of one sample; a value of None leaves the line out."""
    lines = {
        "Sample ID": "S1",
        "RunDate": "29 Sep 2023  5:21:32 AM",
        "Unit S/N": "X1",
        "User": "",
        "Images": "2",
        "Total cells": "1000",
        "Viable cells": "900",
        "Nonviable cells": "100",
        "Viability (%)": "90.0",
        "Total cells / ml (x 10^6)": "7.80",
        "Total viable cells / ml (x 10^6)": "7.02",
        "Average diameter (microns)": "9.9",
        "Cell type": "Tcell",
        "CountData": "400,600",
        "ViableCellsData": "300,600",
        "ImageBaseName": "S1",
        **changes,
    }
    body = "".join(f"{name} : {value}\r\n" for name, value in lines.items() if value is not None)
    return f"Vi-CELL XR 2.06.3\r\n\r\n{body}".encode()
