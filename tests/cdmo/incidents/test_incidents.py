"""What goes wrong with the system is logged, explained and closed with a signature (P-43)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from cdmo.blockers import Blocked
from cdmo.incidents import services
from cdmo.incidents.models import Incident
from cdmo.records.models import Signature
from tests.cast import NOON, PASSWORD, proof_of
from tests.rest import Caller, codes, fields

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-43")]


def report(cast, by=None, classification="critical", **more):
    return services.report_incident(
        title="Trail search timed out",
        classification=classification,
        by=by or cast.admin,
        at=NOON,
        **more,
    )


def close(cast, incident, by=None):
    by = by or cast.qa
    return services.close_incident(incident=incident, by=by, at=NOON, proof=proof_of(by))


def refused(call, *arguments, **named) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(*arguments, **named)
    return refusal.value.codes


def test_a_critical_one_is_closed_with_its_root_cause_alone(cast):
    incident = report(cast)
    assert refused(close, cast, incident) == ["root_cause_missing", "action_missing"]
    services.explain_incident(
        incident=incident,
        root_cause="An index was missing.",
        action="Made it.",
        reason="Found.",
        by=cast.admin,
        at=NOON,
    )
    assert close(cast, incident).status == "closed"
    assert "An index was missing." in Signature.objects.get(record_type="incident").content


def test_postgresql_closes_no_critical_one_without_its_root_cause(cast):
    incident = report(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(
            status="closed", closed_by=cast.qa, closed_at=NOON
        )


def test_a_minor_one_closes_as_it_is_and_then_stands(cast):
    incident = close(cast, report(cast, classification="minor"))
    asked = {"incident": incident, "title": "Other", "by": cast.qa, "at": NOON}
    assert refused(services.explain_incident, **asked, reason="Late.") == ["wrong_status"]
    assert refused(close, cast, incident) == ["wrong_status"]


def test_whoever_may_report_does_and_quality_assurance_closes(cast):
    assert report(cast, by=cast.operator).pk
    assert refused(report, cast, by=cast.auditor) == ["no_right"]
    assert "no_right" in refused(close, cast, report(cast, classification="minor"), by=cast.admin)


def test_it_did_not_happen_tomorrow_and_changes_with_a_reason(cast):
    assert refused(report, cast, occurred_at=NOON + timedelta(days=1)) == ["in_future"]
    asked = {"incident": report(cast), "title": "Other", "by": cast.qa, "at": NOON}
    assert refused(services.explain_incident, **asked, reason=" ") == ["reason_missing"]


def test_it_is_done_on_pages(client, cast):
    client.force_login(cast.admin)
    client.post("/incidents/+new/", {"title": "Disk full", "classification": "major"})
    here = f"/incidents/{Incident.objects.get().number}/"
    assert "Disk full" in client.get("/incidents/").content.decode()
    typed = {"title": "Disk full", "classification": "major", "action": "Bigger disk."}
    assert client.post(f"{here}explain/", {**typed, "reason": "Done."}).status_code == 302
    client.force_login(cast.qa)
    assert client.get(f"{here}close/").status_code == 200
    assert client.post(f"{here}close/", {"password": PASSWORD}).status_code == 302
    page = client.get(here).content.decode()
    assert "Bigger disk." in page
    assert "Qa Person" in page
    client.force_login(cast.kadimastem_reader)
    assert client.get(here).status_code == 404


def test_it_is_done_over_rest(client, cast):
    qa = Caller(client, cast.qa)
    assert fields(qa.post("incidents/", {"title": "X", "classification": "huge"})) == [
        "classification"
    ]
    made = qa.post("incidents/", {"title": "X", "classification": "critical"}).json()
    here = f"incidents/{made['number']}/"
    assert codes(qa.sign(f"{here}close/")) == ["root_cause_missing", "action_missing"]
    qa.patch(here, {"root_cause": "A", "action": "B", "reason": "Found."})
    assert qa.sign(f"{here}close/").json()["status"] == "closed"
    assert Caller(client, cast.kadimastem_reader).get("incidents/").status_code == 404
