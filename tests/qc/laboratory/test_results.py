"""Results: entered all or none, judged when submitted, approved by a second person."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cdmo.accounts.isolation import as_sponsor
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox, Signature
from qc.laboratory import services
from qc.laboratory.models import OosInvestigation, Result
from tests.builders.laboratory import (
    a_method,
    a_result,
    a_sample,
    a_specification,
    all_results,
    codes_of,
)
from tests.builders.manufacture import STARTED, a_product_with_master, a_started_batch
from tests.cast import proof_of

AT = STARTED + timedelta(hours=3)


@pytest.fixture
def product(cast):
    return a_product_with_master(cast)


@pytest.fixture
def sample(cast, product):
    a_specification(cast, product)
    return a_sample(cast, a_started_batch(cast, product), at=AT)


def enter(cast, *entries, by=None, reason=""):
    return services.enter_results(
        entries=list(entries), by=by or cast.analyst, at=AT, reason=reason
    )


def conclude(cast, oos, conclusion, rationale="Looked into it", by=None):
    by = by or cast.qa
    return services.conclude_oos(
        oos=oos, conclusion=conclusion, rationale=rationale, by=by, at=AT, proof=proof_of(by, AT)
    )


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


def test_a_submitted_result_is_not_edited(cast, sample):
    result = a_result(cast, sample, status="submitted", at=AT)

    with pytest.raises(Blocked) as refusal:
        services.change_result(result=result, value="1", by=cast.analyst, at=AT, reason="Why not")

    assert codes_of(refusal) == {"not_a_draft"}


# submitting


def test_submitting_judges_by_the_specification(cast, sample):
    results = all_results(cast, sample, status="submitted", at=AT)

    assert {(r.test, r.reportable, r.verdict) for r in results} == {
        ("viability", "95", "pass"),
        ("CD44+", "91", "pass"),
        ("endotoxin", "<0.50", "pass"),
        ("sterility", "no growth", "pass"),
        ("appearance", "opaque", "report_only"),
    }
    assert not OosInvestigation.objects.exists()


def test_a_failing_value_opens_an_investigation_and_an_inconclusive_one_does_not(cast, sample):
    failing = a_result(cast, sample, value="79.4", status="submitted", at=AT)
    open_ended = a_result(cast, sample, "endotoxin", "<2.0", status="submitted", at=AT)

    assert (failing.reportable, failing.verdict) == ("79", "fail")
    assert open_ended.verdict == "inconclusive"
    oos = OosInvestigation.objects.get()
    assert (oos.result, oos.number, oos.status) == (failing, f"OOS-{AT:%y}-0001", "open")
    assert Outbox.objects.filter(record_type="oos", record_id=oos.pk).exists()


def test_only_its_analyst_submits_a_result_and_only_once(cast, sample):
    result = a_result(cast, sample, status="draft", at=AT)
    with pytest.raises(Blocked) as refusal:
        services.submit_results(results=[result], by=cast.analyst2, at=AT)
    assert codes_of(refusal) == {"not_own_result"}

    services.submit_results(results=[result], by=cast.analyst, at=AT)
    with pytest.raises(Blocked) as refusal:
        services.submit_results(results=[result], by=cast.analyst, at=AT)
    assert codes_of(refusal) == {"wrong_status"}


def test_a_result_is_not_submitted_by_a_method_that_is_not_approved(cast, product):
    lines = [
        {"test": "viability", "criterion": ">= 80", "method": "NEW-01"},
        {"test": "CD44+", "criterion": ">= 85", "method": "NOWHERE-01"},
    ]
    draft = a_specification(cast, product, lines=lines, approved=False)
    from tests.builders.laboratory import approve

    approve(cast, draft)
    a_method(cast, "NEW-01", approved=False)
    sample = a_sample(cast, a_started_batch(cast, product), at=AT)
    results = enter(
        cast,
        {"sample": sample, "test": "viability", "value": "95"},
        {"sample": sample, "test": "CD44+", "value": "95"},
    )

    with pytest.raises(Blocked) as refusal:
        services.submit_results(results=results, by=cast.analyst, at=AT)

    assert refusal.value.codes == ["method_not_approved", "method_not_approved"]
    a_method(cast, "NEW-01")
    services.submit_results(results=results[:1], by=cast.analyst, at=AT)


def test_a_draft_entered_before_the_start_is_judged_by_the_version_of_the_start(cast, product):
    from tests.builders.manufacture import an_issued_batch

    a_specification(cast, product)
    a_specification(
        cast,
        product,
        lines=[{"test": "viability", "criterion": ">= 99", "unit": "%"}],
        effective_from=(AT + timedelta(days=2)).date(),
        at=AT,
    )
    batch = an_issued_batch(cast, product)
    sample = a_sample(cast, batch, at=AT)
    result = a_result(cast, sample, value="95", status="draft", at=AT)
    batch.__class__.objects.filter(pk=batch.pk).update(
        execution="in_process", started_at=AT + timedelta(days=3)
    )

    (result,) = services.submit_results(
        results=[result], by=cast.analyst, at=AT + timedelta(days=4)
    )

    assert (result.line.criterion, result.verdict) == (">= 99", "fail")


# reviewing


def test_a_second_person_approves_with_one_signature_each(cast, sample):
    results = all_results(cast, sample, status="submitted", at=AT)

    approved = services.approve_results(
        results=results, by=cast.reviewer, at=AT, proof=proof_of(cast.reviewer, AT)
    )

    assert {r.status for r in approved} == {"approved"}
    assert {r.reviewer_id for r in approved} == {cast.reviewer.pk}
    signatures = Signature.objects.filter(record_type="result", verb="approve")
    assert sorted(s.record_id for s in signatures) == sorted(r.pk for r in results)
    assert len({s.content_sha256 for s in signatures}) == len(results)


def test_nobody_reviews_their_own_result(cast, sample):
    result = a_result(cast, sample, status="submitted", at=AT)
    Result.objects.filter(pk=result.pk).update(analyst=cast.reviewer)

    with pytest.raises(Blocked) as refusal:
        services.approve_results(
            results=[result], by=cast.reviewer, at=AT, proof=proof_of(cast.reviewer, AT)
        )

    assert codes_of(refusal) == {"own_result"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Result.objects.filter(pk=result.pk).update(reviewer=cast.reviewer, reviewed_at=AT)


def test_analysts_do_not_approve_and_drafts_are_not_approved(cast, sample):
    draft = a_result(cast, sample, status="draft", at=AT)
    for person, codes in (
        (cast.analyst2, {"no_right", "wrong_status"}),
        (cast.qa, {"no_right", "wrong_status"}),
        (cast.reviewer, {"wrong_status"}),
    ):
        with pytest.raises(Blocked) as refusal:
            services.approve_results(results=[draft], by=person, at=AT, proof=proof_of(person, AT))
        assert codes_of(refusal) == codes


def test_one_result_that_cannot_be_approved_holds_back_all(cast, sample):
    good = a_result(cast, sample, status="submitted", at=AT)
    draft = a_result(cast, sample, "CD44+", "91", status="draft", at=AT)

    with pytest.raises(Blocked):
        services.approve_results(
            results=[good, draft], by=cast.reviewer, at=AT, proof=proof_of(cast.reviewer, AT)
        )

    good.refresh_from_db()
    assert good.status == "submitted"
    assert not Signature.objects.filter(record_type="result").exists()


def test_the_same_result_twice_is_refused(cast, sample):
    result = a_result(cast, sample, status="submitted", at=AT)

    with pytest.raises(Blocked) as refusal:
        services.approve_results(
            results=[result, result], by=cast.reviewer, at=AT, proof=proof_of(cast.reviewer, AT)
        )

    assert codes_of(refusal) == {"twice"}


# invalidating


def test_an_approved_result_is_invalidated_by_review_or_quality_assurance_with_a_reason(
    cast, sample
):
    result = a_result(cast, sample, at=AT)
    for person in (cast.analyst, cast.analyst2, cast.operator):
        with pytest.raises(Blocked) as refusal:
            services.invalidate_result(result=result, by=person, at=AT, reason="Pipette broken")
        assert codes_of(refusal) == {"no_right"}
    with pytest.raises(Blocked) as refusal:
        services.invalidate_result(result=result, by=cast.qa, at=AT)
    assert codes_of(refusal) == {"reason_missing"}

    services.invalidate_result(result=result, by=cast.reviewer, at=AT, reason="Pipette broken")

    result.refresh_from_db()
    assert (result.status, result.value, result.invalid_reason) == (
        "invalidated",
        "95.0",
        "Pipette broken",
    )
    (again,) = enter(cast, {"sample": sample, "test": "viability", "value": "94"})
    assert again.status == "draft"


def test_an_analyst_invalidates_their_own_draft(cast, sample):
    result = a_result(cast, sample, status="draft", at=AT)

    with pytest.raises(Blocked):
        services.invalidate_result(result=result, by=cast.analyst2, at=AT, reason="Wrong sample")
    services.invalidate_result(result=result, by=cast.analyst, at=AT, reason="Wrong sample")

    with pytest.raises(Blocked) as refusal:
        services.invalidate_result(result=result, by=cast.analyst, at=AT, reason="Wrong sample")
    assert codes_of(refusal) >= {"wrong_status"}


# investigations


@pytest.fixture
def oos(cast, sample):
    result = a_result(cast, sample, value="50", at=AT)
    return OosInvestigation.objects.get(result=result)


def test_a_result_under_investigation_is_neither_invalidated_nor_superseded(cast, sample, oos):
    with pytest.raises(Blocked) as refusal:
        services.invalidate_result(result=oos.result, by=cast.qa, at=AT, reason="Looks odd")
    assert codes_of(refusal) == {"oos_first"}

    with pytest.raises(Blocked) as refusal:
        enter(
            cast,
            {"sample": sample, "test": "viability", "value": "95", "supersedes": oos.result},
            reason="Second try",
        )
    assert codes_of(refusal) == {"oos_open"}


def test_a_confirmed_finding_stands(cast, sample, oos):
    conclude(cast, oos, "confirmed")

    with pytest.raises(Blocked) as refusal:
        enter(
            cast,
            {"sample": sample, "test": "viability", "value": "95", "supersedes": oos.result},
            reason="Second try",
        )

    assert codes_of(refusal) == {"oos_confirmed"}


def test_a_finding_not_confirmed_may_be_superseded(cast, sample, oos):
    conclude(cast, oos, "not_confirmed")

    (retest,) = enter(
        cast,
        {"sample": sample, "test": "viability", "value": "95", "supersedes": oos.result},
        reason="Retest as planned",
    )

    oos.result.refresh_from_db()
    assert (oos.result.status, retest.supersedes_id) == ("superseded", oos.result_id)


def test_a_laboratory_error_invalidates_the_result_with_its_evidence(cast, sample, oos):
    concluded = conclude(cast, oos, "laboratory_error", "Counting chamber was cracked")

    oos.result.refresh_from_db()
    assert (concluded.status, concluded.closed_by_id) == ("closed", cast.qa.pk)
    assert oos.result.status == "invalidated"
    assert oos.result.invalid_reason == f"{oos.number}: Counting chamber was cracked"
    signature = Signature.objects.get(record_type="oos")
    assert "Counting chamber was cracked" in signature.content


def test_a_conclusion_takes_quality_assurance_a_rationale_and_another_person(cast, oos):
    with pytest.raises(Blocked) as refusal:
        conclude(cast, oos, "confirmed", by=cast.reviewer)
    assert codes_of(refusal) == {"no_right", "own_result"}
    with pytest.raises(Blocked) as refusal:
        conclude(cast, oos, "perhaps", rationale=" ")
    assert codes_of(refusal) == {"conclusion", "reason_missing"}

    conclude(cast, oos, "confirmed")
    with pytest.raises(Blocked) as refusal:
        conclude(cast, oos, "not_confirmed")
    assert codes_of(refusal) == {"wrong_status"}


# who sees what


def test_a_sponsor_sees_approved_results_and_concluded_investigations_only(cast, sample, oos):
    approved = a_result(cast, sample, "CD44+", "91", at=AT)
    a_result(cast, sample, "endotoxin", "<0.50", status="submitted", at=AT)
    a_result(cast, sample, "sterility", "no growth", status="draft", at=AT)
    shown = {approved.pk, oos.result_id}

    visible = Result.objects.visible_to(cast.kadimastem_reader)
    assert set(visible.values_list("pk", flat=True)) == shown
    assert not OosInvestigation.objects.visible_to(cast.kadimastem_reader).exists()
    with as_sponsor(cast.kadimastem.pk):
        assert set(Result.objects.values_list("pk", flat=True)) == shown
        assert not OosInvestigation.objects.exists()
    with as_sponsor(cast.ixaka.pk):
        assert not Result.objects.exists()

    conclude(cast, oos, "confirmed")
    with as_sponsor(cast.kadimastem.pk):
        assert OosInvestigation.objects.count() == 1
