"""What a reader hands back: readings taken from one instrument file, and how reading it went.

Frozen values without Django, because they are made in a sandboxed child process, cross a pipe as
JSON and are checked again on this side. The check is strict on purpose: the child has handled an
untrusted file, so its answer is untrusted too. Unknown fields, NaN, and text PostgreSQL could not
store are refused.

`value_text` is the evidence: the digits exactly as the file prints them. `number` is what they
mean. A number is a Decimal and travels as a string, so `7.80` is still `7.80` when it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

STATUSES = ("ok", "masked", "out_of_range", "missing", "error")
QUALIFIERS = ("", "<", ">")

MAX_READINGS = 200_000
MAX_TEXT = 20_000
MAX_FACT_DEPTH = 6
# A measured value needs neither more digits nor a larger exponent; arithmetic on 1e999999999 would
# hang.
MAX_DIGITS = 60
MAX_EXPONENT = 100

_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class InvalidOutcome(ValueError):
    """A reader's answer that does not have the agreed shape."""


def storable(text: object) -> str:
    """Text as PostgreSQL can keep it: NUL and lone surrogates become the replacement character."""
    return _UNSTORABLE.sub("\ufffd", str(text))[:MAX_TEXT]


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as one file states it, with the place it stands at.

    `group` is what the file uses to tell equal sample ids apart or to describe them: cell type for
    a cell counter, plate group for an ELISA reader, target for PCR, gate path for flow cytometry.
    `measured_at` is the instrument's own local time (or only a date) without zone: the zone belongs
    to the registered instrument, not to the file. It is None where the file's date can be read in
    two ways.
    """

    ordinal: int
    locator: str
    sample_text: str
    quantity: str
    value_text: str
    number: Decimal | None = None
    qualifier: str = ""
    unit: str = ""
    measured_text: str = ""
    measured_at: str | None = None
    device_serial: str = ""
    status: str = "ok"
    group: str = ""
    operator: str = ""

    def __post_init__(self) -> None:
        if type(self.ordinal) is not int or self.ordinal < 0:
            raise InvalidOutcome("ordinal must be a whole number from 0")
        for name in _TEXT_FIELDS:
            _require_text(getattr(self, name), name)
        if self.measured_at is not None:
            _require_text(self.measured_at, "measured_at")
            if not _LOCAL_TIME.fullmatch(self.measured_at):
                raise InvalidOutcome(
                    f"measured_at is not a local ISO time: {self.measured_at[:40]!r}"
                )
        if self.status not in STATUSES:
            raise InvalidOutcome(f"unknown status {self.status[:40]!r}")
        if self.qualifier not in QUALIFIERS:
            raise InvalidOutcome(f"unknown qualifier {self.qualifier[:40]!r}")
        if self.number is not None:
            _require_measured_number(self.number)
        if self.status == "ok" and self.number is None:
            raise InvalidOutcome("a reading that is ok needs a number")
        if self.status == "missing" and self.number is not None:
            raise InvalidOutcome("a missing reading cannot have a number")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the Decimal as its own digits."""
        values = {name: getattr(self, name) for name in _READING_FIELDS}
        values["number"] = None if self.number is None else str(self.number)
        return values

    @classmethod
    def from_dict(cls, values: object) -> Reading:
        """The reading these JSON values state. Raises InvalidOutcome."""
        values = _require_fields(values, _READING_FIELDS, "reading")
        number = values["number"]
        if number is not None:
            number = _parse_number(number)
        return cls(**{**values, "number": number})


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """How reading one file went. `error` is one plain sentence, and empty exactly when `ok`.

    `warnings` are sentences a person must see before confirming. `not_understood` lists rows and
    columns that hold something but were not read: nothing is dropped silently.
    """

    ok: bool
    reader: str
    reader_version: str
    readings: tuple[Reading, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    error: str = ""

    def __post_init__(self) -> None:
        if type(self.ok) is not bool:
            raise InvalidOutcome("ok must be true or false")
        for name in ("reader", "reader_version", "error"):
            _require_text(getattr(self, name), name)
        if self.ok == bool(self.error):
            raise InvalidOutcome("an outcome is either ok or has an error")
        if len(self.readings) > MAX_READINGS:
            raise InvalidOutcome("too many readings")
        for name in ("warnings", "not_understood"):
            for sentence in getattr(self, name):
                _require_text(sentence, name)
        if not isinstance(self.facts, dict):
            raise InvalidOutcome("facts must be an object")
        _require_fact(self.facts, "facts", depth=0)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, ready for `json.dumps(..., allow_nan=False)`."""
        return {
            "ok": self.ok,
            "reader": self.reader,
            "reader_version": self.reader_version,
            "readings": [reading.to_dict() for reading in self.readings],
            "facts": self.facts,
            "warnings": list(self.warnings),
            "not_understood": list(self.not_understood),
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, values: object) -> ReadOutcome:
        """The outcome these JSON values state. Raises InvalidOutcome."""
        values = _require_fields(values, _OUTCOME_FIELDS, "outcome")
        for name in ("readings", "warnings", "not_understood"):
            if not isinstance(values[name], list):
                raise InvalidOutcome(f"{name} must be a list")
        if len(values["readings"]) > MAX_READINGS:
            raise InvalidOutcome("too many readings")
        return cls(
            **{
                **values,
                "readings": tuple(Reading.from_dict(reading) for reading in values["readings"]),
                "warnings": tuple(values["warnings"]),
                "not_understood": tuple(values["not_understood"]),
            }
        )


_READING_FIELDS = tuple(item.name for item in fields(Reading))
_OUTCOME_FIELDS = tuple(item.name for item in fields(ReadOutcome))
_TEXT_FIELDS = tuple(
    name for name in _READING_FIELDS if name not in ("ordinal", "number", "measured_at")
)


def refused(error: str, *, reader: str, reader_version: str, **rest: Any) -> ReadOutcome:
    """An outcome without readings, with the sentence that says why and what to do next."""
    return ReadOutcome(
        ok=False, reader=reader, reader_version=reader_version, error=storable(error), **rest
    )


def _require_fields(values: object, names: tuple[str, ...], what: str) -> Mapping[str, Any]:
    if not isinstance(values, dict):
        raise InvalidOutcome(f"{what} must be an object")
    if set(values) != set(names):
        odd = sorted(str(name)[:40] for name in set(values) ^ set(names))
        raise InvalidOutcome(f"{what} has missing or unknown fields: {', '.join(odd[:5])}")
    return values


def _require_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise InvalidOutcome(f"{name} must be text")
    if len(value) > MAX_TEXT:
        raise InvalidOutcome(f"{name} is too long")
    if _UNSTORABLE.search(value):
        raise InvalidOutcome(f"{name} holds characters that cannot be stored")


def _parse_number(value: object) -> Decimal:
    if not isinstance(value, str) or len(value) > MAX_DIGITS + 20:
        raise InvalidOutcome("a number must be a short string of digits")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise InvalidOutcome(f"not a number: {value[:40]!r}") from None


def _require_measured_number(number: object) -> None:
    if not isinstance(number, Decimal):
        raise InvalidOutcome("a number must be a Decimal")
    if not number.is_finite():
        raise InvalidOutcome("NaN and infinity are no measured values")
    if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_EXPONENT:
        raise InvalidOutcome("a number with too many digits")


def _require_fact(value: object, name: str, *, depth: int) -> None:
    if depth > MAX_FACT_DEPTH:
        raise InvalidOutcome("facts are nested too deeply")
    if value is None or type(value) in (bool, int):
        return
    if isinstance(value, str):
        _require_text(value, name)
    elif isinstance(value, list):
        for item in value:
            _require_fact(item, name, depth=depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _require_text(key, name)
            _require_fact(item, f"fact {key}", depth=depth + 1)
    else:
        # Floats too: a fact that is a measured number is given as its digits.
        raise InvalidOutcome(f"{name} holds a {type(value).__name__}")
