"""The laboratory's pages: each opens, does its one thing, and keeps what was typed when refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from cdmo.records.models import Signature
from qc.instruments.models import Measurement
from qc.laboratory.models import Method, OosInvestigation, Result, Sample
from qc.specifications.models import Specification
from tests.builders.laboratory import (
    a_method,
    a_read_file,
    a_reading,
    a_result,
    a_sample,
    a_specification,
    all_results,
)
from tests.builders.manufacture import STARTED, a_product_with_master, a_started_batch
from tests.cast import PASSWORD

AT = STARTED + timedelta(hours=3)


@pytest.fixture
def product(cast):
    return a_product_with_master(cast)


@pytest.fixture
def sample(cast, product):
    a_specification(cast, product)
    return a_sample(cast, a_started_batch(cast, product), at=AT, number="CLB001")


@pytest.fixture
def file(cast, sample):
    return a_read_file(cast, at=AT)


@pytest.fixture
def sign_in(client):
    def as_person(person):
        client.force_login(person)
        return client

    return as_person


def url(name, *args):
    return reverse(f"qc:{name}", args=args)


def test_every_page_opens_for_staff_and_is_not_there_for_sponsors(
    cast,
    sample,
    file,
    sign_in,
):
    a_reading(file)
    failing = a_result(cast, sample, value="50", status="submitted", at=AT)
    a_result(cast, sample, "CD44+", "91", status="draft", at=AT)
    specification = Specification.objects.get()
    oos = OosInvestigation.objects.get()
    pages = [
        *(url(f"{name}_list") for name in ("specification", "sample", "result", "oos", "method")),
        url("specification", specification.key),
        url("specification_new"),
        url("specification_change", specification.key),
        url("specification_approve", specification.key),
        url("sample", sample.key),
        url("sample_new"),
        url("sample_enter", sample.key),
        url("sample_submit", sample.key),
        url("sample_review", sample.key),
        url("batch_qc_review", sample.batch.key),
        *(
            url(f"result{verb}", failing.key)
            for verb in ("", "_change", "_submit", "_approve", "_invalidate", "_retest")
        ),
        url("oos", oos.key),
        url("oos_conclude", oos.key),
        url("method", "VIAB-01"),
        url("method_new"),
        url("method_approve", "VIAB-01"),
        url("instrument_file_confirm", file.key),
        *(f"{url('result_list')}?tab={tab}" for tab in ("draft", "out", "all", "approved")),
    ]

    for person in (cast.analyst, cast.reviewer, cast.qa, cast.auditor):
        for page in pages:
            answer = sign_in(person).get(page)
            assert answer.status_code == 200, page
            assert "{%" not in answer.content.decode()
    for person in (cast.kadimastem_reader, cast.ixaka_reader):
        for page in pages:
            assert sign_in(person).get(page).status_code == 404, page


def test_the_qc_tab_of_a_batch_says_what_was_found_and_what_is_missing(cast, sample, sign_in):
    a_result(cast, sample, value="50", status="submitted", at=AT)

    answer = sign_in(cast.qa).get(url("batch_qc", sample.batch.key))

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "4 tests without a result" in text
    assert OosInvestigation.objects.get().number in text
    assert sign_in(cast.ixaka_reader).get(url("batch_qc", sample.batch.key)).status_code == 404


def line_field(sample, test):
    line = Specification.objects.get().lines.get(test=test)
    return f"line-{line.pk}"


def test_the_grid_enters_and_submits_what_was_typed(cast, sample, sign_in):
    answer = sign_in(cast.analyst).post(
        url("sample_enter", sample.key),
        {
            line_field(sample, "viability"): "95.0",
            line_field(sample, "endotoxin"): "<0.50",
            "submit_now": "on",
        },
    )

    assert answer.status_code == 302
    assert set(Result.objects.values_list("test", "value", "status")) == {
        ("viability", "95.0", "submitted"),
        ("endotoxin", "<0.50", "submitted"),
    }


def test_the_grid_keeps_what_was_typed_when_a_value_is_none(cast, sample, sign_in):
    answer = sign_in(cast.analyst).post(
        url("sample_enter", sample.key),
        {line_field(sample, "viability"): "12,5", line_field(sample, "CD44+"): "91"},
    )

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "12,5 is not a number" in text
    assert 'value="12,5"' in text
    assert 'value="91"' in text
    assert not Result.objects.exists()


def test_the_limits_stand_under_the_fields(cast, sample, sign_in):
    text = sign_in(cast.analyst).get(url("sample_enter", sample.key)).content.decode()

    assert "&gt;= 80 %" in text
    assert "Passes: no growth" in text
    assert "Reported only, no limit" in text


def test_the_reviewer_approves_the_ticked_results_in_one_signing(cast, sample, sign_in):
    results = all_results(cast, sample, status="submitted", at=AT)
    page = url("batch_qc_review", sample.batch.key)
    client = sign_in(cast.reviewer)

    wrong = client.post(page, {"results": [results[0].pk], "password": "nope"})
    assert wrong.status_code == 403
    assert not Signature.objects.filter(record_type="result").exists()

    answer = client.post(page, {"results": [r.pk for r in results[:3]], "password": PASSWORD})
    assert answer.status_code == 302
    assert Result.objects.filter(status="approved").count() == 3
    signatures = Signature.objects.filter(record_type="result")
    assert signatures.count() == 3
    (sentence,) = {signature.meaning for signature in signatures}
    assert f"<q>{sentence}</q>" in wrong.content.decode()


def test_the_review_puts_what_needs_thought_first_and_does_not_tick_it(cast, sample, sign_in):
    all_results(cast, sample, status="submitted", at=AT, viability="50", endotoxin="<2.0")

    text = sign_in(cast.reviewer).get(url("sample_review", sample.key)).content.decode()

    order = [text.index(f"Approve {test} of") for test in ("viability", "endotoxin", "CD44+")]
    assert order == sorted(order)
    assert text.count(" checked>") == 3


def test_a_reviewer_cannot_tick_what_is_not_on_the_page(cast, sample, sign_in):
    draft = a_result(cast, sample, status="draft", at=AT)

    answer = sign_in(cast.reviewer).post(
        url("sample_review", sample.key), {"results": [draft.pk], "password": PASSWORD}
    )

    assert answer.status_code == 422
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_an_analyst_confirms_the_proposed_readings(cast, sample, file, sign_in):
    source = a_reading(file)
    page = url("instrument_file_confirm", file.key)
    client = sign_in(cast.analyst)
    text = client.get(page).content.decode()
    assert 'value="CLB001"' in text
    assert 'value="viability"' in text

    answer = client.post(
        page,
        {
            f"pick-{source.pk}": "on",
            f"sample-{source.pk}": "CLB001",
            f"test-{source.pk}": "viability",
        },
    )

    assert answer.status_code == 302
    assert answer["Location"] == url("sample", "CLB001")
    assert Result.objects.get().measurement == source


def test_a_flagged_reading_is_refused_on_the_page_until_a_reason_is_given(
    cast,
    sample,
    file,
    sign_in,
):
    source = a_reading(file, flags=[{"code": "masked", "message": "The well was masked."}])
    page = url("instrument_file_confirm", file.key)
    typed = {
        f"pick-{source.pk}": "on",
        f"sample-{source.pk}": "CLB001",
        f"test-{source.pk}": "viability",
    }
    client = sign_in(cast.analyst)

    refused = client.post(page, typed)
    assert refused.status_code == 409
    assert "The well was masked." in refused.content.decode()

    assert client.post(page, {**typed, "reason": "Recounted"}).status_code == 302
    assert Measurement.objects.get(pk=source.pk).status == "confirmed"
    assert Decimal(Result.objects.get().value) == Decimal("95.00")


def test_a_reviewer_writes_a_specification_line_by_line(cast, product, sign_in):
    typed = {
        "product": product.pk,
        "stage": "drug_product",
        "effective_from": "2026-12-01",
        "lines-TOTAL_FORMS": "3",
        "lines-INITIAL_FORMS": "0",
        "lines-0-test": "viability",
        "lines-0-criterion": ">= 80",
        "lines-0-unit": "%",
        "lines-0-required": "on",
        "lines-1-test": "",
        "lines-1-required": "on",
        "lines-2-test": "sterility",
        "lines-2-criterion": ">= 1,5",
    }
    client = sign_in(cast.reviewer)

    wrong = client.post(url("specification_new"), typed)
    assert wrong.status_code == 422
    assert "&gt;= 1,5 is not a criterion" in wrong.content.decode()
    assert not Specification.objects.exists()

    typed["lines-2-criterion"] = "= no growth"
    answer = client.post(url("specification_new"), typed)
    assert answer.status_code == 302
    assert list(Specification.objects.get().lines.values_list("test", "criterion", "required")) == [
        ("viability", ">= 80", True),
        ("sterility", "= no growth", False),
    ]


def test_the_form_of_lines_never_opens_in_a_dialog(cast, sign_in):
    answer = sign_in(cast.reviewer).get(url("specification_new"), headers={"HX-Request": "true"})

    assert answer.status_code == 302


def test_two_people_approve_a_specification_on_its_page(cast, product, sign_in):
    draft = a_specification(cast, product, approved=False)
    page = url("specification_approve", draft.key)

    assert sign_in(cast.reviewer).post(page, {"password": PASSWORD}).status_code == 409
    assert sign_in(cast.qa).post(page, {"password": PASSWORD}).status_code == 302
    assert sign_in(cast.qa2).post(page, {"password": PASSWORD}).status_code == 302

    draft.refresh_from_db()
    assert draft.status == "approved"


def test_quality_assurance_concludes_on_the_page(cast, sample, sign_in):
    a_result(cast, sample, value="50", at=AT)
    oos = OosInvestigation.objects.get()
    shown = sign_in(cast.qa).get(url("oos_conclude", oos.key)).content.decode()

    answer = sign_in(cast.qa).post(
        url("oos_conclude", oos.key),
        {"conclusion": "confirmed", "rationale": "Counted twice", "password": PASSWORD},
    )

    assert answer.status_code == 302
    oos.refresh_from_db()
    assert (oos.status, oos.conclusion) == ("closed", "confirmed")
    signature = Signature.objects.get(record_type="oos")
    assert signature.meaning == f"I conclude {oos.number}: confirmed."
    assert f"<q>{signature.meaning}</q>" in shown


def test_a_sample_and_a_method_are_made_on_their_pages(cast, product, sign_in):
    batch = a_started_batch(cast, product)
    answer = sign_in(cast.operator).post(
        url("sample_new"), {"batch": batch.number, "kind": "release", "number": "A-1"}
    )
    assert answer.status_code == 302
    assert Sample.objects.get().batch == batch

    answer = sign_in(cast.analyst).post(
        url("method_new"),
        {"code": "M-1", "name": "Count", "version": "1", "validation": "validated"},
    )
    assert answer.status_code == 302
    assert Method.objects.get(code="M-1").written_by == cast.analyst


def test_a_draft_is_corrected_retested_and_invalidated_on_its_page(cast, sample, sign_in):
    result = a_result(cast, sample, value="59", status="draft", at=AT)
    client = sign_in(cast.analyst)

    assert (
        client.post(url("result_change", result.pk), {"value": "95", "reason": "Typo"}).status_code
        == 302
    )
    answer = client.post(url("result_retest", result.pk), {"value": "96", "reason": "Again"})
    retest = Result.objects.get(supersedes=result)
    assert answer["Location"] == url("result", retest.pk)
    assert client.post(url("result_submit", retest.pk)).status_code == 302
    answer = sign_in(cast.reviewer).post(
        url("result_invalidate", retest.pk), {"reason": "Wrong tube"}
    )
    assert answer.status_code == 302
    assert set(Result.objects.values_list("value", "status")) == {
        ("95", "superseded"),
        ("96", "invalidated"),
    }


def test_a_method_is_approved_on_its_page(cast, sign_in):
    a_method(cast, "M-1", approved=False)

    answer = sign_in(cast.reviewer).post(url("method_approve", "M-1"), {"password": PASSWORD})

    assert answer.status_code == 302
    assert Method.objects.get().status == "approved"


def test_readings_of_unknown_samples_stand_on_their_own_tab_fifty_at_once(
    cast, sample, file, sign_in
):
    known = a_reading(file)
    strangers = [a_reading(file, sample=f"X{n}") for n in range(60)]
    page = url("instrument_file_confirm", file.key)
    client = sign_in(cast.analyst)

    text = client.get(page).content.decode()
    assert f'name="pick-{known.pk}"' in text
    assert f'name="pick-{strangers[0].pk}"' not in text

    text = client.get(page, {"show": "unknown"}).content.decode()
    assert text.count('name="pick-') == 50
    assert 'from=50"' in text
    text = client.get(page, {"show": "unknown", "from": "50"}).content.decode()
    assert text.count('name="pick-') == 10


def test_a_reading_of_an_unknown_sample_is_confirmed_by_naming_both(cast, sample, file, sign_in):
    stranger = a_reading(file, sample="clb001")

    answer = sign_in(cast.analyst).post(
        url("instrument_file_confirm", file.key) + "?show=unknown",
        {
            f"pick-{stranger.pk}": "on",
            f"sample-{stranger.pk}": "CLB001",
            f"test-{stranger.pk}": "viability",
        },
    )

    assert answer.status_code == 302
    assert Result.objects.get().measurement == stranger
