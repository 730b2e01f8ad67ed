"""Accounts are one person's, for ever: made, changed with a reason, closed, never reused."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.db import IntegrityError, InternalError, transaction
from django.test import Client
from django.utils import timezone

from cdmo.access.signing import reauthenticate
from cdmo.accounts.models import User
from cdmo.accounts.roles import GMP_ROLES, HOUSEKEEPING, RIGHTS, Role
from cdmo.accounts.tokens import find_token, issue_token
from cdmo.blockers import Blocked
from cdmo.people import services
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import SignatureRefused
from tests.cast import NOON, PASSWORD

pytestmark = pytest.mark.django_db


def codes(call, **arguments) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(**arguments)
    return refusal.value.codes


def make(cast, email="nora.field@plant.test", name="Nora Field", by=None, **more):
    return services.create_person(
        email=email, full_name=name, organisation=cast.cdmo, by=by or cast.admin, at=NOON, **more
    )


def test_an_administrator_makes_an_account_that_nobody_can_sign_in_with_yet(cast):
    person = make(cast)
    assert not person.has_usable_password()
    assert person.roles == frozenset()
    event = AuditEvent.objects.get(verb="person.create", record="nora.field@plant.test")
    assert event.by == cast.admin


@pytest.mark.statement("P-33")
def test_nobody_but_an_administrator_makes_one(cast):
    assert codes(make, cast=cast, by=cast.qa) == ["no_right"]


@pytest.mark.statement("P-23")
def test_an_address_is_never_given_twice_even_after_its_account_was_closed(cast):
    first = make(cast)
    services.deactivate_person(person=first, by=cast.admin, at=NOON, reason="Left.")
    for again in ("nora.field@plant.test", "Nora.Field@Plant.test"):
        assert codes(make, cast=cast, email=again, name="Nora Other") == ["taken"]


@pytest.mark.statement("P-23")
def test_postgresql_never_lets_an_account_go(cast):
    person = make(cast)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        User.objects.filter(pk=person.pk).delete()


@pytest.mark.statement("P-32")
@pytest.mark.parametrize(
    "email",
    ["qc@plant.test", "lab2@plant.test", "operator1@plant.test", "qa-team@plant.test"],
)
def test_an_address_of_a_post_or_a_group_is_no_account(cast, email):
    assert codes(make, cast=cast, email=email) == ["shared_address"]


@pytest.mark.statement("P-32")
def test_the_name_under_a_signature_is_a_persons(cast):
    assert codes(make, cast=cast, name="QC Laboratory") == ["shared_name"]


@pytest.mark.parametrize("email", ["j.k@plant.test", "robert.plant@plant.test", "li@plant.test"])
def test_short_and_unlucky_addresses_are_people(cast, email):
    assert make(cast, email=email, name="Li").pk


def test_the_demonstrations_people_are_called_by_their_role_where_no_mail_arrives(cast):
    assert make(cast, email="operator3@cdmo.example").pk


def test_a_name_changes_with_a_reason_and_the_old_one_stays_known(cast):
    assert codes(
        services.change_person,
        person=cast.qa,
        full_name="Qiana Nguyen",
        by=cast.admin,
        at=NOON,
        reason=" ",
    ) == ["reason_missing"]
    services.change_person(
        person=cast.qa, full_name=" Qiana  Nguyen ", by=cast.admin, at=NOON, reason="Married."
    )
    event = AuditEvent.objects.get(verb="person.change")
    assert event.old["full_name"] == "Qa Person"
    assert event.new["full_name"] == "Qiana Nguyen"


def test_a_person_with_a_role_here_does_not_move_to_a_sponsor(cast):
    assert codes(
        services.change_person,
        person=cast.qa,
        organisation=cast.kadimastem,
        by=cast.admin,
        at=NOON,
        reason="Left for the client.",
    ) == ["wrong_side"]


@pytest.mark.statement("P-23")
@pytest.mark.statement("P-15")
def test_a_closed_account_keeps_its_name_and_loses_everything_else_at_once(cast, client):
    person, now = cast.operator, timezone.now()
    secret, token = issue_token(user=person, by=person, at=now)
    client.force_login(person)
    assert client.get("/people/").status_code == 404
    assert client.get("/account/").status_code == 200

    services.deactivate_person(person=person, by=cast.admin, at=now, reason="Left the company.")

    assert client.get("/account/").status_code == 302
    assert find_token(secret, at=now) is None
    token.refresh_from_db()
    assert token.revoked_at == now
    with pytest.raises(SignatureRefused):
        reauthenticate(
            by=User.objects.get(pk=person.pk),
            password=PASSWORD,
            record=person,
            verb="try",
            at=now,
        )
    person.refresh_from_db()
    assert (person.full_name, person.is_active) == ("Operator Person", False)


def test_a_session_from_before_does_not_come_back_with_the_account(cast):
    client, now = Client(), timezone.now()
    client.force_login(cast.operator)
    closing = {"person": cast.operator, "by": cast.admin, "at": now}
    services.deactivate_person(**closing, reason="Long leave.")
    services.reactivate_person(**closing, reason="Back again.")
    assert client.get("/account/").status_code == 302
    assert get_user(client).is_anonymous
    again = User.objects.get(pk=cast.operator.pk)
    assert again.roles == {Role.OPERATOR}
    # What an old session is bound to is gone, whether or not the session is known by name.
    assert not again.has_usable_password()


def test_the_last_administrator_stays(cast):
    second = make(cast)
    assert codes(
        services.deactivate_person, person=cast.admin, by=cast.admin, at=NOON, reason="Bye."
    ) == ["own_account", "last_administrator"]
    services.appoint(user=second, role="admin", by=cast.admin, at=NOON)
    services.deactivate_person(
        person=cast.admin, by=User.objects.get(pk=second.pk), at=timezone.now(), reason="Bye."
    )
    assert not User.objects.get(pk=cast.admin.pk).is_active


def test_a_last_administrators_appointment_does_not_end_either(cast):
    appointment = cast.admin.appointments.get()
    assert codes(
        services.end_appointment, appointment=appointment, by=cast.admin, at=NOON, reason="Bye."
    ) == ["last_administrator"]


@pytest.mark.statement("P-32")
def test_a_service_account_has_no_password_and_signs_nothing(cast):
    lims = make(cast, email="lims@plant.test", name="LIMS", is_service=True, password=PASSWORD)
    assert not lims.has_usable_password()
    services.appoint(user=lims, role="planner", by=cast.admin, at=NOON)
    with pytest.raises(SignatureRefused, match="service account"):
        reauthenticate(by=lims, password=PASSWORD, record=lims, verb="try", at=NOON)
    for role in ("admin", "qa", "qp"):
        assert "service_account" in codes(
            services.appoint, user=lims, role=role, site=cast.site, by=cast.admin, at=NOON
        )


def test_an_administrator_makes_tokens_for_services_only(cast):
    lims = make(cast, email="lims@plant.test", name="LIMS", is_service=True)
    asked = {"by": cast.admin, "at": NOON, "name": "bridge", "days": 30}
    secret, token = services.issue_service_token(person=lims, **asked)
    assert find_token(secret, at=NOON) == token
    assert token.expires_at == NOON + timedelta(days=30)
    assert codes(services.issue_service_token, person=cast.qa, **asked) == ["not_a_service"]
    assert not cast.qa.api_tokens.exists()


@pytest.mark.statement("P-28")
def test_an_administrator_ends_a_lost_token_with_a_reason_and_once(cast):
    secret, token = issue_token(user=cast.qa, by=cast.qa, at=NOON)
    asked = {"token": token, "by": cast.admin, "at": NOON}
    assert codes(services.revoke_token, **asked, reason="") == ["reason_missing"]
    services.revoke_token(**asked, reason="The laptop was stolen.")
    assert find_token(secret, at=NOON) is None
    assert codes(services.revoke_token, **asked, reason="Again.") == ["already_revoked"]


@pytest.mark.statement("P-33")
def test_administrators_hold_no_right_of_the_plant():
    assert RIGHTS[Role.ADMIN] <= HOUSEKEEPING
    assert not {Role.ADMIN, Role.AUDITOR} & GMP_ROLES
    assert set(Role) - GMP_ROLES == {Role.ADMIN, Role.AUDITOR, Role.SPONSOR_READER}
