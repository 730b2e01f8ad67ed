"""Delimited text as rows that still know which line of the file they came from."""

from __future__ import annotations

import csv
import io
import re
from typing import NamedTuple

from qc.instruments.readers import values

MAX_ROWS = 20_000


class Row(NamedTuple):
    line: int
    cells: list[str]


def rows_of(data: bytes, *, delimiter: str) -> tuple[list[Row], str]:
    """The rows of a delimited file, blank ones left out, and the file's encoding."""
    text, encoding = values.decode(data)
    # csv counts lines as it reads, so a quoted cell over several lines does not shift the numbers
    # after it. Not splitlines(): it also breaks at characters an editor does not call a new line.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
            if len(rows) > MAX_ROWS:
                break
    except csv.Error:
        # A NUL or an endless quoted cell: what was read so far tells the caller what kind of file
        # this is.
        return rows, encoding
    return rows, encoding


def lines_of(text: str) -> list[str]:
    """Lines as an editor numbers them."""
    return re.split(r"\r\n|\r|\n", text)


def title_of(text: str) -> str:
    """A heading without differences that mean nothing: case, blanks, and the two characters for
    micro.
    """
    return " ".join(text.split()).lower().replace("\u00b5", "\u03bc")
