"""People over REST: administrators change, whoever reads the trail reads, others find nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cdmo.accounts.models import User
from tests.rest import Caller, codes, fields

pytestmark = pytest.mark.django_db
NORA = {"email": "nora.field@plant.test", "full_name": "Nora Field", "organisation": "CDMO"}
HERS = f"people/{NORA['email']}/"


@pytest.fixture
def admin(client, cast):
    return Caller(client, cast.admin)


def test_a_person_is_made_changed_appointed_and_closed(admin, cast):
    made = admin.post("people/", NORA)
    assert made.status_code == 201, made.content
    assert made["Location"].endswith(HERS)
    assert made.json() | {"created_at": ""} == {
        **NORA,
        "is_active": True,
        "is_service": False,
        "roles": [],
        "created_at": "",
        "last_login": None,
    }
    changed = admin.patch(HERS, {"full_name": "Nora Wood", "reason": "Married."})
    assert changed.json()["full_name"] == "Nora Wood"
    given = admin.post("appointments/", {"person": NORA["email"], "role": "qp", "site": "HFA"})
    assert given.status_code == 201, given.content
    body = given.json()
    assert (body["person"], body["role"], body["site"]) == (NORA["email"], "qp", "HFA")
    assert admin.get(HERS).json()["roles"] == ["qp"]
    ended = admin.post(f"appointments/{body['id']}/end/", {"reason": "Retired."})
    assert ended.json()["valid_until"] is not None
    closed = admin.post(f"{HERS}deactivate/", {"reason": "Retired."})
    assert (closed.json()["is_active"], closed.json()["roles"]) == (False, [])
    assert codes(admin.post("people/", NORA)) == ["taken"]
    again = admin.post(f"{HERS}reactivate/", {"reason": "Came back."})
    assert again.json()["is_active"] is True


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nora"}, "email"),
        ({"email": None}, "email"),
        ({"full_name": ""}, "full_name"),
        ({"organisation": "NOBODY"}, "organisation"),
        ({"password": "secret-secret"}, "password"),
    ],
)
def test_what_cannot_be_a_person_is_400(admin, change, field):
    assert fields(admin.post("people/", {**NORA, **change})) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "emperor"}, "role"),
        ({"person": "nobody@plant.test"}, "person"),
        ({"site": "MARS"}, "site"),
        ({"valid_until": "tomorrow"}, "valid_until"),
        ({"valid_until": "2099-01-01T00:00:00"}, "valid_until"),
    ],
)
def test_what_cannot_be_an_appointment_is_400(admin, change, field):
    asked = {"person": "qa@cdmo.example", "role": "reviewer", **change}
    assert fields(admin.post("appointments/", asked)) == [field]


def test_refusals_come_all_at_once(admin):
    asked = {"person": "admin@cdmo.example", "role": "qp", "reason": "Because."}
    assert codes(admin.post("appointments/", asked)) == [
        "own_account",
        "site_missing",
        "not_separate",
    ]
    assert codes(admin.post("people/operator@cdmo.example/deactivate/")) == ["reason_missing"]


def test_an_auditor_reads_and_changes_nothing(client, cast):
    auditor = Caller(client, cast.auditor)
    assert auditor.get("people/?search=operator2").json()["results"][0]["roles"] == ["operator"]
    assert auditor.get("appointments/?role=qa").json()["results"]
    assert codes(auditor.post("people/", NORA)) == ["no_right"]
    asked = {"person": "qa@cdmo.example", "role": "reviewer"}
    assert codes(auditor.post("appointments/", asked)) == ["no_right"]
    assert not User.objects.filter(email=NORA["email"]).exists()


@pytest.mark.parametrize("name", ["kadimastem_reader", "kadimastem_lead", "operator"])
def test_to_others_there_are_no_such_records(client, cast, name):
    caller = Caller(client, getattr(cast, name))
    for path in ("people/", "people/qa@cdmo.example/", "appointments/", "access-reviews/"):
        assert caller.get(path).status_code == 404, path
    for path in ("people/", "appointments/", "people/qa@cdmo.example/deactivate/"):
        assert caller.post(path, {}).status_code in {403, 404}, path


def test_an_auditors_time_is_limited_over_rest_too(admin):
    admin.post("people/", NORA)
    asked = {"person": NORA["email"], "role": "auditor"}
    assert codes(admin.post("appointments/", asked)) == ["end_missing"]
    until = (timezone.now() + timedelta(days=5)).isoformat()
    assert admin.post("appointments/", {**asked, "valid_until": until}).status_code == 201


@pytest.mark.statement("P-41")
def test_a_review_is_made_over_rest(client, cast, admin):
    assert codes(admin.post("access-reviews/")) == ["no_right"]
    qa, qa2 = Caller(client, cast.qa), Caller(client, cast.qa2)
    review = qa.post("access-reviews/").json()
    here = f"access-reviews/{review['number']}/"
    assert codes(qa.sign(f"{here}attest/")) == ["undecided"]
    for line in review["lines"]:
        by = qa2 if line["person"] == "qa@cdmo.example" else qa
        decided = by.post(f"{here}decide/", {"id": line["id"], "decision": "keep"})
        assert decided.status_code == 200, decided.content
    assert fields(qa.post(f"{here}decide/", {"id": 10**9, "decision": "keep"})) == ["id"]
    assert qa.post(f"{here}attest/").status_code == 400
    attested = qa.sign(f"{here}attest/").json()
    assert (attested["status"], attested["attested_by"]) == ("attested", "qa@cdmo.example")
