"""Reading what a calculation is given: exact numbers, lists of them, and a sentence for the rest.

Numbers are read into `Fraction`, so that 0.1 means a tenth: a formula is computed exactly and
rounded once, when the double that goes out is made.
"""

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qc.calculations.registry import BadInput
from qc.calculations.values import NUMBER as WRITTEN

NUMBER = {
    "type": ["number", "string"],
    "description": "a JSON number, or a decimal number as text",
}
POSITIVE = {**NUMBER, "description": "a number above 0"}
NUMBERS = {"type": "array", "items": NUMBER}

_MOST_DIGITS = 400
_MOST_ENTRIES = 100_000


def schema(required: Iterable[str] = (), **properties: Mapping[str, Any]) -> dict:
    """Return the JSON Schema of an inputs object."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | one(required, **properties)


def one(required: Iterable[str] = (), **properties: Mapping[str, Any]) -> dict:
    """Return the JSON Schema of one object inside the inputs."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def number(field: str, given: Any, *, above=None, least=None, below=None, most=None) -> Fraction:
    """Return a number exactly as written. Raises BadInput outside the limits, or beyond a double.

    `above` and `below` are excluded themselves; `least` and `most` are not.
    """
    value = _exact(field, given)
    if above is not None and value <= above:
        raise BadInput(field, f"{field} must be above {above}.")
    if least is not None and value < least:
        raise BadInput(field, f"{field} must not be below {least}.")
    if below is not None and value >= below:
        raise BadInput(field, f"{field} must be below {below}.")
    if most is not None and value > most:
        raise BadInput(field, f"{field} must not be above {most}.")
    return value


def _exact(field: str, given: Any) -> Fraction:
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal | Fraction):
        raise BadInput(field, f"{field} must be a number.")
    if isinstance(given, Fraction):
        return given
    if isinstance(given, int):
        if abs(given) >= 2**1024:
            raise BadInput(field, f"{field} is beyond what a double can hold.")
        return Fraction(given)
    if isinstance(given, str):
        text = given.strip()
        if not re.fullmatch(WRITTEN, text) or len(text) > _MOST_DIGITS:
            shown = f"“{text[:40]}”" if text else "An empty text"
            raise BadInput(field, f"{field}: {shown} is not a number.")
        given = Decimal(text)
    # Before a Fraction is made of it: 1e999999999 has a thousand million digits.
    if not math.isfinite(given):
        raise BadInput(field, f"{field} must be a number, not {given}.")
    value = Decimal(given)
    if value and not -307 <= value.adjusted() <= 308:
        raise BadInput(field, f"{field} is beyond what a double can hold.")
    exact = Fraction(value)
    if abs(exact) >= 2**1024 - 2**970:
        raise BadInput(field, f"{field} is beyond what a double can hold.")
    return exact


def numbers(field: str, given: Any, *, count: int = 1, **limits) -> list[Fraction]:
    """Return a list of at least `count` numbers; each is held to the limits of `number`."""
    return [
        number(f"{field}[{place}]", entry, **limits)
        for place, entry in enumerate(entries(field, given, count=count))
    ]


def entries(field: str, given: Any, *, count: int = 1) -> list:
    """Return a list of at least `count` entries, whatever they are."""
    if not isinstance(given, list | tuple):
        raise BadInput(field, f"{field} must be a list.")
    if len(given) < count:
        what = "one entry" if count == 1 else f"{count} entries"
        raise BadInput(field, f"{field} needs at least {what}; it has {len(given)}.", "too_few")
    if len(given) > _MOST_ENTRIES:
        raise BadInput(field, f"{field} has more than {_MOST_ENTRIES} entries.", "too_many")
    return list(given)


def named(field: str, given: Any) -> dict[str, Any]:
    """Return an object with at least one entry."""
    if not isinstance(given, Mapping):
        raise BadInput(field, f"{field} must be an object.")
    if not given:
        raise BadInput(field, f"{field} is empty.", "too_few")
    return dict(given)


def parts(field: str, given: Any, *names: str) -> list[Any]:
    """Return the named entries of an object that has all of these and no others."""
    if not isinstance(given, Mapping):
        raise BadInput(field, f"{field} must be an object.")
    for name in given:
        if name not in names:
            raise BadInput(f"{field}.{name}", f"{name} is not part of {field}.", "unknown")
    for name in names:
        if given.get(name) is None:
            raise BadInput(f"{field}.{name}", f"{field} needs {name}.", "required")
    return [given[name] for name in names]


def whole(field: str, given: Any, *, least: int, most: int = 10**9) -> int:
    """Return a whole number between two others."""
    value = number(field, given, least=least, most=most)
    if value.denominator != 1:
        raise BadInput(field, f"{field} must be a whole number.")
    return int(value)


def choice(field: str, given: Any, *known: str) -> str:
    """Return one of the known words."""
    if not isinstance(given, str) or given not in known:
        raise BadInput(field, f"{field} must be one of: {', '.join(known)}.")
    return given


def text(field: str, given: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(given, str) or not given.strip():
        raise BadInput(field, f"{field} must be text.")
    if len(given) > _MOST_DIGITS:
        raise BadInput(field, f"{field} is longer than {_MOST_DIGITS} characters.")
    return given


def given_once(**alternatives: Any) -> None:
    """Refuse when a thing is told in two ways at once, or in none."""
    told = [name for name, value in alternatives.items() if value is not None]
    if len(told) != 1:
        names = " or ".join(alternatives)
        raise BadInput(
            told[-1] if told else next(iter(alternatives)), f"Give {names}, one of them."
        )
