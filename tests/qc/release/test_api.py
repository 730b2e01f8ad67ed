"""Release over REST, in the contract's words."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from batches.deviations import services as deviations
from batches.manufacture.models import Batch
from cdmo.accounts.tokens import issue_token
from qc.release import services
from qc.release.models import Certificate
from qc.release.readiness import readiness_of
from qc.release.tasks import sweep
from tests.builders.release import (
    CERTIFIED,
    CHECKED,
    a_certified_batch,
    a_checked_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
)
from tests.cast import PASSWORD, proof_of

pytestmark = pytest.mark.django_db
SIGNED = {"signature": {"password": PASSWORD}}


def api(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def post(user, url, body=None):
    return api(user).post(url, body or {}, format="json")


def get(user, url, **query):
    return api(user).get(url, query)


def test_a_check_is_asked_for_with_202_and_done_by_the_sweep(cast):
    batch = a_tested_batch(cast)

    asked = post(cast.qa, "/api/v1/release-checks/", {"batch": batch.number})
    assert asked.status_code == 202
    assert asked.json()["status"] == "queued"
    sweep()

    check = get(cast.qa, f"/api/v1/release-checks/{asked.json()['id']}/").json()
    assert (check["status"], check["verdict"], check["batch"]) == ("done", "ready", batch.number)
    assert len(check["evidence_sha256"]) == 64
    finding = check["findings"][0]
    assert {"rule", "title", "class", "outcome", "message", "records"} <= set(finding)
    assert set(finding["records"][0]) == {"record_type", "record"}


def test_readiness_says_what_to_do_next_and_when_release_is_expected(cast):
    batch = a_tested_batch(cast, results={"sterility": None})
    sample = batch.samples.get()
    check_now(batch)

    found = get(cast.qa, f"/api/v1/batches/{batch.number}/readiness/").json()

    assert (found["verdict"], found["is_stale"]) == ("pending", False)
    assert {"what", "owner_role", "record"} <= set(found["next_actions"][0])
    assert found["next_actions"][0]["owner_role"] == "analyst"
    expected = sample.taken_at + timedelta(hours=336)
    assert found["expected_release_at"] == expected.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_readiness_is_stale_as_soon_as_evidence_changes(cast):
    batch = a_checked_batch(cast)
    url = f"/api/v1/batches/{batch.number}/readiness/"
    assert get(cast.qa, url).json()["is_stale"] is False
    assert get(cast.qa, url).json()["next_actions"][0]["what"] == "Certify the batch"

    deviations.raise_deviation(batch=batch, title="Spill", by=cast.operator, at=CHECKED)

    found = get(cast.qa, url).json()
    assert (found["is_stale"], found["verdict"]) == (True, "ready")


def test_readiness_is_stale_once_time_has_passed_over_the_check(cast):
    batch = a_checked_batch(cast)
    before = readiness_of(batch, at=CERTIFIED)

    after = readiness_of(batch, at=CERTIFIED + timedelta(days=20_000))

    assert (before.verdict, before.is_stale) == ("ready", False)
    assert after.standing.sha256 == before.standing.sha256
    assert (after.standing.verdict, after.is_stale) == ("blocked", True)


def test_a_certified_batch_is_not_made_stale_by_time(cast):
    batch = a_certified_batch(cast)
    check_now(batch)

    found = readiness_of(batch, at=CERTIFIED + timedelta(days=20_000))

    assert (found.verdict, found.is_stale) == ("ready", False)


def test_readiness_of_a_batch_never_checked_is_pending_and_stale(cast):
    batch = a_tested_batch(cast)

    found = get(cast.qa, f"/api/v1/batches/{batch.number}/readiness/").json()

    assert (found["verdict"], found["is_stale"], found["findings"]) == ("pending", True, [])


def test_certify_needs_a_signature_and_refuses_a_wrong_one(cast):
    batch = a_checked_batch(cast)
    url = f"/api/v1/batches/{batch.number}/certify/"

    assert post(cast.qp, url).status_code == 400
    assert post(cast.qp, url, {"signature": {"password": "no"}}).status_code == 403
    assert Batch.objects.get(pk=batch.pk).disposition == "pending"
    done = post(cast.qp, url, SIGNED)

    assert done.status_code == 200
    assert done.json()["disposition"] == "released"


def test_every_objection_to_certifying_is_a_blocker(cast):
    batch = a_checked_batch(cast)
    deviations.raise_deviation(batch=batch, title="Spill", by=cast.operator, at=CHECKED)
    check_now(batch)

    refused = post(cast.qp, f"/api/v1/batches/{batch.number}/certify/", SIGNED)

    assert refused.status_code == 409
    (blocker,) = refused.json()["blockers"]
    assert blocker["code"] == "RC-21"
    assert blocker["record_type"] == "deviation"


@pytest.mark.statement("P-42")
def test_whoever_is_no_qualified_person_gets_a_refusal_that_says_so(cast):
    batch = a_checked_batch(cast)

    refused = post(cast.qa2, f"/api/v1/batches/{batch.number}/certify/", SIGNED)

    assert refused.status_code in {403, 409}
    assert {"no_right", "not_appointed"} == {b["code"] for b in refused.json()["blockers"]}


def test_certificates_are_read_downloaded_and_issued_again(cast):
    batch = a_certified_batch(cast)
    (listed,) = get(cast.qa, "/api/v1/certificates/", batch=batch.number).json()["results"]
    url = f"/api/v1/certificates/{listed['number']}/"

    pdf = get(cast.qa, f"{url}download/")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"] == f'attachment; filename="{listed["number"]}.pdf"'
    asked = APIClient(headers={"accept": "application/pdf"})
    asked.force_login(cast.qa)
    assert asked.get(f"{url}download/").status_code == 200
    assert post(cast.qa, f"{url}reissue/").status_code == 400
    again = post(cast.qa, f"{url}reissue/", {"reason": "Lost."})

    assert again.status_code == 200
    assert (again.json()["issue"], again.json()["supersedes"]) == (2, listed["number"])
    assert get(cast.qa, url).json()["superseded_by"] == again.json()["number"]


def test_a_justifiable_fail_is_justified_with_a_signature_and_becomes_ready(cast):
    batch = justifiable(cast)
    check = check_now(batch)
    url = f"/api/v1/release-checks/{check.pk}/justify/"

    unsigned = post(cast.qp, url, {"rule": "RC-10", "rationale": "Checked after."})
    empty = post(cast.qp, url, {"rule": "RC-10", "rationale": " ", **SIGNED})
    done = post(cast.qp, url, {"rule": "RC-10", "rationale": "Checked after.", **SIGNED})

    assert (unsigned.status_code, empty.status_code, done.status_code) == (400, 409, 200)
    again = check_now(batch, at=CERTIFIED)
    finding = {f["rule"]: f for f in again.seen.findings}["RC-10"]
    assert (again.verdict, finding["outcome"]) == ("ready", "fail")
    assert finding["justified"]["rationale"] == "Checked after."
    assert post(cast.qp, url, {"rule": "RC-10", "rationale": "Twice.", **SIGNED}).status_code == 409


@pytest.mark.parametrize(
    ("rule", "code"), [("RC-21", "not_a_fail"), ("RC-99", "no_such_finding"), ("", "blank")]
)
def test_what_cannot_be_justified_is_refused(cast, rule, code):
    batch = a_checked_batch(cast)
    check = check_now(batch)

    refused = post(
        cast.qp,
        f"/api/v1/release-checks/{check.pk}/justify/",
        {"rule": rule, "rationale": "Because.", **SIGNED},
    )

    if code == "blank":
        assert refused.status_code == 400
    else:
        assert refused.status_code == 409
        assert code in {b["code"] for b in refused.json()["blockers"]}


def justifiable(cast) -> Batch:
    """Ready but for an instrument whose calibration was overdue."""
    from datetime import date

    from qc.instruments.models import Calibration, Instrument
    from qc.laboratory.models import Result

    batch = a_tested_batch(cast)
    instrument = Instrument.objects.create(
        code="VICELL-1", name="Cell counter", vendor="vicell_xr", site=cast.site
    )
    Calibration.objects.create(
        instrument=instrument,
        performed_on=date(2025, 1, 1),
        due_on=date(2026, 1, 1),
        recorded_by=cast.reviewer,
        recorded_at=CHECKED,
    )
    Result.objects.filter(batch=batch, test="viability").update(instrument=instrument)
    return batch


def test_a_sponsor_reads_verdict_and_rules_and_nothing_of_the_inside(cast):
    batch = a_tested_batch(cast, results={"sterility": None})
    check = check_now(batch)
    reader = cast.kadimastem_reader

    readiness = get(reader, f"/api/v1/batches/{batch.number}/readiness/").json()
    shown = get(reader, f"/api/v1/release-checks/{check.pk}/").json()

    assert (readiness["verdict"], readiness["is_stale"]) == ("pending", False)
    assert readiness["next_actions"] == []
    for finding in [*readiness["findings"], *shown["findings"]]:
        assert finding["title"]
        assert (finding["message"], finding["records"]) == ("", [])
    assert shown["cause"] == ""
    assert get(reader, f"/api/v1/release-checks/{check.pk}/evidence/").status_code == 404


def test_another_sponsor_finds_none_of_it(cast):
    batch = a_certified_batch(cast)
    certificate = Certificate.objects.get(batch=batch)
    check = check_now(batch)

    for url in (
        f"/api/v1/batches/{batch.number}/readiness/",
        f"/api/v1/batches/{batch.number}/release-checks/",
        f"/api/v1/release-checks/{check.pk}/",
        f"/api/v1/certificates/{certificate.number}/",
        f"/api/v1/certificates/{certificate.number}/download/",
    ):
        assert get(cast.kadimastem_reader, url).status_code == 200, url
        assert get(cast.ixaka_reader, url).status_code == 404, url
    for url in (
        f"/api/v1/batches/{batch.number}/certify/",
        "/api/v1/release-checks/",
        f"/api/v1/certificates/{certificate.number}/reissue/",
    ):
        assert post(cast.kadimastem_reader, url, {"batch": batch.number}).status_code == 403, url


def test_the_checks_of_a_batch_stand_under_it_newest_first(cast):
    batch = a_checked_batch(cast)
    url = f"/api/v1/batches/{batch.number}/release-checks/"

    asked = post(cast.qa, url)
    listed = get(cast.qa, url).json()

    assert asked.status_code == 202
    assert [c["status"] for c in listed["results"]] == ["queued", "done"]
    assert set(listed) == {"results", "next", "previous"}


def test_the_evidence_is_served_byte_for_byte(cast):
    check = check_now(a_tested_batch(cast))

    answer = get(cast.auditor, f"/api/v1/release-checks/{check.pk}/evidence/")

    assert answer.content.decode() == check.seen.evidence


def test_conditional_certification_over_rest_names_the_results_that_follow(cast):
    product = a_product_to_release(cast, allows_conditional_release=True)
    batch = a_tested_batch(cast, product, results={"sterility": None})
    check_now(batch)

    done = post(cast.qp, f"/api/v1/batches/{batch.number}/certify-conditionally/", SIGNED)

    assert done.status_code == 200
    assert done.json()["disposition"] == "conditional"
    (certificate,) = get(cast.qa, "/api/v1/certificates/").json()["results"]
    assert certificate["conditional"] is True


def test_an_integration_reads_readiness_by_token(cast):
    batch = a_checked_batch(cast)
    secret, _ = issue_token(user=cast.auditor, by=cast.admin, name="erp", at=CHECKED)
    client = APIClient(headers={"authorization": f"Bearer {secret}"})

    assert client.get(f"/api/v1/batches/{batch.number}/readiness/").status_code == 200


def test_the_timeline_of_a_batch_holds_what_quality_control_did(cast):
    batch = a_certified_batch(cast)

    verbs = {
        e["verb"]
        for e in get(cast.qa, f"/api/v1/batches/{batch.number}/timeline/").json()["results"]
    }

    assert {"certificate.issued", "batch.certified", "certify"} <= verbs


@pytest.mark.parametrize("body", [{}, {"batch": "NOPE"}, {"batch": 7}, {"batch": None}, [1]])
def test_a_check_of_no_batch_is_a_400_with_the_field(cast, body):
    refused = api(cast.qa).post("/api/v1/release-checks/", body, format="json")

    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"


def test_services_announce_the_certificate_to_the_sponsor(cast):
    from cdmo.records.models import AuditEvent

    batch = a_checked_batch(cast)
    services.certify(
        batch=batch,
        by=cast.qp,
        at=CERTIFIED,
        proof=proof_of(cast.qp, CERTIFIED),
    )
    shared = set(AuditEvent.objects.filter(shared=True).values_list("verb", flat=True))
    assert {"certificate.issued", "batch.certified"} <= shared
