"""What the characters in an instrument file mean: text encodings, numbers, dates. Never a guess.

Where characters can mean two things (`1,204`, `03/04/2024`), the answer is "not known" and a
warning, because a wrong decimal place or month passes every later check. Written without strptime
and locale: the month names are the instrument's, not this computer's.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from qc.instruments.reading import MAX_DIGITS

_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(" "), start=1)}
_SPACES = " \u00a0\u202f\u2009"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_SPACED_THOUSANDS = re.compile(rf"[+-]?\d{{1,3}}([{_SPACES}]\d{{3}})+(\.\d+)?", re.ASCII)
_COMMA_DECIMAL = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})", re.ASCII)
_NOTHING = {"", "-", "--", "n/a", "na", "nan", "null", "none"}

_NAMED_MONTH = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*\.?[ -](\d{4})(?:\s+(.+))?", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:\s+(.+))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(.+))?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?", re.ASCII)


class Value(NamedTuple):
    """What a printed value means. `remark` says so where the characters are no plain number."""

    number: Decimal | None
    qualifier: str
    status: str
    remark: str = ""


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding: by byte-order mark, then UTF-8, then
    Windows-1252.

    Windows-1252 leaves five bytes undefined; they become the replacement character rather than an
    error.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace"), "utf-16"
    if data[:3] == b"\xef\xbb\xbf":
        return data[3:].decode("utf-8", errors="replace"), "utf-8"
    if len(data) > 3 and data[1] == 0 and data[3] == 0:
        return data.decode("utf-16-le", errors="replace"), "utf-16"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "windows-1252"


def parse_value(text: str) -> Value:
    """What one printed value means."""
    stripped = text.strip().strip(_SPACES)
    if stripped.lower() in _NOTHING:
        return Value(None, "", "missing")
    qualifier = stripped[0] if stripped[0] in "<>" else ""
    digits = stripped[1:].strip() if qualifier else stripped
    number = _parse_digits(digits)
    if number is None:
        return Value(
            None, "", "error", f'"{stripped[:40]}" is not a number this reader understands'
        )
    return Value(number, qualifier, "out_of_range" if qualifier else "ok")


def _parse_digits(digits: str) -> Decimal | None:
    if len(digits) > MAX_DIGITS:
        return None
    if _NUMBER.fullmatch(digits):
        number = Decimal(digits)
    elif _SPACED_THOUSANDS.fullmatch(digits):
        number = Decimal(re.sub(rf"[{_SPACES}]", "", digits))
    elif _COMMA_DECIMAL.fullmatch(digits):
        # A comma before one, two or more than three digits can only be a decimal comma.
        number = Decimal(digits.replace(",", "."))
    else:
        return None
    return number if abs(number.adjusted()) <= 90 else None


def date_order(texts: list[str]) -> str:
    """`month_first`, `day_first` or `unknown`, from all numeric dates of one column together."""
    first_over_12 = second_over_12 = False
    for text in texts:
        match = _SLASHED.fullmatch(text.strip())
        if match:
            first_over_12 |= int(match[1]) > 12
            second_over_12 |= int(match[2]) > 12
    if first_over_12 == second_over_12:
        return "unknown"
    return "day_first" if first_over_12 else "month_first"


def local_time(text: str, *, order: str = "unknown") -> str | None:
    """The naive local ISO time a printed date means, or None where it cannot be told."""
    stripped = " ".join(text.split())
    if match := _NAMED_MONTH.fullmatch(stripped):
        day, month, year, clock = (
            int(match[1]),
            _MONTHS.get(match[2].lower()),
            int(match[3]),
            match[4],
        )
    elif match := _YEAR_FIRST.fullmatch(stripped):
        year, month, day, clock = int(match[1]), int(match[2]), int(match[3]), match[4]
    elif match := _SLASHED.fullmatch(stripped):
        first, second, year, clock = int(match[1]), int(match[2]), int(match[3]), match[4]
        if first == second:
            order = "day_first"
        if order == "unknown":
            return None
        day, month = (first, second) if order == "day_first" else (second, first)
    else:
        return None
    return iso_time(year, month, day, clock)


def iso_time(year: int, month: int | None, day: int, clock: str | None) -> str | None:
    """ISO date, with the clock time where one is printed; None if there is no such day or time."""
    try:
        on = date(year, month or 0, day).isoformat()
        if not clock:
            return on
        match = _CLOCK.fullmatch(clock.strip())
        if match is None:
            return None
        hour, half = int(match[1]), (match[4] or "").lower()
        if half:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half == "pm" else 0)
        return f"{on}T{time(hour, int(match[2]), int(match[3] or 0)).isoformat()}"
    except ValueError:
        return None


def month_number(name: str) -> int | None:
    """1 to 12 for an English month name or its first three letters."""
    return _MONTHS.get(name[:3].lower())


def spreadsheet_time(text: str, *, is_1904: bool) -> str | None:
    """The local time behind a spreadsheet's day number, to the second."""
    value = parse_value(text)
    if value.number is None or not 61 <= value.number < 200_000:
        return None
    start = datetime.fromisoformat("1904-01-01" if is_1904 else "1899-12-30")
    seconds = int((value.number * 86_400).to_integral_value())
    return (start + timedelta(seconds=seconds)).isoformat()
