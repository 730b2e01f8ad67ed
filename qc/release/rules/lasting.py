"""Until when a judgement stands while no record changes: only time can still turn it. Pure.

Rules compare an instant with dates and instants of the evidence, and with nothing else. So no
answer can change before the next of these; it need not change then. Whatever kind of date a rule
may look at, it is found here by its type, without being told of the rule.
"""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from typing import get_args
from zoneinfo import ZoneInfo

from qc.release.evidence.values import NOT_FOR_RELEASE, BatchEvidence
from qc.release.rules.base import zone

_NAMES = tuple(field.name for field in fields(BatchEvidence))
_DAY = timedelta(days=1)


def valid_until(
    evidence: BatchEvidence, *, at: datetime, versions: Iterable[date] = ()
) -> datetime | None:
    """Return the first instant after `at` at which a rule could answer differently, or None.

    `versions`: days on which specifications of the product begin or end. They count until
    manufacture starts; that day fixes the specification.
    """
    local = zone(evidence.batch.timezone)
    today = at.astimezone(local).date()
    instants = {moment for moment in _instants(evidence) if moment > at}
    days = set(_days(evidence))
    if evidence.batch.started_at is None:
        days.update(versions)
    # From a day on, or up to it: the answer turns as it begins or as it ends, on the site's clock.
    for day in days:
        instants.update(_midnight(d, local) for d in (day, day + _DAY) if d > today)
    return min(instants, default=None)


def _instants(evidence):
    yield from _found(evidence, datetime)
    # A result that is awaited is late from then on.
    waits = {line.turnaround_hours for line in evidence.lines} - {None}
    for sample in evidence.samples.values():
        if sample.kind not in NOT_FOR_RELEASE:
            yield from (sample.taken_at + timedelta(hours=hours) for hours in waits)


def _days(evidence):
    yield from _found(evidence, date)
    for agreement in evidence.coverage.agreements:
        yield agreement.valid_from
        if agreement.valid_until is not None:
            yield agreement.valid_until


def _found(evidence, wanted):
    """Yield everything of a type in the named tuples of the evidence."""
    for name in _NAMES:
        rows = _rows(getattr(evidence, name))
        # Rows of one part are of one kind: a part without such a field is passed by as a whole.
        places = _places(type(rows[0]), wanted) if rows else ()
        for place in places:
            yield from (row[place] for row in rows if row[place] is not None)


def _rows(part) -> list | tuple:
    if hasattr(part, "_fields"):
        return (part,)
    if isinstance(part, dict):
        part = list(part.values())
    return part if isinstance(part, list | tuple) else ()


@cache
def _places(kind, wanted) -> tuple[int, ...]:
    """Return which fields of a named tuple hold instants (datetime) or days (date)."""
    types = getattr(kind, "__annotations__", {}).values() if hasattr(kind, "_fields") else ()
    return tuple(i for i, t in enumerate(types) if wanted in (get_args(t) or (t,)))


def _midnight(day: date, local: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=local)
