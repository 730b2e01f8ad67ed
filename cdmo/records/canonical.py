"""Canonical JSON and its SHA-256: what signatures and evidence are bound to.

Keys sorted, no white space, UTF-8; decimals as text exactly as stored, instants in UTC with `Z`.
"""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson


def _plain(value: Any):
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical(content: Any) -> bytes:
    """Return canonical JSON. Floats are refused: they have no one spelling."""
    _refuse_floats(content)
    return orjson.dumps(
        content,
        default=_plain,
        option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC,
    )


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("A float has no canonical form; give a Decimal or text.")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def instant(at: datetime | date | None) -> str | None:
    """Return ISO 8601 in UTC with `Z`, to the microsecond; None stays None."""
    if at is None:
        return None
    if not isinstance(at, datetime):
        return at.isoformat()
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
