"""Organisations, people and appointments: an administrator's work."""

import pytest

from cdmo.blockers import Blocked
from cdmo.portfolio import services
from cdmo.records.models import AuditEvent
from tests.cast import NOON

pytestmark = pytest.mark.django_db


def test_an_administrator_creates_an_organisation_with_several_roles(cast):
    made = services.create_organisation(
        code="EFS",
        name="Établissement français du sang",
        roles=["supplier", "receiving_unit", "supplier"],
        by=cast.admin,
        at=NOON,
    )
    assert made.roles == ["supplier", "receiving_unit"]
    assert AuditEvent.objects.filter(verb="organisation.create", record="EFS").count() == 1


def test_nobody_else_creates_one(cast):
    with pytest.raises(Blocked) as refusal:
        services.create_organisation(code="X", name="X", roles=["sponsor"], by=cast.qa, at=NOON)
    assert refusal.value.codes == ["no_right"]


def test_a_qualified_person_is_appointed_for_a_site(cast):
    with pytest.raises(Blocked) as refusal:
        services.appoint(user=cast.qa, role="qp", by=cast.admin, at=NOON)
    assert refusal.value.codes == ["site_missing"]
    assert services.appoint(user=cast.qa, role="qp", site=cast.site, by=cast.admin, at=NOON).pk


def test_staff_roles_are_for_staff_and_sponsor_roles_for_sponsors(cast):
    with pytest.raises(Blocked) as refusal:
        services.appoint(user=cast.kadimastem_reader, role="qa", by=cast.admin, at=NOON)
    assert refusal.value.codes == ["wrong_side"]
    with pytest.raises(Blocked) as refusal:
        services.appoint(user=cast.qa, role="sponsor_reader", by=cast.admin, at=NOON)
    assert refusal.value.codes == ["wrong_side"]


def test_an_appointment_ends_once_and_with_a_reason(cast):
    appointment = cast.operator.appointments.get()
    with pytest.raises(Blocked):
        services.end_appointment(appointment=appointment, by=cast.admin, at=NOON)
    services.end_appointment(appointment=appointment, by=cast.admin, at=NOON, reason="Left.")
    with pytest.raises(Blocked) as refusal:
        services.end_appointment(appointment=appointment, by=cast.admin, at=NOON, reason="Left.")
    assert refusal.value.codes == ["appointment_ended"]
