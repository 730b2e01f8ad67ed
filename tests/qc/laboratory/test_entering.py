"""Results: entered all or none, corrected while drafts."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from qc.laboratory import services
from qc.laboratory.models import Result
from tests.builders.laboratory import (
    a_result,
    a_sample,
    a_specification,
    codes_of,
)
from tests.builders.manufacture import a_started_batch
from tests.cast import proof_of
from tests.qc.laboratory.results import AT, enter

pytestmark = pytest.mark.statement("U-05")

# entering


def test_a_result_keeps_its_text_and_takes_line_method_and_unit_from_the_specification(
    cast, sample
):
    (result,) = enter(cast, {"sample": sample, "test": "endotoxin", "value": "<0.50"})

    assert result.value == "<0.50"
    assert (result.line.criterion, result.method.code, result.unit) == (
        "<= 1.0",
        "LAL-01",
        "[EU]/mL",
    )
    assert (result.status, result.verdict, result.reportable) == ("draft", "", "")


def test_a_list_is_entered_all_or_none_with_every_objection(cast, sample):
    with pytest.raises(Blocked) as refusal:
        enter(
            cast,
            {"sample": sample, "test": "viability", "value": "95.0"},
            {"sample": sample, "test": "viability", "value": "96.0"},
            {"sample": sample, "test": "CD44+", "value": "12,5"},
            {"sample": sample, "test": "endotoxin", "value": "0.5", "unit": "[EU]/L"},
            {"sample": sample, "test": "viabilty", "value": "1"},
            {"sample": sample, "test": "sterility", "value": "＜1", "tested_at": AT - timedelta(9)},
            {"sample": sample, "test": "appearance", "value": "x", "tested_at": AT + timedelta(1)},
        )

    assert refusal.value.codes == [
        "twice",
        "not_a_value",
        "unit",
        "not_on_specification",
        "not_a_value",
        "before_sampling",
        "in_the_future",
    ]
    assert "viability, CD44+, endotoxin, sterility, appearance" in str(refusal.value)
    assert not Result.objects.exists()
    assert not Outbox.objects.filter(cause__contains="entered").exists()


@pytest.mark.statement("P-36")
@pytest.mark.parametrize("value", ["12,5", "NaN", "1e999", "＜1", "", "95 %"])
def test_what_is_no_value_is_refused_in_a_sentence(cast, sample, value):
    with pytest.raises(Blocked) as refusal:
        enter(cast, {"sample": sample, "test": "viability", "value": value})

    assert codes_of(refusal) == {"not_a_value"}


def test_a_test_beside_the_specification_is_recorded_for_information_only(cast, sample):
    (result,) = enter(
        cast, {"sample": sample, "test": "glucose", "value": "5.5", "report_only": True}
    )
    (result,) = services.submit_results(results=[result], by=cast.analyst, at=AT)

    assert (result.line, result.verdict, result.reportable) == (None, "report_only", "5.5")


def test_without_a_specification_in_force_there_is_nothing_to_test(cast, product):
    sample = a_sample(cast, a_started_batch(cast, product), at=AT)

    with pytest.raises(Blocked) as refusal:
        enter(cast, {"sample": sample, "test": "viability", "value": "95"})

    assert codes_of(refusal) == {"no_specification"}


def test_a_second_value_of_the_same_test_is_refused_unless_it_says_what_it_supersedes(cast, sample):
    first = a_result(cast, sample, value="79.9", status="draft", at=AT)

    with pytest.raises(Blocked) as refusal:
        enter(cast, {"sample": sample, "test": "viability", "value": "95"})
    assert codes_of(refusal) == {"result_exists"}

    with pytest.raises(Blocked) as refusal:
        enter(cast, {"sample": sample, "test": "viability", "value": "95", "supersedes": first})
    assert codes_of(refusal) == {"reason_missing"}

    (second,) = enter(
        cast,
        {"sample": sample, "test": "viability", "value": "95", "supersedes": first},
        reason="Diluted again",
    )
    first.refresh_from_db()
    assert (first.status, first.value) == ("superseded", "79.9")
    assert (second.status, second.supersedes) == ("draft", first)


def test_a_result_is_superseded_once_and_by_its_own_test_only(cast, sample):
    first = a_result(cast, sample, status="draft", at=AT)
    enter(
        cast,
        {"sample": sample, "test": "viability", "value": "95", "supersedes": first},
        reason="Again",
    )

    with pytest.raises(Blocked) as refusal:
        enter(
            cast,
            {"sample": sample, "test": "CD44+", "value": "95", "supersedes": first},
            reason="Again",
        )

    assert codes_of(refusal) == {"other_result", "superseded_already"}


def test_only_an_analyst_enters(cast, sample):
    for person in (cast.reviewer, cast.qa, cast.operator, cast.qp, cast.admin):
        with pytest.raises(Blocked) as refusal:
            enter(cast, {"sample": sample, "test": "viability", "value": "95"}, by=person)
        assert codes_of(refusal) == {"no_right"}


def test_two_values_in_force_cannot_stand_in_the_database(cast, sample):
    result = a_result(cast, sample, status="draft", at=AT)
    result.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        result.save(force_insert=True)


def test_entering_knocks_for_a_release_check_even_on_a_decided_batch(cast, sample):
    sample.batch.__class__.objects.filter(pk=sample.batch_id).update(
        disposition="released", inventory="available"
    )

    enter(cast, {"sample": sample, "test": "viability", "value": "95"})

    row = Outbox.objects.get(cause__contains="entered")
    assert (row.record_type, row.record_id) == ("sample", sample.pk)


def test_the_number_of_queries_does_not_grow_with_the_number_of_results(cast, product):
    lines = [{"test": f"test {n}", "criterion": ">= 1"} for n in range(60)]
    a_specification(cast, product, lines=lines)
    batch = a_started_batch(cast, product)
    few, many = a_sample(cast, batch, at=AT), a_sample(cast, batch, at=AT)
    assert cast.analyst.roles  # read once a request
    assert cast.reviewer.roles

    def counts(sample, tests):
        entries = [{"sample": sample, "test": test, "value": "5"} for test in tests]
        results, found = entries, []
        for step in (
            lambda _: services.enter_results(entries=entries, by=cast.analyst, at=AT),
            lambda drafts: services.submit_results(results=drafts, by=cast.analyst, at=AT),
            lambda submitted: services.approve_results(
                results=submitted, by=cast.reviewer, at=AT, proof=proof_of(cast.reviewer, AT)
            ),
        ):
            with CaptureQueriesContext(connection) as captured:
                results = step(results)
            # A signature under each result is the one row that nothing can spare.
            found.append(
                sum(
                    not query["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))
                    and "records_signature" not in query["sql"]
                    for query in captured
                )
            )
        return found

    assert counts(few, ["test 0", "test 1"]) == counts(many, [line["test"] for line in lines])
    assert Result.objects.filter(status="approved").count() == 62


# correcting a draft


@pytest.mark.statement("P-10")
def test_a_draft_is_corrected_by_its_analyst_with_a_reason_and_history_keeps_the_first_value(
    cast, sample
):
    result = a_result(cast, sample, value="59", status="draft", at=AT)

    services.change_result(
        result=result, value="95", by=cast.analyst, at=AT, reason="Digits swapped"
    )

    result.refresh_from_db()
    change = AuditEvent.objects.filter(record_type="result", verb="update").last()
    assert result.value == "95"
    assert (change.old["value"], change.new["value"]) == ("59", "95")
    assert (change.reason, change.by_id) == ("Digits swapped", cast.analyst.pk)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"reason": ""}, {"reason_missing"}),
        ({"value": "12,5"}, {"not_a_value"}),
        ({"by": "analyst2"}, {"not_own_result"}),
        ({"by": "reviewer"}, {"no_right", "not_own_result"}),
    ],
)
def test_a_correction_is_refused_for_each_reason(cast, sample, change, codes):
    result = a_result(cast, sample, value="59", status="draft", at=AT)
    arguments = {"value": "95", "reason": "Digits swapped", "by": "analyst", **change}
    arguments["by"] = getattr(cast, arguments["by"])

    with pytest.raises(Blocked) as refusal:
        services.change_result(result=result, at=AT, **arguments)

    assert codes_of(refusal) == codes
    result.refresh_from_db()
    assert result.value == "59"


@pytest.mark.statement("P-10")
def test_a_submitted_result_is_not_edited(cast, sample):
    result = a_result(cast, sample, status="submitted", at=AT)

    with pytest.raises(Blocked) as refusal:
        services.change_result(result=result, value="1", by=cast.analyst, at=AT, reason="Why not")

    assert codes_of(refusal) == {"not_a_draft"}
