"""The grammar of a criterion.

`>= 98.0`, `> 70`, `<= 101.5`, `< 5`, `6.9 - 7.8`, `= no growth`, `report`. Two additions that
cannot be misread: `≥` and `≤` for `>=` and `<=`, and an en dash in a range. `= 4` asks for that
number after rounding. A criterion is stored as it was written.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from qc.calculations.values import (
    NUMBER,
    NotAValue,
    is_interim,
    parse_number,
    parse_value,
    plain_words,
)

MAX_LENGTH = 120
MAX_DECIMALS = 20
GRAMMAR = ">= 98.0, > 70, <= 101.5, < 5, 6.9 - 7.8, = no growth, report"

_LIMIT = re.compile(rf"(>=|<=|>|<|≥|≤)\s*({NUMBER})")
_RANGE = re.compile(rf"({NUMBER})\s*[-–]\s*({NUMBER})")
_EQUAL_NUMBER = re.compile(rf"=\s*({NUMBER})")


class NotACriterion(ValueError):
    """The text is no criterion; the message says why, in a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A requirement as understood. Limits that are None do not apply."""

    text: str
    lower: Decimal | None = None
    upper: Decimal | None = None
    lower_strict: bool = False
    upper_strict: bool = False
    expected: str = ""
    is_report: bool = False
    decimals: int = 0

    @property
    def is_numeric(self) -> bool:
        return self.lower is not None or self.upper is not None

    def accepts(self, number: Decimal) -> bool:
        """Whether a number, taken as it stands, lies inside the limits."""
        if self.lower is not None and (
            number < self.lower or (self.lower_strict and number == self.lower)
        ):
            return False
        return self.upper is None or not (
            number > self.upper or (self.upper_strict and number == self.upper)
        )


def parse_criterion(text: str) -> Criterion:
    """Return what a criterion asks for, or raise NotACriterion with the sentence that says why."""
    if not isinstance(text, str) or not text.strip():
        raise NotACriterion(f"A criterion is needed, for example {GRAMMAR}.")
    stripped = text.strip()
    if len(stripped) > MAX_LENGTH:
        raise NotACriterion(f"The criterion is longer than {MAX_LENGTH} characters.")
    if stripped.casefold() == "report":
        return Criterion(stripped, is_report=True)
    if match := _LIMIT.fullmatch(stripped):
        return _limit(stripped, match[1], _number(match[2]))
    if match := _RANGE.fullmatch(stripped):
        return _range(stripped, _number(match[1]), _number(match[2]))
    if match := _EQUAL_NUMBER.fullmatch(stripped):
        limit = _number(match[1])
        return Criterion(stripped, lower=limit, upper=limit, decimals=_decimals(limit))
    if stripped.startswith("="):
        return _words(stripped, stripped[1:].strip())
    raise NotACriterion(f"{stripped} is not a criterion. Write it like one of these: {GRAMMAR}.")


def _limit(text: str, sign: str, limit: Decimal) -> Criterion:
    strict = sign in "<>"
    if sign in {">", ">=", "≥"}:
        return Criterion(text, lower=limit, lower_strict=strict, decimals=_decimals(limit))
    return Criterion(text, upper=limit, upper_strict=strict, decimals=_decimals(limit))


def _range(text: str, lower: Decimal, upper: Decimal) -> Criterion:
    """A range whose ends have different decimals is judged with the more exact one's."""
    if lower > upper:
        raise NotACriterion(f"{text}: the lower limit is above the upper limit.")
    decimals = max(_decimals(lower), _decimals(upper))
    return Criterion(text, lower=lower, upper=upper, decimals=decimals)


def _words(text: str, expected: str) -> Criterion:
    try:
        value = parse_value(expected)
    except NotAValue as error:
        raise NotACriterion(f"{text} is not a criterion: {error}") from None
    if value.number is not None:
        raise NotACriterion(f"{text} is not a criterion: write the limit without =.")
    if is_interim(expected):
        raise NotACriterion(f"{text} is not a criterion: {expected} is never a final result.")
    return Criterion(text, expected=plain_words(expected))


def _number(text: str) -> Decimal:
    try:
        number = parse_number(text)
    except NotAValue as error:
        raise NotACriterion(f"The limit {error}") from None
    if _decimals(number) > MAX_DECIMALS:
        raise NotACriterion(f"The limit {text} has more than {MAX_DECIMALS} decimals.")
    return number


def _decimals(number: Decimal) -> int:
    return max(0, -number.as_tuple().exponent)
