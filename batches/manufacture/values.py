"""Reading what a person typed into a step: exact decimals, or one plain sentence why not. Pure."""

import re
from decimal import Decimal

# ASCII digits only: ＜, ١ or a comma would be read differently by different people and programs.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?", re.ASCII)
WHOLE_DIGITS, DECIMALS = 14, 6
_YES = frozenset({"", "yes", "y", "done", "ok", "true", "checked", "conforms", "pass", "passed"})
_NO = frozenset({"no", "n", "false", "not ok", "not done", "fail", "failed", "does not conform"})


class NotAValue(ValueError):
    """What was typed is no value for this step. Its text is a sentence for the person."""


def read_number(text: str) -> Decimal:
    """Return the number that was typed, exactly. Raises NotAValue."""
    typed = text.strip()
    if not _NUMBER.fullmatch(typed):
        hint = " Use a point, not a comma." if "," in typed else ""
        raise NotAValue(
            f"“{typed[:40]}” is not a number. Write it with digits and a point, like 12.5.{hint}"
        )
    number = Decimal(typed)
    if number and number.adjusted() >= WHOLE_DIGITS:
        raise NotAValue(f"“{typed[:40]}” is too large for this step.")
    if number != round(number, DECIMALS):
        raise NotAValue(f"“{typed[:40]}” has more than {DECIMALS} decimals.")
    return number


def read_value(step, text: str) -> tuple[str, Decimal | None, bool | None]:
    """Return what was typed for a step, its number if it is one, and whether it is in its limits.

    None for the limits where the step has none. Raises NotAValue.
    """
    value = str(text).strip()
    if len(value) > 400:
        raise NotAValue("At most 400 characters fit here; use the comment for more.")
    if "\x00" in value:
        raise NotAValue("The value holds a character that cannot be stored.")
    if step.kind == "number":
        return _number(step, value)
    if step.kind == "check":
        return _check(step, value)
    if step.kind in {"text", "scan"} and not value:
        raise NotAValue("Scan or type what stands there." if step.kind == "scan" else "Write it.")
    if step.expected and step.kind in {"text", "scan"}:
        same = value == step.expected if step.kind == "scan" else _folded(value, step.expected)
        return value, None, same
    return value, None, None


def _number(step, value):
    if not value:
        raise NotAValue("Write the measured value.")
    number = read_number(value)
    if step.lower is None and step.upper is None:
        return value, number, None
    inside = (step.lower is None or number >= step.lower) and (
        step.upper is None or number <= step.upper
    )
    return value, number, inside


def _check(step, value):
    if step.expected and step.expected.strip().casefold() not in _YES:
        return value or step.expected, None, not value or _folded(value, step.expected)
    if value.casefold() in _NO:
        return value, None, False
    if value.casefold() in _YES:
        return value or "done", None, True
    raise NotAValue("Answer with done, yes or no.")


def _folded(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
