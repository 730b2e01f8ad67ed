"""REST: drafts of instructions are changed, copied and retired in the contract's shapes."""

import pytest

from tests.builders.manufacture import a_master, a_product_with_master
from tests.rest import Caller, codes

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.batches.manufacture.rest_site")]
MASTERS = "master-batch-records/"


@pytest.fixture
def caller(client, cast):
    return lambda name: Caller(client, getattr(cast, name))


def ok(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


def refused(response, status=409):
    assert response.status_code == status, response.content
    return codes(response)


def test_a_draft_is_changed_by_patch_and_its_digits_stay(cast, caller):
    version = a_product_with_master(cast).process_versions.get()
    home = f"{MASTERS}{a_master(cast, version, effective=False).code}/"
    supervisor = caller("supervisor")
    steps = [
        {"code": "B", "title": "Second", "kind": "number", "unit": "%", "lower": "10.50"},
        {"code": "CLEAR", "title": "Line clearance"},
    ]

    made = ok(supervisor.patch(home, {"steps": steps, "yield_lower": "5.0", "reason": "Shorter"}))

    assert [(s["code"], s["position"], s["lower"]) for s in made["steps"]] == [
        ("B", 1, "10.50"),
        ("CLEAR", 2, None),
    ]
    assert made["yield_lower"] == "5.0"
    assert supervisor.patch(home, {"title": "x"}).status_code == 400
    assert refused(supervisor.patch(home, {"steps": [], "reason": "x"})) == ["no_steps"]


def test_instructions_are_copied_and_retired(cast, caller):
    master = a_product_with_master(cast).masters.get()
    home = f"{MASTERS}{master.code}/"

    made = ok(caller("supervisor").post(f"{home}copy/", {"code": "M-2", "reason": "New"}), 201)

    assert (made["code"], made["status"], made["version"]) == ("M-2", "draft", 2)
    assert caller("supervisor").post(f"{MASTERS}M-2/copy/").status_code == 409
    assert caller("qa").post(f"{home}retire/").status_code == 400
    assert ok(caller("qa").post(f"{home}retire/", {"reason": "Old"}))["status"] == "retired"
    assert refused(caller("supervisor").post(f"{home}retire/", {"reason": "Old"})) == [
        "no_right",
        "wrong_status",
    ]


def test_a_sponsor_neither_sees_nor_copies_a_draft(cast, caller):
    version = a_product_with_master(cast).process_versions.get()
    home = f"{MASTERS}{a_master(cast, version, effective=False).code}/"
    reader = caller("kadimastem_reader")

    assert reader.get(home).status_code == 404
    assert reader.patch(home, {"title": "x", "reason": "x"}).status_code in {403, 404}
    assert reader.post(f"{home}copy/").status_code in {403, 404}
