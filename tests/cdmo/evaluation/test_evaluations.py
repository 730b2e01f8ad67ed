"""A period is evaluated by what the system knows of it, concluded and signed (P-40)."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from batches.deviations.services import raise_deviation
from cdmo.archive.models import Backup
from cdmo.blockers import Blocked
from cdmo.evaluation import services
from cdmo.evaluation.gather import found_in
from cdmo.evaluation.models import PeriodicEvaluation
from cdmo.incidents.services import report_incident
from cdmo.people.services import deactivate_person
from cdmo.records.models import AuditEvent, Signature
from cdmo.records.signatures import standing_signatures
from tests.builders.laboratory import a_specification
from tests.builders.manufacture import a_product_with_master, a_started_batch
from tests.cast import NOON, PASSWORD, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-40")]
SINCE, UNTIL = NOON - timedelta(days=90), NOON + timedelta(days=90)
AT = UNTIL


def draw_up(cast, by=None, **more):
    period = {"since": SINCE, "until": UNTIL, **more}
    return services.draw_up(by=by or cast.qa, at=AT, **period)


def conclude(cast, evaluation, by=None, conclusion="In the state that was validated."):
    by = by or cast.qa
    return services.conclude(
        evaluation=evaluation, conclusion=conclusion, by=by, at=AT, proof=proof_of(by, AT)
    )


def refused(call, *arguments, **named) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(*arguments, **named)
    return refusal.value.codes


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def section(found, code) -> dict:
    (one,) = [each for each in found if each["code"] == code]
    return {**one, "facts": dict(one["facts"])}


def something_happens(cast):
    product = a_product_with_master(cast)
    a_specification(cast, product)
    batch = a_started_batch(cast, product)
    raise_deviation(batch=batch, title="Door", description="", by=cast.operator, at=NOON)
    report_incident(title="Slow search", classification="major", by=cast.admin, at=NOON)
    deactivate_person(person=cast.analyst2, by=cast.admin, at=NOON, reason="Left the house.")
    Backup.objects.create(status="failed", started_at=NOON, error="Disk full.")
    return batch


def test_it_lists_access_incidents_changes_deviations_copies_and_what_is_late(cast):
    batch = something_happens(cast)

    found = draw_up(cast).found

    assert [one["code"] for one in found] == [
        "access",
        "incidents",
        "changes",
        "quality",
        "keeping",
        "late",
    ]
    access = section(found, "access")
    assert access["facts"]["Accounts closed"] == "1"
    assert ["Accounts closed", cast.analyst2.email, cast.admin.email, "Left the house."] in [
        row[1:] for row in access["rows"]
    ]
    assert [row[1] for row in section(found, "incidents")["rows"]] == ["Slow search"]
    changed = {row[1] for row in section(found, "changes")["rows"]}
    assert {
        "Version of the application",
        "Master batch record approved",
        "Specification approved",
    } <= changed
    (deviation,) = section(found, "quality")["rows"]
    assert (deviation[0], deviation[2], deviation[4]) == ("Deviation", batch.number, "Open")
    keeping = section(found, "keeping")
    assert keeping["facts"]["Backups failed"] == "1"
    assert keeping["rows"][0][1] == "Disk full."
    late = [row[0] for row in section(found, "late")["rows"]]
    assert late[-3:] == ["Backup", "Incident", "Deviation"]


def test_what_lies_outside_of_the_period_is_not_in_it(cast):
    something_happens(cast)

    after = {"since": NOON + timedelta(days=1), "until": UNTIL}
    found = draw_up(cast, **after).found

    assert section(found, "access")["rows"] == []
    assert section(found, "access")["facts"]["Accounts closed"] == "0"
    assert section(found, "keeping")["facts"]["Backups failed"] == "0"
    # What was still open when the period began, belongs to it.
    assert len(section(found, "incidents")["rows"]) == 1
    before = draw_up(cast, since=SINCE, until=NOON).found
    assert section(before, "incidents")["rows"] == section(before, "quality")["rows"] == []


def test_it_is_frozen_and_its_conclusion_signed_over_all_of_it(cast):
    something_happens(cast)
    evaluation = draw_up(cast)
    report_incident(title="Later", classification="minor", by=cast.admin, at=NOON)

    assert refused(conclude, cast, evaluation, conclusion=" ") == ["no_conclusion"]
    conclude(cast, evaluation)

    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.concluded_by) == ("concluded", cast.qa)
    content = Signature.objects.get(record_type="periodic_evaluation").content
    assert "Slow search" in content
    assert "In the state" in content
    assert "Later" not in content
    assert standing_signatures(evaluation, verb="conclude").count() == 1
    assert refused(conclude, cast, evaluation) == ["wrong_status"]


def test_postgresql_lets_nobody_change_a_concluded_one(cast):
    evaluation = conclude(cast, draw_up(cast))
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PeriodicEvaluation.objects.filter(pk=evaluation.pk).update(conclusion="Other")


def test_only_a_period_that_is_over_is_evaluated_and_by_quality_assurance(cast):
    assert refused(draw_up, cast, until=AT + timedelta(minutes=1)) == ["in_future"]
    assert refused(draw_up, cast, since=UNTIL) == ["no_period"]
    assert refused(draw_up, cast, by=cast.auditor) == ["no_right"]
    evaluation = draw_up(cast)
    assert refused(conclude, cast, evaluation, by=cast.admin) == ["no_right"]


def test_pages_are_for_those_who_read_the_trail_and_only_quality_assurance_concludes(cast):
    evaluation = draw_up(cast)
    home = f"/evaluations/{evaluation.number}/"

    for person in (cast.qa, cast.auditor):
        assert evaluation.number in signed_in(person).get("/evaluations/").content.decode()
        page = signed_in(person).get(home).content.decode()
        assert "Backups and seals" in page
        assert "Not concluded yet." in page
        assert (f"{home}conclude/" in page) == (person == cast.qa)
    for person in (cast.operator, cast.kadimastem_reader):
        for path in ("/evaluations/", home, f"{home}json/", f"{home}csv/"):
            assert signed_in(person).get(path).status_code in {403, 404}, path

    posted = signed_in(cast.qa).post(
        f"{home}conclude/", {"conclusion": "All is well.", "password": PASSWORD}
    )
    assert posted.status_code == 302, posted.content
    assert "All is well." in signed_in(cast.auditor).get(home).content.decode()


def test_a_period_is_typed_and_drawn_up_on_a_page(cast):
    typed = {"since": "2026-01-01T00:00", "until": "2026-02-01T00:00"}
    answer = signed_in(cast.qa).post("/evaluations/+new/", typed)
    assert answer.status_code == 302, answer.content
    assert answer["Location"] == f"/evaluations/{PeriodicEvaluation.objects.get().number}/"


@pytest.mark.statement("P-09")
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_copy_says_the_same_as_the_page_and_taking_it_is_on_record(cast, form):
    something_happens(cast)
    evaluation = conclude(cast, draw_up(cast), conclusion="=All is well")

    answer = signed_in(cast.auditor).get(f"/evaluations/{evaluation.number}/{form}/")

    assert answer["Content-Disposition"] == f'attachment; filename="{evaluation.number}.{form}"'
    if form == "json":
        copy = json.loads(answer.content)
        assert copy["found"] == PeriodicEvaluation.objects.get().found
        assert copy["signatures"][0]["printed_name"] == cast.qa.full_name
    else:
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert ["Conclusion", "'=All is well"] in rows
        assert any("Slow search" in row for row in rows)
    event = AuditEvent.objects.get(verb="evaluation.export")
    assert (event.record, event.by, event.new) == (
        evaluation.number,
        cast.auditor,
        {"form": form},
    )


def test_the_number_of_queries_does_not_grow_with_what_happened(cast):
    something_happens(cast)
    few = queries()
    something_happens_again(cast)
    assert queries() == few


def something_happens_again(cast):
    batch = a_started_batch(cast)
    for title in ("One", "Two", "Three"):
        raise_deviation(batch=batch, title=title, description="", by=cast.operator, at=NOON)
        report_incident(title=title, classification="minor", by=cast.admin, at=NOON)


def queries() -> int:
    with CaptureQueriesContext(connection) as asked:
        found_in(since=SINCE, until=UNTIL, at=AT)
    return len(asked)
