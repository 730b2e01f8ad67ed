"""Pages of people and access reviews: administrators change, auditors read, others do not see."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from cdmo.accounts.models import ApiToken, Appointment, User
from cdmo.accounts.tokens import find_token, issue_token
from cdmo.people import services
from cdmo.people.models import AccessReview
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def url(name, *keys):
    return reverse(f"people:{name}", args=keys)


@pytest.fixture
def addresses(cast, now):
    review = services.open_review(by=cast.qa, at=now)
    _, token = issue_token(user=cast.operator, by=cast.operator, at=now, name="scale")
    person = cast.operator.email
    return [
        url("person_list"),
        url("person_list") + "?role=qa&organisation=CDMO&q=person&tab=all&export=csv",
        url("person_new"),
        url("service_new"),
        url("person", person),
        url("person_change", person),
        url("person_deactivate", person),
        url("person_reactivate", person),
        url("person_appoint", person),
        url("service_token_new", person),
        url("appointment_end", cast.operator.appointments.get().pk),
        url("token_list"),
        url("token_revoke", token.pk),
        url("review_list"),
        url("review_new"),
        url("review", review.key),
        url("line_decide", review.key, review.lines.first().pk),
        url("keep_rest", review.key),
        url("review_attest", review.key),
    ]


@pytest.mark.parametrize("name", ["admin", "auditor", "qa"])
def test_every_page_opens_for_whoever_reads_the_trail(client, cast, addresses, name):
    client.force_login(getattr(cast, name))
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_for_others_only_a_colleagues_page_is_there_without_what_is_private(
    client, cast, addresses
):
    client.force_login(cast.analyst)
    here = url("person", cast.operator.email)
    for address in addresses:
        assert client.get(address).status_code == (200 if address == here else 404), address
    page = client.get(here).content.decode()
    assert "Operator" in page
    assert "Last signed in" not in page
    assert "API tokens" not in page


def test_to_a_sponsor_none_of_them_exists(client, cast, addresses):
    client.force_login(cast.kadimastem_reader)
    for address in addresses:
        assert client.get(address).status_code == 404, address


def test_an_auditor_reads_and_is_told_why_nothing_can_be_changed(client, cast):
    client.force_login(cast.auditor)
    page = client.get(url("person_deactivate", cast.operator.email)).content.decode()
    assert "this takes System administrator" in page
    answer = client.post(url("person_deactivate", cast.operator.email), {"reason": "No."})
    assert answer.status_code == 409
    assert User.objects.get(pk=cast.operator.pk).is_active


def test_a_person_is_made_appointed_and_closed_by_hand(client, cast):
    client.force_login(cast.admin)
    made = client.post(
        url("person_new"),
        {
            "full_name": "Nora Field",
            "email": "Nora.Field@plant.test",
            "organisation": cast.cdmo.pk,
        },
    )
    assert made["Location"] == url("person", "nora.field@plant.test")
    key = "nora.field@plant.test"
    client.post(url("person_appoint", key), {"role": "qp", "site": cast.site.pk})
    given = Appointment.objects.get(user__email=key)
    assert (given.role, given.site, given.valid_until) == ("qp", cast.site, None)
    assert "Qualified Person" in client.get(url("person", key)).content.decode()
    client.post(url("appointment_end", given.pk), {"reason": "Retired."})
    assert not User.objects.get(email=key).roles
    client.post(url("person_deactivate", key), {"reason": "Retired."})
    page = client.get(url("person", key)).content.decode()
    assert "Nora Field" in page
    assert "the account is closed" in page.lower()


def test_a_group_is_refused_in_words_and_what_was_typed_stays(client, cast):
    client.force_login(cast.admin)
    typed = {"full_name": "Nora", "email": "lab@plant.test", "organisation": cast.cdmo.pk}
    answer = client.post(url("person_new"), typed)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "names a post or a group" in page
    assert 'value="lab@plant.test"' in page


def test_a_service_gets_its_token_once_with_the_administrators_password(client, cast, now):
    lims = services.create_person(
        email="lims@plant.test",
        full_name="LIMS",
        organisation=cast.cdmo,
        is_service=True,
        by=cast.admin,
        at=now,
    )
    client.force_login(cast.admin)
    asked = {"name": "bridge", "days": 30}
    assert client.post(url("service_token_new", lims.key), asked).status_code in {403, 422}
    assert not ApiToken.objects.exists()
    shown = client.post(url("service_token_new", lims.key), {**asked, "password": PASSWORD})
    token = ApiToken.objects.get(user=lims)
    assert token.hint in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    secret = re.search(rf"{token.hint}[\w-]{{20,}}", shown.content.decode())[0]
    assert find_token(secret, at=timezone.now()) == token
    assert secret not in client.get(url("person", lims.key)).content.decode()


@pytest.mark.statement("P-41")
def test_a_review_is_opened_decided_and_attested_by_hand(client, cast):
    client.force_login(cast.qa)
    client.post(url("review_new"))
    review = AccessReview.objects.get()
    decide = {
        line.person_id: url("line_decide", review.key, line.pk) for line in review.lines.all()
    }
    page = client.get(url("review", review.key)).content.decode()
    assert decide[cast.operator.pk] in page
    assert decide[cast.qa.pk] not in page

    for person, address in decide.items():
        if person == cast.qa.pk:
            continue
        wanted = {"decision": "keep"}
        if person == cast.operator.pk:
            assert client.post(address, {"decision": "remove"}).status_code == 409
            wanted = {"decision": "remove", "reason": "Moved."}
        assert client.post(address, wanted).status_code == 302
    client.force_login(cast.qa2)
    client.post(decide[cast.qa.pk], {"decision": "keep"})
    attested = client.post(url("review_attest", review.key), {"password": PASSWORD})
    assert attested.status_code == 302
    assert not User.objects.get(pk=cast.operator.pk).roles
    page = client.get(url("review", review.key)).content.decode()
    assert "Qa2 Person" in page
    assert "I have reviewed every access" in page


def test_the_roles_page_names_who_holds_each_role_today(client, cast):
    client.force_login(cast.operator)
    page = client.get(reverse("web:roles")).content.decode()
    assert "Qp Person" in page
    assert "at HFA" in page


def test_finding_people_by_name_role_and_state(client, cast, now):
    services.deactivate_person(person=cast.operator2, by=cast.admin, at=now, reason="Left.")
    client.force_login(cast.auditor)

    def found(query):
        page = client.get(f"{url('person_list')}?{query}").content.decode()
        return {p.email for p in User.objects.all() if f"/people/{p.email}/" in page}

    assert found("role=operator") == {"operator@cdmo.example"}
    assert found("tab=deactivated") == {"operator2@cdmo.example"}
    assert found("q=qa2") == {"qa2@cdmo.example"}
    assert found("tab=all&organisation=IXAKA") == {
        "reader@ixaka.example",
        "lead@ixaka.example",
    }
    assert found("role=nonsense") >= {"qa@cdmo.example"}
