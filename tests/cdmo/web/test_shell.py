"""Around every page: its number, its policy, its errors, its way around."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from cdmo.records.models import AuditEvent
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))
NAMES = [str(path.relative_to(settings.BASE_DIR / "templates")) for path in TEMPLATES]


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles_and_holds_nothing_that_the_policy_refuses(name):
    source = get_template(name).template.source

    assert not re.search(r"<script(?![^>]*\b(src|type=.application/json))", source)
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']", source)
    assert "|safe" not in source
    assert not re.search(r"(src|href)=\"(https?:)?//", source), "nothing from another host"


def test_the_stylesheet_stays_small():
    lines = (settings.BASE_DIR / "static/css/app.css").read_text().splitlines()

    assert len(lines) < 300


def test_pages_come_with_a_strict_policy(client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-123", True), ("a" * 64, True), ("a" * 65, False), ("x\ny", False), ("né", False)],
)
def test_a_requests_number_is_taken_over_only_if_it_is_plain(client, given, kept):
    number = client.get("/healthz", HTTP_X_REQUEST_ID=given).headers["X-Request-ID"]

    assert (number == given) is kept
    assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", number)


def test_a_requests_number_ends_in_the_audit_trail(cast, signed_in):
    signed_in(cast.qa).post(
        "/account/tokens/new/",
        {"name": "script", "days": "30", "password": "wrong"},
        HTTP_X_REQUEST_ID="number-7",
    )

    assert AuditEvent.objects.get(verb="signature.refused").request_id == "number-7"


def test_an_ended_session_is_told_to_the_dialog_and_not_put_into_it(client):
    from_dialog = client.get("/account/tokens/new/", HTTP_HX_REQUEST="true")
    from_page = client.get("/account/tokens/new/")

    assert from_dialog.status_code == 401
    assert from_page.status_code == 302
    assert from_page.headers["Location"].startswith("/accounts/login/")


def test_what_is_not_there_is_said_in_plain_words(cast, signed_in):
    answer = signed_in(cast.qa).get("/no/such/page/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert answer.headers["X-Request-ID"] in answer.content.decode()


@pytest.mark.parametrize("address", ["/find/?q=%00", "/audit/?record=%00", "/products/%00/"])
def test_an_address_with_a_nul_character_is_answered_by_a_page(cast, signed_in, address):
    answer = signed_in(cast.auditor).get(address)

    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()


def test_a_broken_page_tells_its_number_and_asks_the_database_nothing(
    cast, client, monkeypatch, django_assert_max_num_queries
):
    client.force_login(cast.qa)
    client.raise_request_exception = False
    monkeypatch.setattr("cdmo.home.views.work_for", lambda *_, **__: 1 / 0)

    with django_assert_max_num_queries(4):  # session, person, roles: nothing for the error itself
        answer = client.get("/")

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_a_stale_form_is_explained(cast):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.qa)

    answer = strict.post("/account/tokens/new/", {"name": "x"})
    in_dialog = strict.post("/account/tokens/new/", {"name": "x"}, HTTP_HX_REQUEST="true")

    assert in_dialog.status_code == 401
    assert answer.status_code == 403
    assert "This is not allowed" in answer.content.decode()


def test_the_way_around_follows_rights(cast, signed_in):
    def links(person):
        answer = signed_in(person).get("/", follow=True)
        return {link["label"] for group in answer.context["navigation"] for link in group["links"]}

    assert "Audit trail" in links(cast.auditor)
    assert "Audit trail" not in links(cast.operator)
    assert links(cast.kadimastem_reader) == {"Home", "Batches", "Certificates", "Transfers"}


def test_signing_in_takes_the_address_and_the_password(cast, client):
    wrong = client.post("/accounts/login/", {"login": cast.qa.email, "password": "no"})
    right = client.post("/accounts/login/", {"login": cast.qa.email, "password": PASSWORD})

    assert wrong.status_code == 200
    assert "not correct" in wrong.content.decode()
    assert right.status_code == 302


@pytest.mark.parametrize("address", ["signup", "email", "password/set", "password/reset"])
def test_nobody_makes_an_account_or_changes_an_address_by_themselves(cast, signed_in, address):
    assert signed_in(cast.qa).get(f"/accounts/{address}/").status_code == 404
