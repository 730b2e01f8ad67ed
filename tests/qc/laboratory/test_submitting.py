"""Results: judged when submitted, approved by a second person, invalidated with a reason."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from cdmo.blockers import Blocked
from cdmo.records.models import Outbox, Signature
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
from tests.builders.manufacture import a_started_batch
from tests.cast import proof_of
from tests.qc.laboratory.results import AT, enter

pytestmark = pytest.mark.statement("U-05")

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


@pytest.mark.statement("P-33")
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


@pytest.mark.statement("P-14")
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
