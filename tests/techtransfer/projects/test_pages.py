"""The transfers' pages: gates on a line, every blocker, and the one form a sponsor's lead has."""

import pytest
from django.urls import reverse

from cdmo.records.models import Signature
from techtransfer.projects.models import GateDecision
from tests.builders.portfolio import an_agreement
from tests.builders.transfers import a_transfer, a_transfer_at, gate, say
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_list_and_the_page_name_what_holds_the_gate(client, cast):
    transfer = a_transfer(cast)
    client.force_login(cast.pm)
    for address in (
        reverse("techtransfer:transfer_list"),
        reverse("techtransfer:transfer", args=[transfer.key]),
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert "No master services agreement or work order in force" in page.text


def test_every_verb_opens_for_a_manager(client, cast):
    transfer = a_transfer(cast)
    client.force_login(cast.pm)
    key = transfer.key
    for address in (
        reverse("techtransfer:transfer_new"),
        reverse("techtransfer:transfer_change", args=[key]),
        reverse("techtransfer:gate_decide", args=[key, "G0"]),
        reverse("techtransfer:gate_plan", args=[key, "G0"]),
        reverse("techtransfer:gate_reopen", args=[key, "G0"]),
    ):
        assert client.get(address).status_code == 200, address
    assert client.get(reverse("techtransfer:gate_decide", args=[key, "G9"])).status_code == 404


def test_both_units_decide_by_hand_and_the_gate_moves(client, cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    address = reverse("techtransfer:gate_decide", args=[transfer.key, "G0"])
    for person in (cast.qa, cast.kadimastem_lead):
        client.force_login(person)
        assert client.get(address).status_code == 200
        answer = client.post(address, {"decision": "go", "password": PASSWORD})
        assert answer.status_code == 302, answer.text
    assert gate(transfer, "G0").status == "go"


def test_a_refused_decision_keeps_what_was_typed_and_lists_everything(client, cast):
    transfer = a_transfer(cast)
    client.force_login(cast.qa)
    answer = client.post(
        reverse("techtransfer:gate_decide", args=[transfer.key, "G0"]),
        {"decision": "go", "reason": "All is well.", "password": PASSWORD},
    )
    assert answer.status_code == 409
    assert "All is well." in answer.text
    assert "No master services agreement" in answer.text
    assert not GateDecision.objects.exists()


def test_a_lead_signs_nothing_with_a_wrong_password(client, cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    client.force_login(cast.kadimastem_lead)
    answer = client.post(
        reverse("techtransfer:gate_decide", args=[transfer.key, "G0"]),
        {"decision": "go", "password": "not mine"},
    )
    assert answer.status_code == 403
    assert not GateDecision.objects.exists()


@pytest.mark.parametrize("name", ["kadimastem_reader", "ixaka_lead", "ixaka_reader"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_to_other_sponsors_people_the_form_does_not_exist(client, cast, name, method):
    transfer = a_transfer(cast)
    client.force_login(getattr(cast, name))
    answer = getattr(client, method)(
        reverse("techtransfer:gate_decide", args=[transfer.key, "G0"]),
        {"decision": "hold", "reason": "x", "password": PASSWORD},
    )
    assert answer.status_code == 404
    assert not GateDecision.objects.exists()


def test_the_staff_pages_do_not_exist_for_the_lead(client, cast):
    transfer = a_transfer(cast)
    client.force_login(cast.kadimastem_lead)
    for name in ("transfer", "transfer_change"):
        address = reverse(f"techtransfer:{name}", args=[transfer.key])
        assert client.get(address).status_code == 404


def test_conditions_are_shown_with_the_word_of_each_unit(client, cast):
    transfer = a_transfer_at(cast, "G1")
    client.force_login(cast.qa)
    client.post(
        reverse("techtransfer:gate_decide", args=[transfer.key, "G1"]),
        {
            "decision": "conditional_go",
            "condition_1": "Record the process",
            "due_1": "2099-01-31",
            "password": PASSWORD,
        },
    )
    say(cast, transfer, "G1", "conditional_go", who="sending")
    page = client.get(reverse("techtransfer:transfer", args=[transfer.key])).text
    assert "Record the process" in page
    assert "31 Jan 2099" in page
    condition = gate(transfer, "G1").conditions.get()
    address = reverse("techtransfer:condition_met", args=[transfer.key, "G1", condition.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "PROC-1."}).status_code == 302


def test_a_condition_without_a_date_is_refused_at_its_field(client, cast):
    transfer = a_transfer(cast)
    client.force_login(cast.qa)
    answer = client.post(
        reverse("techtransfer:gate_decide", args=[transfer.key, "G0"]),
        {"decision": "conditional_go", "condition_1": "Sign it", "password": PASSWORD},
    )
    assert answer.status_code == 422
    assert "A condition needs its date." in answer.text


def test_a_gate_is_decided_and_opened_again_under_the_sentence_of_the_dialog(client, cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    decide = reverse("techtransfer:gate_decide", args=[transfer.key, "G0"])
    reopen = reverse("techtransfer:gate_reopen", args=[transfer.key, "G0"])
    for person, unit in ((cast.kadimastem_lead, "sending"), (cast.qa, "receiving")):
        client.force_login(person)
        shown = client.get(decide).text
        assert client.post(decide, {"decision": "go", "password": PASSWORD}).status_code == 302
        signature = Signature.objects.get(verb="decide", by=person)
        assert signature.meaning == f"Go, for the {unit} unit"
        assert f"<q>{signature.meaning}</q>" in shown

    shown = client.get(reopen).text
    assert client.post(reopen, {"reason": "New data.", "password": PASSWORD}).status_code == 302
    assert f"<q>{Signature.objects.get(verb='reopen').meaning}</q>" in shown
