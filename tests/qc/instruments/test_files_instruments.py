"""Instruments are registered, changed, calibrated and taken out of use by those who may."""

from datetime import date, timedelta

import pytest

from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from qc.instruments import rules, services
from qc.instruments.models import Instrument
from tests.builders.instruments import a_calibration, an_instrument
from tests.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def instrument(cast):
    return an_instrument(cast, calibrated=False, serial="AW1")


def test_an_instrument_has_the_vendor_by_any_of_its_names_and_the_sites_clock(cast):
    instrument = an_instrument(cast, vendor="BECKMAN_VI_CELL_XR", calibrated=False)
    assert instrument.vendor == "vicell_xr"
    assert instrument.timezone == cast.site.timezone
    assert instrument.status == "in_use"
    assert AuditEvent.objects.get(verb="instrument.register").record == instrument.code


def test_a_registration_lists_every_objection_and_writes_nothing(cast):
    with pytest.raises(Blocked) as refusal:
        services.register_instrument(
            code="X",
            name="X",
            vendor="typewriter",
            timezone="Mars",
            site=cast.site,
            by=cast.analyst,
            at=NOON,
        )
    assert refusal.value.codes == ["no_right", "unknown_vendor", "unknown_timezone"]
    assert not Instrument.objects.exists()


def test_a_code_is_given_once(cast, instrument):
    with pytest.raises(Blocked, match="already an instrument BLU-01"):
        an_instrument(cast, calibrated=False)


def test_a_change_needs_a_reason_and_never_touches_the_vendor(cast, instrument):
    with pytest.raises(Blocked) as refusal:
        services.change_instrument(instrument=instrument, serial="AW2", by=cast.reviewer, at=NOON)
    assert refusal.value.codes == ["reason_missing"]
    with pytest.raises(TypeError, match="vendor"):
        services.change_instrument(
            instrument=instrument, vendor="fcs", by=cast.reviewer, at=NOON, reason="x"
        )
    changed = services.change_instrument(
        instrument=instrument, serial="AW2", by=cast.reviewer, at=NOON, reason="Mistyped"
    )
    assert changed.serial == "AW2"
    change = AuditEvent.objects.get(kind="change", verb="update", record_type="instrument")
    assert (change.old, change.new, change.reason) == (
        {"serial": "AW1"},
        {"serial": "AW2"},
        "Mistyped",
    )


def test_out_of_use_and_back_each_once_with_a_reason(cast, instrument):
    out = services.take_out_of_use(
        instrument=instrument, by=cast.reviewer, at=NOON, reason="Pump leaks"
    )
    assert out.status == "out_of_use"
    with pytest.raises(Blocked) as refusal:
        services.take_out_of_use(instrument=instrument, by=cast.analyst, at=NOON)
    assert refusal.value.codes == ["no_right", "wrong_status", "reason_missing"]
    back = services.put_in_use(instrument=instrument, by=cast.qa, at=NOON, reason="Repaired")
    assert back.status == "in_use"
    assert Outbox.objects.filter(record_type="instrument").count() == 2


def test_a_calibration_is_neither_in_the_future_nor_over_before_it_began(cast, instrument):
    tomorrow = NOON.date() + timedelta(days=1)
    with pytest.raises(Blocked) as refusal:
        a_calibration(cast, instrument, performed_on=tomorrow, due_on=tomorrow)
    assert refusal.value.codes == ["in_the_future", "due_before_performed"]
    with pytest.raises(Blocked) as refusal:
        services.record_calibration(
            instrument=instrument,
            performed_on=date(2026, 1, 1),
            due_on=date(2027, 1, 1),
            by=cast.analyst,
            at=NOON,
        )
    assert refusal.value.codes == ["no_right"]
    assert not instrument.calibrations.exists()


def test_a_day_stands_on_the_newest_calibration_performed_by_then(cast, instrument):
    first = a_calibration(
        cast, instrument, performed_on=date(2024, 1, 10), due_on=date(2025, 1, 10)
    )
    failed = a_calibration(
        cast, instrument, performed_on=date(2025, 3, 1), due_on=date(2026, 3, 1), passed=False
    )
    repaired = a_calibration(
        cast, instrument, performed_on=date(2025, 3, 1), due_on=date(2026, 3, 1)
    )
    assert services.calibration_at(instrument, date(2024, 1, 9)) is None
    assert services.calibration_at(instrument, date(2024, 1, 10)) == first
    assert services.calibration_at(instrument, date(2025, 2, 28)) == first
    assert services.calibration_at(instrument, date(2025, 3, 1)) == repaired

    def state(*ymd):
        return rules.calibration_state([first, failed, repaired], date(*ymd))

    assert state(2024, 1, 9) == "none"
    assert state(2024, 6, 1) == "valid"
    assert state(2024, 12, 11) == "due_soon"
    assert state(2025, 1, 10) == "due_soon"
    assert state(2025, 1, 11) == "overdue"
    assert rules.calibration_state([first, failed], date(2025, 4, 1)) == "failed"
    assert Outbox.objects.filter(cause__contains="calibration").count() == 3
