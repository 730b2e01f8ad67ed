"""What an instrument's own clock says, on the world's clock.

Files state local time without a zone. The zone is that of the registered instrument, unless the
file itself states its offset. A bare day stays a day: midnight would be an invention.
"""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

SANE_YEARS = range(1970, 2200)


def zone_of_file(registered: str, facts: dict[str, Any]) -> tzinfo:
    """Return the zone a file's times are in: its own stated offset, or the registered zone."""
    stated = facts.get("utc_offset")
    try:
        hours = float(stated) if isinstance(stated, str) and len(stated) < 8 else None
    except ValueError:
        hours = None
    if hours is not None and abs(hours) <= 14:
        return timezone(timedelta(hours=hours))
    return ZoneInfo(registered)


def instant_of(local: str | None, zone: tzinfo) -> datetime | None:
    """Return a reading's local time as an instant in UTC; None for a day, nothing or nonsense."""
    if not local or "T" not in local:
        return None
    try:
        at = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year in SANE_YEARS else None


def day_of(local: str | None) -> date | None:
    """Return the day that an instrument's clock showed; None for nothing or nonsense."""
    try:
        on = date.fromisoformat(local[:10]) if local else None
    except ValueError:
        return None
    return on if on is not None and on.year in SANE_YEARS else None
