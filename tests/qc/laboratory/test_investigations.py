"""Investigations of failing results, and what a sponsor sees of both."""

import pytest

from cdmo.accounts.isolation import as_sponsor
from cdmo.blockers import Blocked
from cdmo.records.models import Signature
from qc.laboratory import services
from qc.laboratory.models import OosInvestigation, Result
from tests.builders.laboratory import (
    a_result,
    codes_of,
)
from tests.qc.laboratory.results import AT, conclude, enter


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
