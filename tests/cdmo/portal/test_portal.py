"""The sponsor's portal: its own records, milestones, no interim findings, and nothing to write."""

import json
import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest
from django.db import InternalError, connection, transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from batches.deviations.services import classify_deviation, raise_deviation
from batches.manufacture.models import Batch
from cdmo.accounts.isolation import as_sponsor
from cdmo.accounts.tokens import issue_token
from cdmo.archive import services as archive
from cdmo.portal.words import MILESTONES, digest_of, state_of
from cdmo.records.models import AuditEvent
from cdmo.records.services import read_document
from qc.laboratory.models import Result
from qc.laboratory.services import invalidate_result
from qc.release.models import ReleaseCheck
from qc.release.rules import CATALOGUE
from techtransfer.projects.states import GateStatus
from tests.builders.laboratory import a_result, a_sample
from tests.builders.manufacture import (
    STARTED,
    a_planned_batch,
    a_product_with_master,
    a_started_batch,
)
from tests.builders.portfolio import a_product, an_agreement
from tests.builders.release import (
    CERTIFIED,
    SAMPLED,
    TESTED,
    a_certified_batch,
    a_checked_batch,
    a_made_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
)
from tests.builders.transfers import a_transfer, a_transfer_at, say
from tests.cast import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-16")]


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
        "portal:dossier_pdf": "DOS-1",
        "portal:dossier_json": "DOS-1",
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


def test_before_certification_no_reason_is_told(cast):
    product = a_product_to_release(cast)
    batch = a_checked_batch(cast, product, results={"sterility": None})
    check = ReleaseCheck.objects.latest().get(batch=batch)
    page = text_of(as_person(cast.kadimastem_reader), f"/portal/batches/{batch.number}/")

    assert "some checks are still open" in page
    assert "fail" not in page.lower()
    for finding in check.seen.findings:
        if finding["outcome"] in {"fail", "pending"}:
            assert finding["message"] not in page
            assert finding["title"] in page


def over_rest(person, path, **body):
    secret, _ = issue_token(user=person, by=None, at=timezone.now())
    headers = {"Authorization": f"Bearer {secret}"}
    if not body:
        return Client().get(f"/api/v1/{path}", headers=headers)
    return Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def values_on_both_doors(person, batch) -> tuple[set, set]:
    """Return what a page and what REST tell of a batch's results."""
    page = text_of(as_person(person), f"/portal/batches/{batch.number}/")
    rows = over_rest(person, f"results/?batch={batch.number}").json()["results"]
    shown = re.findall(r"<strong>([^<]*)</strong></td>", page)
    return {unescape(value) for value in shown}, {row["reportable"] or row["value"] for row in rows}


def test_approved_results_and_no_others_are_told_before_certification_on_both_doors(cast):
    product = a_product_to_release(cast)
    batch = a_made_batch(cast, product)
    sample, other, third = (a_sample(cast, batch, at=SAMPLED) for _ in range(3))
    a_result(cast, sample, "viability", "95.0", at=TESTED)
    a_result(cast, other, "viability", "96.0", status="submitted", at=TESTED)
    a_result(cast, third, "viability", "97.0", status="draft", at=TESTED)
    a_result(cast, sample, "appearance of bag", "clear", report_only=True, at=TESTED)
    withdrawn = a_result(cast, third, "endotoxin", "0.20", at=TESTED)
    invalidate_result(result=withdrawn, by=cast.reviewer, at=TESTED, reason="Wrong dilution")

    page, rest = values_on_both_doors(cast.kadimastem_reader, batch)

    assert page == rest == {"95", "clear"}
    told = text_of(as_person(cast.kadimastem_reader), f"/portal/batches/{batch.number}/")
    assert "This batch is not certified" in told


@pytest.mark.parametrize("status", ["draft", "submitted", "invalidated", "superseded"])
def test_the_database_alone_hides_what_is_not_approved(cast, status):
    batch = a_tested_batch(cast)
    Result.objects.filter(batch=batch, test="viability").update(status=status)

    with as_sponsor(cast.kadimastem.pk):
        seen = set(Result.objects.values_list("test", flat=True))

    assert seen
    assert "viability" not in seen


def test_a_certified_batch_no_longer_says_that_it_is_not(cast):
    batch = a_certified_batch(cast)
    page, rest = values_on_both_doors(cast.kadimastem_reader, batch)

    assert page == rest
    address = f"/portal/batches/{batch.number}/"
    assert "This batch is not certified" not in text_of(as_person(cast.kadimastem_reader), address)


def test_over_rest_what_failed_is_pending_and_blocked_is_pending(cast):
    product = a_product_to_release(cast)
    batch = a_checked_batch(cast, product, results={"viability": "71.0"})
    check = ReleaseCheck.objects.latest().get(batch=batch)
    outcomes = {finding["rule"]: finding["outcome"] for finding in check.digest}
    assert check.verdict == "blocked"
    assert {"fail", "pass"} <= set(outcomes.values())

    reader = cast.kadimastem_reader
    for told in (
        over_rest(reader, f"batches/{batch.number}/readiness/").json(),
        over_rest(reader, f"release-checks/{check.pk}/").json(),
        over_rest(reader, f"batches/{batch.number}/release-checks/").json()["results"][0],
    ):
        assert told["verdict"] == "pending"
        for finding in told["findings"]:
            done = outcomes[finding["rule"]] in {"pass", "not_applicable"}
            assert finding["outcome"] == (outcomes[finding["rule"]] if done else "pending")


@pytest.mark.parametrize("query", ["verdict=blocked", "verdict=pending"])
def test_a_sponsor_cannot_ask_for_a_verdict_that_it_is_not_told(cast, query):
    assert over_rest(cast.kadimastem_reader, f"release-checks/?{query}").status_code == 400
    assert over_rest(cast.qa, f"release-checks/?{query}").status_code == 200


@pytest.fixture
def open_deviation(cast):
    """A major deviation stands against G6 of TT-1."""
    transfer = a_transfer(cast, a_product_with_master(cast))
    deviation = raise_deviation(
        batch=a_started_batch(cast, transfer.product),
        title="Alarm of the incubator",
        by=cast.operator,
        at=STARTED,
    )
    classify_deviation(
        deviation=deviation, classification="major", by=cast.qa, at=STARTED, reason=""
    )
    transfer.gates.filter(code="G6").update(status=GateStatus.OPEN)
    return deviation


def test_a_sponsors_lead_is_told_the_batch_of_a_deviation_over_rest(cast, open_deviation):
    decide = partial(
        over_rest,
        path="transfers/TT-1/gates/G6/decide/",
        decision="go",
        signature={"password": PASSWORD},
    )
    told, inside = decide(cast.kadimastem_lead), decide(cast.qa)

    assert (told.status_code, inside.status_code) == (409, 409)
    shown = {b["code"]: b for b in told.json()["blockers"]}["open_deviation"]
    assert (shown["record_type"], shown["record"]) == ("batch", open_deviation.batch.number)
    assert open_deviation.number not in told.content.decode()
    assert open_deviation.number in inside.content.decode()


def test_a_sponsors_lead_is_told_the_batch_of_a_deviation_on_the_page(cast, open_deviation):
    typed = {"decision": "go", "reason": "Agreed", "password": PASSWORD}
    address = "/transfers/TT-1/gates/G6/decide/"

    told = as_person(cast.kadimastem_lead).post(address, typed).content.decode()
    inside = as_person(cast.qa).post(address, typed).content.decode()

    for page in (told, text_of(as_person(cast.kadimastem_lead), "/portal/transfers/TT-1/")):
        assert open_deviation.number not in page
    assert f"{open_deviation.batch.number} has a major deviation open" in told
    assert open_deviation.number in inside


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


def test_the_dossier_made_for_the_sponsor_stands_there_and_nobody_elses(cast):
    batch = a_certified_batch(cast)
    address = f"/portal/batches/{batch.number}/"
    reader, other = as_person(cast.kadimastem_reader), as_person(cast.ixaka_reader)
    at = CERTIFIED + timedelta(hours=1)
    archive.ask_for_dossier(batch=batch, by=cast.qa, at=at)
    internal = archive.make_next_dossier(at=at)
    assert "/portal/dossiers/" not in text_of(reader, address)
    assert reader.get(f"/portal/dossiers/{internal.number}/json/").status_code == 404

    archive.ask_for_dossier(batch=batch, by=cast.qa, at=at, edition="sponsor")
    made = archive.make_next_dossier(at=at)
    page = text_of(reader, address)

    for form, document in (("pdf", made.pdf), ("json", made.json)):
        link = f"/portal/dossiers/{made.number}/{form}/"
        assert link in page
        file = reader.get(link)
        assert file.content == read_document(document)
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert other.get(link).status_code == 404
        assert as_person(cast.qa).get(link).status_code == 404


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
