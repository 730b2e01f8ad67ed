"""Whose clock an instant is shown on."""

from zoneinfo import ZoneInfo


def zone_of(record) -> ZoneInfo:
    """Return the clock to show with a record: its site's, its batch's site's, else UTC."""
    for owner in (record, getattr(record, "batch", None), getattr(record, "instrument", None)):
        site = getattr(owner, "site", None)
        if site is not None and getattr(site, "timezone", ""):
            return ZoneInfo(site.timezone)
    return ZoneInfo("UTC")
