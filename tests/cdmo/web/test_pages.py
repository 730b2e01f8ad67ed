"""Pages of the house itself: the audit trail, signatures, documents, finding, one's own tokens."""

import pytest

from cdmo.accounts.models import ApiToken
from cdmo.accounts.tokens import find_token, issue_token
from cdmo.records.models import AuditEvent, DocumentContent
from cdmo.records.services import record_event, store_document
from tests.builders.portfolio import an_agreement
from tests.cast import NOON, PASSWORD

pytestmark = pytest.mark.django_db
HOSTILE = b"<script>alert(1)</script>"


@pytest.fixture
def document(cast):
    return store_document(
        data=HOSTILE,
        kind="instrument_file",
        title="As it came",
        filename='evil".html',
        media_type="text/html",
        by=cast.analyst,
        at=NOON,
    )


@pytest.mark.parametrize("address", ["/audit/", "/signatures/"])
def test_the_audit_trail_is_for_those_who_may_read_it(cast, signed_in, address):
    assert signed_in(cast.auditor).get(address).status_code == 200
    assert signed_in(cast.operator).get(address).status_code == 404
    assert signed_in(cast.kadimastem_lead).get(address).status_code == 404


def test_the_audit_trail_is_found_by_record_person_act_and_time(cast, product, signed_in):
    record_event(verb="product.looked-at", record=product, by=cast.qp, at=NOON, reason="Because")
    client = signed_in(cast.auditor)

    def verbs(query):
        return [event.verb for event in client.get(f"/audit/?{query}").context["rows"]]

    assert verbs("record=ASTRORX&by=qp@") == ["product.looked-at"]
    assert "product.looked-at" in verbs("since=2026-11-20&until=2026-11-20")
    assert verbs("verb=looked&since=2026-11-21") == []
    assert "Because" in client.get("/audit/?verb=looked").content.decode()


def test_field_changes_show_old_and_new(cast, product, signed_in):
    type(product).objects.filter(pk=product.pk).update(name="Renamed past all services")

    page = signed_in(cast.auditor).get("/audit/?tab=changes&record=ASTRORX").content.decode()

    assert "<del>Astrorx</del>" in page
    assert "<ins>Renamed past all services</ins>" in page


def test_a_long_audit_trail_is_walked_without_being_counted(
    cast, product, signed_in, django_assert_max_num_queries
):
    for _ in range(120):
        record_event(verb="product.touch", record=product, by=cast.qa, at=NOON)
    client, seen, address = signed_in(cast.auditor), [], "/audit/?verb=touch"

    while address:
        with django_assert_max_num_queries(8):
            answer = client.get(address)
        seen += [event.pk for event in answer.context["rows"]]
        address = answer.context["next_url"]

    assert len(seen) == len(set(seen)) == 120


def test_signatures_are_listed_with_what_they_are_bound_to(cast, signed_in):
    agreement = an_agreement(cast)

    page = signed_in(cast.auditor).get("/signatures/").content.decode()

    assert agreement.number in page
    assert cast.qa.full_name in page
    assert "Standing" in page


def test_a_document_is_a_download_and_never_opened_in_place(cast, document, signed_in):
    answer = signed_in(cast.analyst).get(f"/documents/{document.number}/")

    assert answer.content == HOSTILE
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Content-SHA256"] == document.sha256


def test_a_document_is_hidden_from_sponsors(cast, document, signed_in):
    client = signed_in(cast.kadimastem_reader)

    assert client.get(f"/documents/{document.number}/").status_code == 404
    assert client.get(f"/portal/documents/{document.number}/").status_code == 404


def test_damaged_bytes_are_not_handed_out(cast, document, signed_in, monkeypatch):
    monkeypatch.setattr(
        DocumentContent.objects, "values_list", lambda *_, **__: Stored(b"something else")
    )

    answer = signed_in(cast.analyst).get(f"/documents/{document.number}/")

    assert answer.status_code == 409
    assert b"something else" not in answer.content


class Stored:
    def __init__(self, data):
        self.data = data

    def get(self, **_):
        return self.data


def test_finding_jumps_to_the_one_and_lists_the_near(cast, product, signed_in):
    client = signed_in(cast.operator)

    assert client.get("/find/?q=astrorx").headers["Location"] == f"/products/{product.key}/"
    assert "ASTRORX" in client.get("/find/?q=stro").content.decode()
    assert "No record has this number" in client.get("/find/?q=zzz").content.decode()


def test_the_matrix_of_roles_is_the_codes(cast, signed_in):
    answer = signed_in(cast.operator).get("/roles/")

    certify = next(r for r in answer.context["rows"] if r["right"].value == "batch.certify")
    holders = [
        role for role, held in zip(answer.context["roles"], certify["held"], strict=True) if held
    ]
    assert [role.value for role in holders] == ["qp"]


def test_a_token_is_shown_once_and_works(cast, signed_in):
    client = signed_in(cast.planner)

    answer = client.post(
        "/account/tokens/new/", {"name": "script", "days": "30", "password": PASSWORD}
    )

    secret = answer.context["secret"]
    token = find_token(secret, at=NOON)
    assert token.user == cast.planner
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret not in client.get("/account/").content.decode()
    assert AuditEvent.objects.get(verb="api_token.issue").by == cast.planner


def test_a_token_needs_the_password(cast, signed_in):
    signed_in(cast.planner).post(
        "/account/tokens/new/", {"name": "script", "days": "30", "password": "wrong"}
    )

    assert not ApiToken.objects.exists()


def test_only_its_owner_ends_a_token(cast, signed_in):
    secret, token = issue_token(user=cast.planner, by=cast.planner, at=NOON)

    other = signed_in(cast.qa).post(f"/account/tokens/{token.pk}/revoke/")
    assert other.status_code == 404
    assert find_token(secret, at=NOON)

    own = signed_in(cast.planner).post(f"/account/tokens/{token.pk}/revoke/")
    assert own.status_code == 302
    assert find_token(secret, at=NOON) is None

    again = signed_in(cast.planner).post(f"/account/tokens/{token.pk}/revoke/")
    assert again.status_code == 409
