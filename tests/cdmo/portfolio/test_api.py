"""The portfolio over REST: shapes of the contract, signed verbs, and nobody else's records."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cdmo.accounts.tokens import issue_token
from tests.builders.portfolio import a_process, a_process_version, a_product, an_agreement
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
SIGNED = {"signature": {"password": PASSWORD}}
AGREEMENT = {
    "number": "WO-1",
    "sponsor": "KADIMASTEM",
    "kind": "work_order",
    "valid_from": "2026-01-01",
    "valid_until": "2099-12-31",
    "scope": [
        {"item": "tech_transfer", "status": "in_scope"},
        {"item": "GMP production", "work": "gmp_clinical", "status": "option"},
    ],
}


def api(person) -> APIClient:
    secret, _ = issue_token(user=person, by=None, at=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def post(person, path, body):
    return api(person).post(f"/api/v1/{path}", body, format="json")


def test_an_agreement_lives_from_draft_to_its_end(cast):
    made = post(cast.pm, "agreements/", AGREEMENT)
    assert made.status_code == 201, made.content
    assert made["Location"].endswith("/api/v1/agreements/WO-1/")
    body = made.json()
    assert (body["status"], body["sponsor"], body["kind"]) == ("draft", "KADIMASTEM", "work_order")
    assert [(s["item"], s["status"]) for s in body["scope"]] == [
        ("tech_transfer", "in_scope"),
        ("GMP production", "option"),
    ]
    assert post(cast.qa, "agreements/WO-1/sign/", {}).status_code == 400
    assert post(cast.operator, "agreements/WO-1/sign/", SIGNED).status_code == 403
    signed = post(cast.qa, "agreements/WO-1/sign/", SIGNED)
    assert signed.json()["status"] == "in_force"
    option = signed.json()["scope"][1]["id"]
    body = {"id": option, "reason": "Phase IIa.", **SIGNED}
    taken = post(cast.pm, "agreements/WO-1/exercise-option/", body)
    assert taken.json()["scope"][1]["status"] == "exercised"
    assert post(cast.qa, "agreements/WO-1/terminate/", SIGNED).status_code == 409
    over = post(cast.qa, "agreements/WO-1/terminate/", {"reason": "It ended.", **SIGNED})
    assert over.json()["status"] == "terminated"


@pytest.mark.parametrize(
    "change",
    [
        {"valid_until": "2025-01-01"},
        {"kind": "handshake"},
        {"sponsor": "NOBODY"},
        {"number": "A/B"},
        {"scope": [{"item": ""}]},
        {"scope": "everything"},
        {"valid_from": "31.12.2026"},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_an_agreement_is_400(cast, change):
    answer = post(cast.pm, "agreements/", {**AGREEMENT, **change})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"]


def test_a_number_that_is_taken_is_409(cast):
    assert post(cast.pm, "agreements/", AGREEMENT).status_code == 201
    again = post(cast.pm, "agreements/", AGREEMENT)
    assert again.status_code == 409
    assert again.json()["blockers"][0]["code"] == "taken"


def test_products_processes_and_versions_are_made_and_approved(cast):
    product = {
        "code": "X-1",
        "name": "Ex one",
        "sponsor": "IXAKA",
        "modality": "autologous",
        "gene_modified": True,
        "route": "intravenous",
    }
    made = post(cast.pm, "products/", product)
    assert made.status_code == 201, made.content
    assert made.json() | product == made.json()
    process = {"code": "X-1-P", "name": "Make it", "product": "X-1"}
    assert post(cast.supervisor, "processes/", process).status_code == 201
    version = post(cast.supervisor, "process-versions/", {"product": "X-1", "site": "HFA"})
    assert version.status_code == 201, version.content
    assert version.json() | {"product": "X-1", "site": "HFA", "version": 1} == version.json()
    code = version.json()["code"]
    first = post(cast.qa, f"process-versions/{code}/approve/", SIGNED)
    assert first.json()["status"] == "engineering"
    second = post(cast.qa, f"process-versions/{code}/approve/", SIGNED)
    assert second.json()["status"] == "qualified"


def test_a_version_of_nothing_or_of_one_of_two_is_400(cast):
    product = a_product(cast)
    assert post(cast.supervisor, "process-versions/", {"site": "HFA"}).status_code == 400
    body = {"product": product.code, "site": "HFA"}
    assert post(cast.supervisor, "process-versions/", body).status_code == 400
    a_process(cast, product)
    assert post(cast.supervisor, "process-versions/", body).status_code == 201


def test_an_administrator_adds_an_organisation_and_a_site(cast):
    body = {"code": "EFS", "name": "EFS", "roles": ["supplier", "receiving_unit"]}
    assert post(cast.qa, "organisations/", body).status_code == 403
    assert post(cast.admin, "organisations/", body).json()["roles"] == body["roles"]
    place = {
        "code": "BES",
        "name": "Besançon",
        "organisation": "EFS",
        "timezone": "Europe/Paris",
    }
    assert post(cast.admin, "sites/", place).status_code == 201
    assert post(cast.admin, "sites/", {**place, "timezone": "Mars"}).status_code == 400


def test_lists_filter_by_the_human_key(cast):
    a_product(cast)
    a_product(cast, "REX-001", sponsor=cast.ixaka)
    client = api(cast.pm)
    found = client.get("/api/v1/products/", {"sponsor": "IXAKA"}).json()["results"]
    assert [row["code"] for row in found] == ["REX-001"]


def test_a_sponsor_sees_its_own_and_changes_nothing(cast):
    own = a_process_version(cast, a_product(cast))
    a_process_version(cast, a_product(cast, "REX-001", sponsor=cast.ixaka))
    an_agreement(cast, number="MINE")
    an_agreement(cast, number="THEIRS", sponsor=cast.ixaka)
    client = api(cast.kadimastem_reader)

    def codes(resource, key="code"):
        rows = client.get(f"/api/v1/{resource}/").json()["results"]
        return {row[key] for row in rows}

    assert codes("products") == {"ASTRORX"}
    assert codes("agreements", "number") == {"MINE"}
    assert codes("process-versions") == {own.code}
    assert codes("processes") == {own.process.code}
    assert codes("organisations") == {"KADIMASTEM", "CDMO"}
    assert codes("sites") == {"HFA"}
    assert client.get("/api/v1/products/REX-001/").status_code == 404
    assert client.get("/api/v1/agreements/THEIRS/").status_code == 404
    assert post(cast.kadimastem_reader, "agreements/", AGREEMENT).status_code == 403
    assert post(cast.kadimastem_reader, "agreements/MINE/sign/", SIGNED).status_code == 403


def test_a_claim_without_its_source_is_409_with_all_that_is_missing(cast):
    body = {
        "code": "X-1",
        "name": "Ex",
        "sponsor": "IXAKA",
        "modality": "component",
        "claim_text": "It cures.",
    }
    answer = post(cast.pm, "products/", body)
    assert answer.status_code == 409
    assert {b["code"] for b in answer.json()["blockers"]} == {
        "claim_status_missing",
        "claim_source_missing",
        "claim_date_missing",
    }


def test_a_change_on_an_old_reading_is_412(cast):
    a_product(cast)
    client = api(cast.pm)
    tag = client.get("/api/v1/products/ASTRORX/")["ETag"]
    body = {"route": "intrathecal", "reason": "Protocol."}
    address = "/api/v1/products/ASTRORX/"
    assert client.patch(address, body, format="json", HTTP_IF_MATCH=tag).status_code == 200
    assert client.patch(address, body, format="json", HTTP_IF_MATCH=tag).status_code == 412
