"""Roles are given by another, for a time, and never to both sides of a separated pair."""

from datetime import timedelta

import pytest

from cdmo.blockers import Blocked
from cdmo.people import services
from tests.cast import NOON

pytestmark = pytest.mark.django_db


def appoint(cast, user, role, **more):
    return services.appoint(user=user, role=role, **{"by": cast.admin, "at": NOON, **more})


def refused(cast, user, role, **more) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        appoint(cast, user, role, **more)
    return refusal.value.codes


def newcomer(cast, name="nora.field"):
    return services.create_person(
        email=f"{name}@plant.test",
        full_name="Nora Field",
        organisation=cast.cdmo,
        by=cast.admin,
        at=NOON,
    )


def test_a_qualified_person_is_appointed_for_a_site(cast):
    assert refused(cast, cast.qa, "qp") == ["site_missing"]
    assert appoint(cast, cast.qa, "qp", site=cast.site).pk


def test_staff_roles_are_for_staff_and_sponsor_roles_for_sponsors(cast):
    assert refused(cast, cast.kadimastem_reader, "qa") == ["wrong_side"]
    assert refused(cast, cast.qa, "sponsor_reader") == ["wrong_side"]


@pytest.mark.statement("P-15")
def test_a_role_holds_at_once_and_ends_at_once(cast):
    from cdmo.accounts.models import User
    from cdmo.accounts.roles import Right

    person = newcomer(cast)
    given = appoint(cast, person, "analyst")
    assert User.objects.get(pk=person.pk).may(Right.ENTER_RESULT)
    services.end_appointment(appointment=given, by=cast.admin, at=NOON, reason="Moved on.")
    assert not User.objects.get(pk=person.pk).may(Right.ENTER_RESULT)


def test_an_appointment_ends_once_and_with_a_reason(cast):
    appointment = cast.operator.appointments.get()
    asked = {"appointment": appointment, "by": cast.admin, "at": NOON}
    with pytest.raises(Blocked, match="reason"):
        services.end_appointment(**asked)
    services.end_appointment(**asked, reason="Left.")
    with pytest.raises(Blocked) as refusal:
        services.end_appointment(**asked, reason="Left.")
    assert refusal.value.codes == ["appointment_ended"]


@pytest.mark.statement("P-33")
@pytest.mark.parametrize("role", ["qa", "operator", "reviewer", "auditor"])
def test_an_administrator_holds_no_other_role(cast, role):
    second = newcomer(cast)
    appoint(cast, second, "admin")
    until = {"valid_until": NOON + timedelta(days=5)}
    assert refused(cast, second, role, **until) == ["not_separate"]


@pytest.mark.statement("P-33")
def test_whoever_works_in_the_plant_is_no_administrator(cast):
    assert refused(cast, cast.qa, "admin") == ["not_separate"]
    assert refused(cast, cast.operator, "auditor", valid_until=NOON + timedelta(days=5)) == [
        "not_separate"
    ]


def test_one_after_the_other_is_allowed(cast):
    services.end_appointment(
        appointment=cast.operator.appointments.get(), by=cast.admin, at=NOON, reason="Moves to IT."
    )
    assert appoint(cast, cast.operator, "admin").pk


def test_a_future_role_counts_for_separation(cast):
    second = newcomer(cast)
    appoint(cast, second, "qa", valid_from=NOON + timedelta(days=30))
    assert refused(cast, second, "admin") == ["not_separate"]
    assert appoint(cast, second, "admin", valid_until=NOON + timedelta(days=30)).pk


@pytest.mark.statement("P-33")
def test_nobody_appoints_themselves(cast):
    assert "own_account" in refused(cast, cast.admin, "admin")


@pytest.mark.statement("P-33")
def test_only_an_administrator_appoints(cast):
    assert refused(cast, newcomer(cast), "operator", by=cast.qa) == ["no_right"]


def test_an_auditor_comes_for_a_limited_time(cast, settings):
    settings.AUDITOR_DAYS = 30
    person = newcomer(cast)
    assert refused(cast, person, "auditor") == ["end_missing"]
    assert refused(cast, person, "auditor", valid_until=NOON + timedelta(days=31)) == ["too_long"]
    given = appoint(cast, person, "auditor", valid_until=NOON + timedelta(days=30))
    later = NOON + timedelta(days=30)
    assert not person.appointments.on(later).exists()
    assert person.appointments.on(later - timedelta(seconds=1)).get() == given


@pytest.mark.statement("P-35")
def test_no_appointment_begins_before_it_is_made(cast):
    assert refused(cast, newcomer(cast), "qa", valid_from=NOON - timedelta(seconds=1)) == [
        "backdated"
    ]


def test_it_ends_after_it_begins_and_is_given_once(cast):
    person = newcomer(cast)
    assert refused(cast, person, "qa", valid_until=NOON) == ["ends_before_start"]
    appoint(cast, person, "qa")
    assert refused(cast, person, "qa") == ["already_appointed"]


def test_a_closed_account_is_appointed_to_nothing(cast):
    services.deactivate_person(person=cast.operator, by=cast.admin, at=NOON, reason="Left.")
    assert "account_closed" in refused(cast, cast.operator, "supervisor")
