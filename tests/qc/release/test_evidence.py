"""Evidence: a fixed number of queries for any set, canonical, hashed, never changed."""

import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext

from batches.manufacture.models import Batch
from benchmarks.release_check.seed import NOW, seed
from cdmo.accounts.isolation import as_sponsor
from cdmo.records.canonical import canonical, sha256
from cdmo.records.services import record_event
from qc.release.evidence import gather_evidence
from qc.release.models import CheckEvidence, ReleaseCheck
from qc.release.services import queue_checks, run_waiting_checks
from tests.builders.release import CHECKED, a_made_batch, a_tested_batch, check_now
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-13")]


def queries_of(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work()
    return len(captured)


def test_the_number_of_queries_does_not_depend_on_the_number_of_batches():
    seed(batches=200)
    ids = list(Batch.objects.values_list("pk", flat=True))

    one = queries_of(lambda: gather_evidence(ids[:1], at=NOW))
    all_of_them = queries_of(lambda: gather_evidence(ids, at=NOW))

    assert one == all_of_them <= 30


def test_running_checks_takes_as_many_queries_for_one_as_for_two_hundred():
    seed(batches=200)
    # A released batch that no longer stands is also re-opened, which is a change of its own.
    ids = list(Batch.objects.filter(disposition="pending").values_list("pk", flat=True))

    def run(some):
        queue_checks(causes=dict.fromkeys(some, "Test."), by=None, at=NOW)
        return queries_of(lambda: run_waiting_checks(at=NOW, limit=500))

    assert run(ids[:1]) == run(ids)
    assert ReleaseCheck.objects.filter(status="done").count() == 1 + len(ids)


def test_evidence_of_a_set_is_that_of_each_batch_alone():
    seed(batches=30)
    ids = list(Batch.objects.values_list("pk", flat=True))

    together = gather_evidence(ids, at=NOW)

    for pk in ids:
        assert gather_evidence([pk], at=NOW)[pk].canonical == together[pk].canonical


@pytest.mark.statement("P-46")
def test_stored_evidence_is_canonical_and_its_hash_recomputes(cast):
    check = check_now(a_tested_batch(cast))
    text = check.seen.evidence

    assert canonical(json.loads(text)) == text.encode()
    assert sha256(text.encode()) == check.evidence_sha256
    facts = json.loads(text)
    assert facts["batch"]["number"] == check.batch.number
    for name, columns in facts["columns"].items():
        assert all(len(row) == len(columns) for row in facts[name]), name


@pytest.mark.statement("P-46")
def test_the_same_records_give_the_same_evidence_at_any_time(cast):
    batch = a_tested_batch(cast)

    first = gather_evidence([batch.pk], at=CHECKED)[batch.pk].canonical
    later = gather_evidence([batch.pk], at=CHECKED.replace(year=2029))[batch.pk].canonical

    assert first == later


def test_no_batches_are_no_evidence():
    assert gather_evidence([], at=CHECKED) == {}


def a_component(cast, **facts):
    component = a_made_batch(cast)
    Batch.objects.filter(pk=component.pk).update(
        **{
            "disposition": "released",
            "inventory": "available",
            "disposed_at": NOON,
            "yield_value": 100,
            "yield_unit": "mL",
            **facts,
        }
    )
    return Batch.objects.get(pk=component.pk)


def test_a_component_batch_and_its_inputs_are_traced(cast):
    component = a_component(cast)
    batch = a_made_batch(cast, source=component)

    evidence = gather_evidence([batch.pk], at=CHECKED)[batch.pk]

    assert [a.number for a in evidence.ancestors] == [component.number]
    assert {i.batch_id for i in evidence.ancestor_inputs} == {component.pk}
    assert len(evidence.lots) == 1


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ({}, ("100", "mL", "", False)),
        ({"yield_value": 10}, ("10", "mL", "", False)),  # all of it, and no more
        ({"yield_value": 9}, ("9", "mL", "", True)),
        ({"yield_value": 0}, ("0", "mL", "", True)),
        ({"yield_value": None}, (None, "mL", "", None)),
        ({"yield_unit": ""}, ("100", "", "mL", None)),
        ({"yield_unit": "g"}, ("100", "g", "mL", None)),
    ],
    ids=["within", "all", "overdrawn", "nothing", "unrecorded", "no-unit", "other-unit"],
)
def test_a_component_is_in_balance_only_as_far_as_anybody_can_say(cast, since, found):
    component = a_component(cast)
    batch = a_made_batch(cast, source=component)
    Batch.objects.filter(pk=component.pk).update(**since)

    (ancestor,) = gather_evidence([batch.pk], at=CHECKED)[batch.pk].ancestors

    assert ancestor[4:] == found


def test_whoever_started_witnessed_sampled_or_scanned_is_among_the_people(cast):
    batch = a_tested_batch(cast)
    before = gather_evidence([batch.pk], at=CHECKED)[batch.pk]
    (sample,) = before.samples.values()
    assert [s.by for s in before.starts] == [cast.operator.pk]
    assert sample.taken_by in before.people
    assert cast.operator2.pk not in before.people

    record_event(
        verb="batch.started",
        record=batch,
        by=cast.operator,
        at=NOON,
        new={"verified_by": cast.operator2.email},
    )

    after = gather_evidence([batch.pk], at=CHECKED)[batch.pk]
    assert after.starts[-1].witness == cast.operator2.pk
    assert after.people[cast.operator2.pk] == cast.operator2.email


@pytest.mark.statement("P-10")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE qc_releasecheck SET verdict = 'ready' WHERE id = %s",
        "UPDATE qc_releasecheck SET evidence_sha256 = 'x' WHERE id = %s",
        "UPDATE qc_checkevidence SET evidence = '{}' WHERE check_row_id = %s",
        "DELETE FROM qc_checkevidence WHERE check_row_id = %s",
        "DELETE FROM qc_releasecheck WHERE id = %s",
    ],
)
def test_what_a_check_saw_and_said_cannot_be_changed_by_anybody(cast, statement):
    check = check_now(a_tested_batch(cast))

    with (
        pytest.raises((InternalError, IntegrityError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [check.pk])


def test_a_sponsor_reads_the_digest_and_never_the_evidence(cast):
    check = check_now(a_tested_batch(cast))

    with as_sponsor(cast.kadimastem.pk):
        mine = list(ReleaseCheck.objects.values_list("pk", flat=True))
        evidence = CheckEvidence.objects.count()
    with as_sponsor(cast.ixaka.pk):
        others = ReleaseCheck.objects.count()

    assert (mine, evidence, others) == ([check.pk], 0, 0)
    assert set(check.digest[0]) == {"rule", "title", "outcome", "since"}
