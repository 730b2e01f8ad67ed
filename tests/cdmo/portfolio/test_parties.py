"""Organisations and sites: an administrator's work."""

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
