"""Whose clock an instant is shown on, and in which words."""

from zoneinfo import ZoneInfo

from django.utils import timezone


def zone_of(record) -> ZoneInfo:
    """Return the clock to show with a record: its site's, its batch's site's, else UTC."""
    for owner in (record, getattr(record, "batch", None), getattr(record, "instrument", None)):
        site = getattr(owner, "site", None)
        if site is not None and getattr(site, "timezone", ""):
            return ZoneInfo(site.timezone)
    return ZoneInfo("UTC")


def zone_from(site):
    """Return the zone of a site, of a zone's name, or of this request."""
    if isinstance(site, ZoneInfo):
        return site
    name = site if isinstance(site, str) else getattr(site, "timezone", "")
    try:
        return ZoneInfo(name) if name else timezone.get_current_timezone()
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


def exact(at, zone, now) -> str:
    """Return 22 Nov 17:45 IST; the year too when it is not this one."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M} {local.tzname()}"


def span_of(seconds: float) -> str:
    """Return a length of time in words: two units below a day, one above."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "less than a minute"
    hours, days = minutes // 60, minutes // 1440
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    if days < 3:
        rest = hours % 24
        return f"{days} d {rest} h" if rest else f"{days} d"
    if days < 60:
        return f"{days} days"
    if days < 730:
        return f"{days // 30} months"
    return f"{days // 365} years"


def relative(at, now) -> str:
    """Return `in 3 h 12 min` or `2 days ago`."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 60:
        return "now"
    return f"in {span_of(seconds)}" if seconds > 0 else f"{span_of(-seconds)} ago"
