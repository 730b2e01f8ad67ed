"""The page of seals, the chain as a download, over REST, and in the probe."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from cdmo.records.models import AuditEvent, Seal
from cdmo.records.seals.making import seal_rows
from cdmo.web import health
from tests.builders.portfolio import a_product
from tests.cdmo.records.tampering import behind_the_back

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-11")]


@pytest.fixture
def sealed(cast):
    a_product(cast)
    first = seal_rows(by=None, at=timezone.now())
    a_product(cast, "SECOND")
    return first, seal_rows(by=None, at=timezone.now())


def page(user, address="/seals/"):
    client = Client()
    client.force_login(user)
    return client.get(address)


def test_an_auditor_sees_the_chain_and_what_waits(cast, sealed):
    a_product(cast, "THIRD")
    shown = page(cast.auditor).content.decode()
    for seal in sealed:
        assert seal.sha256[:8] in shown
    assert sealed[1].sha256 in shown
    assert "Not yet sealed" in shown
    assert "verify_records --against" in shown


def test_before_the_first_seal_the_page_says_when_it_comes(cast):
    assert "Nothing has been sealed yet" in page(cast.auditor).content.decode()


@pytest.mark.parametrize("address", ["/seals/", "/seals/download/"])
def test_who_may_not_read_the_trail_finds_no_seals(cast, sealed, address):
    assert page(cast.operator, address).status_code == 404
    assert page(cast.kadimastem_reader, address).status_code == 404


def test_the_download_is_the_chain(cast, sealed):
    answer = page(cast.admin, "/seals/download/")
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert [line["sha256"] for line in lines] == [seal.sha256 for seal in sealed]
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.statement("P-09")
def test_taking_the_chain_along_is_on_record_and_looking_at_it_is_not(cast, sealed):
    page(cast.auditor)
    assert not AuditEvent.objects.filter(verb="seals.export").exists()
    page(cast.auditor, "/seals/download/")
    event = AuditEvent.objects.get(verb="seals.export")
    assert (event.by, event.new["sha256"]) == (cast.auditor, sealed[-1].sha256)


def over_rest(user, path):
    secret, _ = issue_token(user=user, by=user, at=timezone.now())
    return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})


def test_over_rest_an_auditor_reads_what_was_sealed(cast, sealed):
    rows = over_rest(cast.auditor, "seals/").json()["results"]
    assert {row["sha256"] for row in rows} == {seal.sha256 for seal in sealed}
    one = over_rest(cast.auditor, "seals/1/").json()
    assert one["content"] == sealed[0].content


def test_over_rest_others_read_none(cast, sealed):
    assert over_rest(cast.operator, "seals/").json()["results"] == []
    assert over_rest(cast.operator, "seals/1/").status_code == 404
    assert over_rest(cast.kadimastem_reader, "seals/").status_code == 404


@pytest.mark.statement("P-34")
def test_the_probe_notices_a_seal_of_a_time_to_come(cast, sealed):
    assert health.odd_about_seals() == []
    a_product(cast, "THIRD")
    seal_rows(by=None, at=timezone.now() + timedelta(hours=1))
    assert health.odd_about_seals() == ["clock"]
    assert "a clock was set back since" in page(cast.auditor).content.decode()


def test_the_probe_notices_rows_that_wait_for_too_long(cast, sealed):
    a_product(cast, "THIRD")
    behind_the_back("UPDATE records_auditevent SET logged_at = logged_at - interval '1 hour'")
    assert health.odd_about_seals() == ["seals"]
    assert Seal.objects.count() == 2
