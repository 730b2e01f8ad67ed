"""Transfers over REST: gates with blockers, decisions signed by both units, strangers told 404."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cdmo.accounts.tokens import issue_token
from cdmo.portfolio import services
from techtransfer.projects.models import GateDecision
from tests.builders.portfolio import a_process, a_product, an_agreement
from tests.builders.transfers import a_transfer, gate
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
SIGNED = {"signature": {"password": PASSWORD}}


def api(person) -> APIClient:
    secret, _ = issue_token(user=person, by=None, at=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def decide(person, decision="go", *, code="G0", transfer="TT-1", **more):
    address = f"/api/v1/transfers/{transfer}/gates/{code}/decide/"
    return api(person).post(address, {"decision": decision, **SIGNED, **more}, format="json")


def test_a_transfer_is_planned_read_and_changed(cast):
    a_product(cast)
    client = api(cast.pm)
    made = client.post(
        "/api/v1/transfers/",
        {
            "code": "TT-1",
            "product": "ASTRORX",
            "sending_unit": "KADIMASTEM",
            "receiving_unit": "CDMO",
            "site": "HFA",
            "target_on": "2027-06-30",
        },
        format="json",
    )
    assert made.status_code == 201, made.content
    assert made.json()["status"] == "planned"
    found = client.get("/api/v1/transfers/", {"product": "ASTRORX"}).json()["results"]
    assert [row["code"] for row in found] == ["TT-1"]
    changed = client.patch(
        "/api/v1/transfers/TT-1/", {"planned_batches": 2, "reason": "Two will do."}, format="json"
    )
    assert changed.json()["planned_batches"] == 2
    refused = client.patch("/api/v1/transfers/TT-1/", {"planned_batches": 2}, format="json")
    assert refused.status_code == 409


def test_eight_gates_each_with_its_blockers(cast):
    a_transfer(cast)
    gates = api(cast.pm).get("/api/v1/transfers/TT-1/gates/").json()["results"]
    assert [row["code"] for row in gates] == [f"G{n}" for n in range(8)]
    assert gates[0]["status"] == "open"
    (blocker,) = gates[0]["blockers"]
    assert blocker == {
        "code": "no_agreement",
        "message": blocker["message"],
        "record_type": "product",
        "record": "ASTRORX",
        "owner": "Project manager",
        "hard": True,
    }


def test_both_units_sign_and_the_gate_moves(cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    first = decide(cast.qa)
    assert first.status_code == 200, first.content
    assert (first.json()["status"], len(first.json()["decisions"])) == ("open", 1)
    second = decide(cast.kadimastem_lead)
    assert second.status_code == 200, second.content
    assert second.json()["status"] == "go"
    assert gate(transfer, "G1").status == "open"


def test_a_refused_go_lists_all_blockers(cast):
    a_transfer(cast)
    an_agreement(cast, "mou")
    answer = decide(cast.qa)
    assert answer.status_code == 409
    assert [b["code"] for b in answer.json()["blockers"]] == ["no_agreement", "talks_only"]


def test_without_a_signature_or_with_a_wrong_one_nothing_is_decided(cast):
    a_transfer(cast)
    an_agreement(cast)
    client = api(cast.qa)
    address = "/api/v1/transfers/TT-1/gates/G0/decide/"
    assert client.post(address, {"decision": "go"}, format="json").status_code == 400
    wrong = {"decision": "go", "signature": {"password": "no"}}
    assert client.post(address, wrong, format="json").status_code == 403
    assert not GateDecision.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "maybe"},
        {"decision": "conditional_go", "conditions": ["later"]},
        {"decision": "conditional_go", "conditions": [{"text": "later"}]},
        {"decision": "go", "unit": "sending"},
        {"decision": "go", "conditions": {"text": "x"}},
        {},
    ],
)
def test_a_body_that_says_nothing_clear_is_400(cast, body):
    a_transfer(cast)
    address = "/api/v1/transfers/TT-1/gates/G0/decide/"
    assert api(cast.qa).post(address, {**SIGNED, **body}, format="json").status_code == 400


def test_a_dated_condition_is_kept(cast):
    product = a_product(cast)
    a_transfer(cast, product)
    an_agreement(cast)
    decide(cast.qa)
    decide(cast.kadimastem_lead)
    terms = [{"text": "Record the process", "due_on": "2099-01-31"}]
    for person in (cast.kadimastem_lead, cast.pm):
        answer = decide(person, "conditional_go", code="G1", conditions=terms)
        assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "conditional_go"
    (condition,) = answer.json()["conditions"]
    assert (condition["text"], condition["due_on"]) == ("Record the process", "2099-01-31")
    a_process(cast, product)
    met = api(cast.qa).post(
        "/api/v1/transfers/TT-1/gates/G1/meet-condition/",
        {"id": condition["id"], "reason": "Recorded."},
        format="json",
    )
    assert met.json()["conditions"][0]["met_at"].endswith("Z")


def test_a_ninth_gate_and_an_unknown_transfer_are_404(cast):
    a_transfer(cast)
    assert decide(cast.qa, code="G8").status_code == 404
    assert decide(cast.qa, transfer="TT-2").status_code == 404


def test_another_sponsor_is_told_404_everywhere(cast):
    a_transfer(cast)
    for person in (cast.ixaka_reader, cast.ixaka_lead):
        client = api(person)
        assert client.get("/api/v1/transfers/TT-1/").status_code == 404
        assert client.get("/api/v1/transfers/TT-1/gates/").status_code == 404
        assert client.get("/api/v1/transfers/").json()["results"] == []
    assert decide(cast.ixaka_lead).status_code == 404


def test_the_own_reader_reads_and_decides_nothing(cast):
    a_transfer(cast)
    client = api(cast.kadimastem_reader)
    assert client.get("/api/v1/transfers/TT-1/").status_code == 200
    gates = client.get("/api/v1/transfers/TT-1/gates/").json()["results"]
    assert [b["code"] for b in gates[0]["blockers"]] == ["no_agreement"]
    assert decide(cast.kadimastem_reader).status_code == 403
    assert not GateDecision.objects.exists()


def test_the_lead_may_write_nothing_but_the_decision(cast):
    a_transfer(cast)
    client = api(cast.kadimastem_lead)
    for address in ("gates/G0/reopen/", "gates/G0/plan/", "gates/G0/meet-condition/"):
        answer = client.post(f"/api/v1/transfers/TT-1/{address}", SIGNED, format="json")
        assert answer.status_code == 403, address
    assert client.patch("/api/v1/transfers/TT-1/", {}, format="json").status_code == 403


def test_a_read_only_token_decides_nothing(cast):
    a_transfer(cast)
    an_agreement(cast)
    secret, _ = issue_token(user=cast.kadimastem_lead, by=None, at=timezone.now(), read_only=True)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    body = {"decision": "go", **SIGNED}
    answer = client.post("/api/v1/transfers/TT-1/gates/G0/decide/", body, format="json")
    assert answer.status_code == 403


def test_a_sending_unit_that_is_not_the_sponsor_is_shown_by_its_key(cast):
    cytea = services.create_organisation(
        code="CYTEA", name="Cytea", roles=["sending_unit"], by=cast.admin, at=timezone.now()
    )
    a_transfer(cast, sending_unit=cytea)
    for person in (cast.pm, cast.kadimastem_reader):
        shown = api(person).get("/api/v1/transfers/TT-1/").json()
        assert shown["sending_unit"] == "CYTEA"
