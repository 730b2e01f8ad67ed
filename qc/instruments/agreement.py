"""Whether two independent readers took the same values from one file.

Compared are samples and the quantities both readers give; a quantity only one of them knows is no
disagreement, one it knows but lacks for a single sample is. Values are paired by sample, quantity
and occurrence, because an id may stand in a file several times. The second reader re-types ids that
look numeric (`007` becomes `7`, `1E5` becomes `100000.0`), so such ids are paired by their numeric
value; and its numbers have passed through a float, so a number agrees when it is that float's
number. Nothing else is forgiven: there is no tolerance.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from qc.instruments.reading import Reading, ReadOutcome

_NUMERIC_ID = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?")
# The only conversions between the readers, each exact: (native unit, second unit) -> factor on the
# native number.
_FACTORS = {("/mL", "10*6/mL"): Decimal("0.000001"), ("10*6/mL", "/mL"): Decimal(1_000_000)}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One difference between two readers. `ordinal` is the native reading it concerns, where there
    is one.
    """

    kind: str  # value | unit | missing_value | missing_sample | unreadable
    sample_text: str
    quantity: str
    sentence: str
    ordinal: int | None = None


def compare(native: ReadOutcome, second: ReadOutcome) -> tuple[Disagreement, ...]:
    """Every difference between two readings of the same file. Empty when they agree."""
    for outcome, which in ((native, "first"), (second, "second")):
        if not outcome.ok:
            sentence = (
                f"The {which} reader did not read the file, so the values are confirmed by one "
                "reader only."
            )
            return (Disagreement("unreadable", "", "", sentence),)
    found = list(_sample_differences(native.readings, second.readings))
    odd_samples = {item.sample_text for item in found}
    shared = {reading.quantity for reading in native.readings} & {
        reading.quantity for reading in second.readings
    }
    if not shared and native.readings and second.readings:
        sentence = "The two readers have no quantity in common, so no value is confirmed by both."
        return (*found, Disagreement("unreadable", "", "", sentence))
    ours, theirs = _paired(native.readings, shared), _paired(second.readings, shared)
    for key in {**ours, **theirs}:
        one, other = ours.get(key), theirs.get(key)
        sample = (one or other).sample_text
        if sample in odd_samples:
            continue  # said once for the sample, not again for each of its values
        if difference := _difference(one, other, occurrence=key[2]):
            found.append(difference)
    return tuple(found)


def sample_key(text: str) -> str:
    """What an id is paired by: itself without outer blanks, or its number if it looks like one."""
    stripped = text.strip()
    if _NUMERIC_ID.fullmatch(stripped):
        number = Decimal(stripped)
        return format(number.normalize(), "f") if number else "0"
    return stripped


def _sample_differences(
    native: Iterable[Reading], second: Iterable[Reading]
) -> Iterable[Disagreement]:
    ours, theirs = _samples(native), _samples(second)
    for key, (text, times) in ours.items():
        _, other_times = theirs.get(key, ("", 0))
        if other_times != times:
            yield _sample_difference(text, times, other_times)
    for key, (text, times) in theirs.items():
        if key not in ours:
            yield _sample_difference(text, 0, times)


def _sample_difference(text: str, first: int, second: int) -> Disagreement:
    name = f"Sample {text}" if text else "A sample without an id"
    if not second:
        sentence = f"{name} was found by the first reader only."
    elif not first:
        sentence = f"{name} was found by the second reader only."
    else:
        sentence = (
            f"{name} was found {first} times by the first reader and {second} times by the second."
        )
    return Disagreement("missing_sample", text, "", sentence)


def _samples(readings: Iterable[Reading]) -> dict[str, tuple[str, int]]:
    """sample key -> (its text, how often the sample occurs: as often as its most frequent
    quantity).
    """
    counts: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    texts: dict[str, str] = {}
    for reading in readings:
        key = sample_key(reading.sample_text)
        texts.setdefault(key, reading.sample_text)
        counts[key][reading.quantity, ""] += 1
    return {key: (texts[key], max(quantities.values())) for key, quantities in counts.items()}


def _paired(readings: Iterable[Reading], shared: set[str]) -> dict[tuple[str, str, int], Reading]:
    seen: dict[tuple[str, str], int] = defaultdict(int)
    paired = {}
    for reading in sorted(readings, key=lambda item: item.ordinal):
        if reading.quantity in shared:
            place = (sample_key(reading.sample_text), reading.quantity)
            seen[place] += 1
            paired[*place, seen[place]] = reading
    return paired


def _difference(
    one: Reading | None, other: Reading | None, *, occurrence: int
) -> Disagreement | None:
    reading = one or other
    again = f", occurrence {occurrence}" if occurrence > 1 else ""
    name = f"Sample {reading.sample_text}{again}, {reading.quantity.replace('_', ' ')}"
    ordinal = one.ordinal if one else None

    def differs(kind: str, sentence: str) -> Disagreement:
        return Disagreement(kind, reading.sample_text, reading.quantity, sentence, ordinal)

    first, second = (item.number if item else None for item in (one, other))
    if first is None and second is None:
        return None
    if second is None:
        return differs(
            "missing_value", f"{name}: the first reader has {_shown(one)}, the second has no value."
        )
    if first is None:
        printed = f' (the file prints "{one.value_text[:40]}")' if one and one.value_text else ""
        return differs(
            "missing_value",
            f"{name}: the second reader has {_shown(other)}, the first has none{printed}.",
        )
    factor = Decimal(1) if one.unit == other.unit else _FACTORS.get((one.unit, other.unit))
    if factor is None:
        return differs(
            "unit",
            f"{name}: the first reader has {_shown(one)}, the second {_shown(other)}: other units.",
        )
    if not same_number(first * factor, second):
        return differs(
            "value", f"{name}: the first reader has {_shown(one)}, the second {_shown(other)}."
        )
    return None


def same_number(exact: Decimal, from_float: Decimal) -> bool:
    """Whether the second number is the first one, apart from having been stored as a double."""
    return exact == from_float or Decimal(repr(float(exact))) == from_float


def _shown(reading: Reading) -> str:
    return f"{reading.value_text} {reading.unit if reading.unit != '1' else ''}".strip()
