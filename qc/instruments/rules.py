"""Who or what objects to changes of instruments and their files. Pure: no query, no clock."""

from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import available_timezones

from cdmo.accounts.roles import Right, roles_with
from cdmo.blockers import Blocker
from qc.instruments.registry import Vendor

KEEPERS = " or ".join(role.label for role in roles_with(Right.MANAGE_INSTRUMENT))
DUE_SOON = timedelta(days=30)
MEGABYTE = 1024 * 1024
CALIBRATION_STATES = {
    "valid": "Calibrated",
    "due_soon": "Due soon",
    "overdue": "Overdue",
    "failed": "Failed calibration",
    "none": "Never calibrated",
}


def reason_blockers(reason: str, record):
    """Yield an objection if a change that needs a reason has none."""
    if not (reason or "").strip():
        yield Blocker("reason_missing", "This change needs a reason.", record=record)


# instruments


def registration_blockers(*, vendor: Vendor | None, named: str, timezone: str):
    """Yield objections to an instrument as described."""
    if vendor is None:
        yield Blocker("unknown_vendor", unknown_vendor(named), owner=KEEPERS)
    if timezone not in available_timezones():
        yield Blocker(
            "unknown_timezone",
            f"“{timezone[:60]}” is no time zone. Write it like Asia/Jerusalem.",
            owner=KEEPERS,
        )


def unknown_vendor(named: str) -> str:
    return f"“{named[:40]}” is no kind of instrument whose files this system reads."


def calibration_blockers(instrument, *, performed_on: date, due_on: date, today: date):
    """Yield objections to a calibration as recorded. `today`: at the instrument's site."""
    if performed_on > today:
        yield Blocker(
            "in_the_future",
            f"The calibration cannot have been performed on {performed_on:%d %b %Y}: that day is "
            "still to come.",
            record=instrument,
            owner=KEEPERS,
        )
    if due_on <= performed_on:
        yield Blocker(
            "due_before_performed",
            "The calibration must be good for at least a day: its due date comes after the day it "
            "was performed on.",
            record=instrument,
            owner=KEEPERS,
        )


def calibration_in_force(calibrations: Iterable, on: date):
    """Return the newest calibration performed by a day, passed or not; None if there is none."""
    performed = [one for one in calibrations if one.performed_on <= on]
    return max(performed, key=lambda one: (one.performed_on, one.pk), default=None)


def calibration_state(calibrations: Iterable, on: date) -> str:
    """Return a key of CALIBRATION_STATES for a day."""
    newest = calibration_in_force(calibrations, on)
    if newest is None:
        return "none"
    if not newest.passed:
        return "failed"
    if newest.due_on < on:
        return "overdue"
    return "due_soon" if newest.due_on - on <= DUE_SOON else "valid"


# files


def upload_blockers(instrument, *, vendor: Vendor | None, named: str, size: int):
    """Yield objections to keeping a file as one of this instrument's."""
    if vendor is None:
        yield Blocker("unknown_vendor", unknown_vendor(named), record=instrument)
    elif vendor.code != instrument.vendor:
        yield Blocker(
            "wrong_vendor",
            f"{instrument.key} is registered for {instrument.vendor}, not for {vendor.code}. "
            "Choose the instrument that this file comes from.",
            record=instrument,
        )
    elif sentence := too_large(size, vendor):
        yield Blocker("too_large", sentence, record=instrument)


def too_large(size: int, vendor: Vendor) -> str:
    """Return why a file is refused for its size, or nothing. Needs the size only, not the bytes."""
    if size <= vendor.max_bytes:
        return ""
    return (
        f"The file has {size / MEGABYTE:.1f} MB. A {vendor.title} export has at most "
        f"{vendor.max_bytes // MEGABYTE} MB, so nothing was stored. Export fewer samples into one "
        "file, or choose the right file."
    )
