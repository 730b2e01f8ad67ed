"""Instruments registered, changed, taken out of use, calibrated."""

from datetime import date

from cdmo.accounts.models import Site
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.states import Move, move_blockers
from qc.instruments import rules
from qc.instruments.models import Calibration, Instrument
from qc.instruments.registry import vendor_called
from qc.instruments.states import PUT_IN_USE, TAKE_OUT_OF_USE

CHANGEABLE = frozenset({"name", "model", "serial", "timezone", "day_first"})


@service
def register_instrument(
    *,
    code: str,
    name: str,
    vendor: str,
    site: Site,
    by,
    at,
    model="",
    serial="",
    timezone="",
    day_first=True,
    illustrative=False,
) -> Instrument:
    """Register an instrument. Its vendor decides which reader its files meet, for ever.

    `timezone` is that of the clock in the instrument; without one, the site's.
    """
    known = vendor_called(vendor)
    timezone = timezone or site.timezone
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_INSTRUMENT),
            *rules.registration_blockers(vendor=known, named=vendor, timezone=timezone),
        ]
    )
    with one_of_a_kind("taken", f"There is already an instrument {code}."):
        instrument = Instrument.objects.create(
            code=code,
            name=name,
            vendor=known.code,
            site=site,
            model=model,
            serial=serial,
            timezone=timezone,
            day_first=day_first,
            illustrative=illustrative,
        )
    record_event(verb="instrument.register", record=instrument, by=by, at=at)
    return instrument


@service
def change_instrument(*, instrument, by, at, reason="", **changes) -> Instrument:
    """Change facts of an instrument, with a reason. Code, vendor and site stay."""
    if unknown := set(changes) - CHANGEABLE:
        raise TypeError(f"{', '.join(sorted(unknown))} of an instrument is not changed")
    instrument = _held(instrument)
    for name, value in changes.items():
        setattr(instrument, name, value)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_INSTRUMENT),
            *rules.reason_blockers(reason, instrument),
            *rules.registration_blockers(
                vendor=vendor_called(instrument.vendor),
                named=instrument.vendor,
                timezone=instrument.timezone,
            ),
        ]
    )
    instrument.save(update_fields=list(changes))
    record_event(
        verb="instrument.change",
        record=instrument,
        by=by,
        at=at,
        reason=reason,
        cause=f"Instrument {instrument.code} was changed.",
    )
    return instrument


@service
def take_out_of_use(*, instrument, by, at, reason="") -> Instrument:
    """Take an instrument out of use, with a reason. Files of it are kept, and flagged."""
    return _move(instrument, TAKE_OUT_OF_USE, by=by, at=at, reason=reason)


@service
def put_in_use(*, instrument, by, at, reason="") -> Instrument:
    """Put an instrument back into use, with a reason."""
    return _move(instrument, PUT_IN_USE, by=by, at=at, reason=reason)


@service
def record_calibration(
    *,
    instrument,
    performed_on: date,
    due_on: date,
    by,
    at,
    passed=True,
    certificate="",
    illustrative=False,
    reason="",
) -> Calibration:
    """Record a calibration that was performed, passed or not. It is good until its due date."""
    instrument = _held(instrument)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_INSTRUMENT),
            *rules.calibration_blockers(
                instrument,
                performed_on=performed_on,
                due_on=due_on,
                today=instrument.site.day(at),
            ),
        ]
    )
    calibration = Calibration.objects.create(
        instrument=instrument,
        performed_on=performed_on,
        due_on=due_on,
        passed=passed,
        certificate=certificate,
        recorded_by=by,
        recorded_at=at,
        illustrative=illustrative,
    )
    record_event(
        verb="instrument.calibrate",
        record=instrument,
        by=by,
        at=at,
        reason=reason,
        new={
            "performed_on": performed_on.isoformat(),
            "due_on": due_on.isoformat(),
            "passed": passed,
        },
        cause=f"A calibration of {instrument.code} was recorded.",
    )
    return calibration


def calibration_at(instrument, on: date) -> Calibration | None:
    """Return the calibration an instrument stood on that day: the newest performed by then."""
    return rules.calibration_in_force(instrument.calibrations.all(), on)


def _held(instrument) -> Instrument:
    return (
        Instrument.objects.select_for_update(of=("self",))
        .select_related("site")
        .get(pk=instrument.pk)
    )


def _move(instrument, move: Move, *, by, at, reason) -> Instrument:
    instrument = _held(instrument)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_INSTRUMENT),
            *move_blockers(instrument, (move,)),
            *rules.reason_blockers(reason, instrument),
        ]
    )
    instrument.status = move.target
    instrument.save(update_fields=["status"])
    record_event(
        verb=f"instrument.{move.verb}",
        record=instrument,
        by=by,
        at=at,
        reason=reason,
        new={"status": instrument.status},
        cause=f"Instrument {instrument.code} is {instrument.get_status_display().lower()}.",
    )
    return instrument
