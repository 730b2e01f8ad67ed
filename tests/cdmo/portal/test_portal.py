"""The sponsor's portal: its own records, milestones, no interim findings, and nothing to write."""

import json

import pytest
from django.db import InternalError, connection, transaction
from django.test import Client
from django.urls import get_resolver

from batches.manufacture.models import Batch
from cdmo.accounts.isolation import as_sponsor
from cdmo.portal.words import MILESTONES, digest_of, state_of
from cdmo.records.models import AuditEvent
from qc.release.models import ReleaseCheck
from qc.release.rules import CATALOGUE
from tests.builders.manufacture import a_planned_batch, a_product_with_master
from tests.builders.portfolio import a_product, an_agreement
from tests.builders.release import (
    a_certified_batch,
    a_checked_batch,
    a_made_batch,
    a_product_to_release,
    check_now,
)
from tests.builders.transfers import a_transfer, a_transfer_at, say
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def as_person(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text_of(client, address) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_home_has_a_card_a_product_with_its_batches(cast):
    product = a_product_with_master(cast)
    batch = a_planned_batch(cast, product)

    page = text_of(as_person(cast.kadimastem_reader), "/portal/")

    assert product.name in page
    assert batch.number in page
    assert "Planned" in page


def test_the_home_of_a_sponsor_is_the_portal(cast):
    assert as_person(cast.kadimastem_reader).get("/").headers["Location"] == "/portal/"


def test_another_sponsors_anything_is_404(cast):
    batch = a_certified_batch(cast)
    transfer = a_transfer(cast, batch.product)
    certificate = batch.certificates.get()
    stranger = as_person(cast.ixaka_lead)
    addresses = [
        f"/portal/products/{batch.product.code}/",
        f"/portal/batches/{batch.number}/",
        f"/portal/certificates/{certificate.number}/",
        f"/portal/documents/{certificate.document.number}/",
        f"/portal/transfers/{transfer.code}/",
    ]

    assert [stranger.get(address).status_code for address in addresses] == [404] * 5
    own = as_person(cast.kadimastem_reader)
    assert [own.get(address).status_code for address in addresses] == [200] * 5


@pytest.mark.parametrize(
    "address", ["/portal/", "/portal/batches/", "/portal/certificates/", "/portal/transfers/"]
)
def test_another_sponsors_names_stand_on_no_list(cast, address):
    batch = a_certified_batch(cast)
    a_transfer(cast, batch.product)

    page = text_of(as_person(cast.ixaka_reader), address)

    for word in (batch.number, batch.product.code, batch.product.name, "TT-1", "COA-"):
        assert word not in page


@pytest.mark.parametrize(
    "address", ["/portal/", "/portal/batches/", "/portal/certificates/", "/portal/transfers/"]
)
def test_the_portal_is_not_for_the_staff_nor_for_people_without_a_role(cast, address):
    cast.kadimastem_reader.appointments.update(valid_until="2021-01-01T00:00Z")

    assert as_person(cast.qa).get(address).status_code == 404
    assert as_person(cast.kadimastem_reader).get(address).status_code == 404


def test_a_person_without_a_role_is_told_so(cast):
    cast.kadimastem_reader.appointments.update(valid_until="2021-01-01T00:00Z")

    assert "You hold no role yet" in text_of(as_person(cast.kadimastem_reader), "/")


def portal_addresses(batch, transfer):
    keys = {
        "portal:product": batch.product.code,
        "portal:batch": batch.number,
        "portal:certificate": "COA-1",
        "portal:document": "DOC-1",
        "portal:transfer": transfer.code,
    }
    for pattern in get_resolver("cdmo.portal.urls").url_patterns:
        key = keys.get(f"portal:{pattern.name}", "")
        yield "/portal/" + str(pattern.pattern).replace("<str:key>", key)


def test_no_page_of_the_portal_takes_a_post(cast):
    batch = a_planned_batch(cast)
    transfer = a_transfer(cast, batch.product)
    client = as_person(cast.kadimastem_lead)
    before = AuditEvent.objects.count()

    for address in portal_addresses(batch, transfer):
        for method in ("post", "put", "patch", "delete"):
            assert getattr(client, method)(address).status_code in {404, 405}, address

    assert AuditEvent.objects.count() == before


def test_a_page_that_forgot_itself_could_still_not_write(cast, monkeypatch):
    """The request runs read-only as the sponsors' role: PostgreSQL refuses, not a view."""
    batch = a_planned_batch(cast)
    monkeypatch.setattr(
        "cdmo.portal.views.batch_view", lambda *_: Batch.objects.update(objective="mine")
    )
    client = as_person(cast.kadimastem_reader)
    client.raise_request_exception = False

    assert client.get(f"/portal/batches/{batch.number}/").status_code == 500
    assert Batch.objects.get(pk=batch.pk).objective == ""


def test_the_database_role_of_sponsors_only_reads(cast):
    a_planned_batch(cast)
    with (
        pytest.raises(InternalError, match="read-only"),
        transaction.atomic(),
        as_sponsor(cast.kadimastem.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE batches_batch SET objective = 'mine'")


def test_before_certification_no_result_and_no_reason_is_told(cast):
    product = a_product_to_release(cast)
    batch = a_checked_batch(cast, product, results={"viability": "71.0"})
    check = ReleaseCheck.objects.latest().get(batch=batch)
    page = text_of(as_person(cast.kadimastem_reader), f"/portal/batches/{batch.number}/")

    assert check.verdict == "blocked"
    assert "some checks are still open" in page
    assert "71" not in page.replace("0071", "")
    assert "fail" not in page.lower()
    for finding in check.seen.findings:
        if finding["outcome"] in {"fail", "pending"}:
            assert finding["message"] not in page
            assert finding["title"] in page


def test_failed_and_waiting_rules_cannot_be_told_apart(cast):
    batch = a_made_batch(cast)
    check = check_now(batch)

    digest = digest_of(check)
    outcomes = {finding["title"]: finding["outcome"] for finding in check.digest}
    assert {outcomes[title] for title in digest.done} <= {"pass", "not_applicable"}
    assert set(digest.waiting) | set(digest.done) == {rule.title for rule in CATALOGUE}
    assert "outcome" not in json.dumps([digest.words, digest.done, digest.waiting])


def test_after_certification_the_approved_results_and_the_certificate_stand_there(cast):
    batch = a_certified_batch(cast)
    client = as_person(cast.kadimastem_reader)

    page = text_of(client, f"/portal/batches/{batch.number}/")
    certificate = batch.certificates.get()
    file = client.get(f"/portal/certificates/{certificate.number}/")

    assert "viability" in page
    assert ">95<" in page
    assert certificate.number in page
    assert file.content.startswith(b"%PDF")
    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-SHA256"] == certificate.document.sha256


def test_the_timeline_tells_milestones_and_nobodys_name_or_reason(cast):
    batch = a_certified_batch(cast)
    AuditEvent.objects.filter(record_type="batch")
    page = text_of(as_person(cast.kadimastem_reader), f"/portal/batches/{batch.number}/")

    assert "Manufacture completed" in page
    assert "Certified by the Qualified Person" in page
    assert "@cdmo.example" not in page
    assert cast.operator.full_name not in page
    assert cast.analyst.full_name not in page


def test_every_shared_event_has_its_words(cast):
    a_transfer_at(cast, "G1", product=a_product(cast, "ISLETRX"))
    a_certified_batch(cast)

    verbs = set(AuditEvent.objects.filter(shared=True).values_list("verb", flat=True))

    assert verbs
    assert verbs <= set(MILESTONES)


def test_a_transfer_shows_what_waits_for_the_sponsors_unit(cast):
    transfer = a_transfer_at(cast, "G1")
    lead, reader = as_person(cast.kadimastem_lead), as_person(cast.kadimastem_reader)
    address = f"/portal/transfers/{transfer.code}/"

    blocked = text_of(lead, address)
    assert "What stands in the way" in blocked

    waiting = a_transfer(cast, transfer.product, code="TT-2")
    assert "waits for the decision of your unit" in text_of(lead, "/portal/transfers/TT-2/")
    assert "Decide" in text_of(lead, "/portal/transfers/TT-2/")
    assert "Your transfer lead decides" in text_of(reader, "/portal/transfers/TT-2/")
    say(cast, waiting, "G0", who="sending")
    assert "waits for the decision" not in text_of(lead, "/portal/transfers/TT-2/")


def test_the_sponsors_lead_signs_a_gate_from_the_portal_and_a_reader_cannot(cast):
    transfer = a_transfer(cast)
    an_agreement(cast)
    address = "/transfers/TT-1/gates/G0/decide/"
    typed = {"decision": "go", "reason": "Agreed", "password": PASSWORD}

    assert as_person(cast.kadimastem_reader).post(address, typed).status_code == 404
    assert as_person(cast.ixaka_lead).post(address, typed).status_code == 404
    done = as_person(cast.kadimastem_lead).post(address, typed)

    assert done.status_code == 302, [b.message for b in done.context["blockers"]]
    assert done.headers["Location"] == "/portal/transfers/TT-1/"
    assert transfer.gates.get(code="G0").decisions.get().by == cast.kadimastem_lead


def test_home_asks_the_same_number_of_queries_for_many_batches(cast, django_assert_num_queries):
    product = a_product_with_master(cast)
    client = as_person(cast.kadimastem_reader)
    a_planned_batch(cast, product)
    with django_assert_num_queries(QUERIES_OF_HOME):
        client.get("/portal/")
    for _ in range(12):
        a_planned_batch(cast, product)

    with django_assert_num_queries(QUERIES_OF_HOME):
        page = client.get("/portal/").content.decode()
    assert "all 13" in page


QUERIES_OF_HOME = 14


@pytest.mark.parametrize(
    ("axes", "state"),
    [
        ({"execution": "planned"}, "planned"),
        ({"execution": "on_hold"}, "in_process"),
        ({"execution": "completed"}, "in_review"),
        ({"execution": "aborted"}, "stopped"),
        ({"execution": "completed", "disposition": "released"}, "released"),
        ({"execution": "aborted", "disposition": "rejected"}, "rejected"),
    ],
)
def test_a_sponsor_is_told_one_state(axes, state):
    assert state_of(Batch(**axes)) == state
