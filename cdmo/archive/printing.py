"""Paper: sections of facts and tables set as PDF/A by one template, whatever they are about.

All text goes to the template as data (JSON), none as markup, so no name or value can become an
instruction. A cell is text, or {"text", "mark"}: "struck", "changed", "quiet", "mono", "blank".
"""

import json
from pathlib import Path

import typst

from qc.release.certificate import ascii_only, spelt_out

TEMPLATE = Path(__file__).with_name("paper.typ")
STANDARD = "a-2b"


def facts(title: str, pairs, *, note: str = "") -> dict:
    """Return a section of names and values; empty values are left out."""
    rows = [[name, cell(value)] for name, value in pairs if value not in (None, "", [])]
    return {"kind": "facts", "title": title, "rows": rows, "note": note}


def table(title: str, columns, rows, *, note: str = "", empty: str = "None.") -> dict:
    """Return a table; `columns`: (heading, width in parts)."""
    return {
        "kind": "table",
        "title": title,
        "columns": [name for name, _ in columns],
        "widths": [width for _, width in columns],
        "rows": [[cell(value) for value in row] for row in rows],
        "note": note,
        "empty": empty,
    }


def cell(value):
    """Return what a cell holds, as text or marked text."""
    if isinstance(value, dict):
        return {"text": str(value.get("text", "")), "mark": value.get("mark", "")}
    return {"text": "" if value is None else str(value), "mark": ""}


def marked(text, mark: str) -> dict:
    return {"text": text, "mark": mark}


def pdf(*, title, subtitle, kicker, footer, digest, sections, warning="", landscape=False) -> bytes:
    """Return the paper as PDF/A (ISO 19005-2 level B), fonts embedded."""
    content = {
        "title": title,
        "subtitle": subtitle,
        "kicker": kicker,
        "footer": footer,
        "digest": digest,
        "warning": warning,
        "landscape": landscape,
        "sections": sections,
    }
    for readable in (str, spelt_out, ascii_only):
        text = json.dumps(_each_text(content, readable))
        try:
            return typst.compile(
                TEMPLATE,
                format="pdf",
                pdf_standards=STANDARD,
                ignore_system_fonts=True,
                sys_inputs={"data": text},
            )
        except typst.TypstError as error:
            refused = error
    raise refused


def _each_text(content, change):
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {name: _each_text(value, change) for name, value in content.items()}
    if isinstance(content, list):
        return [_each_text(value, change) for value in content]
    return content
