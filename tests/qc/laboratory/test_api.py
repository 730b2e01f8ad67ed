"""REST of the laboratory: shapes in and out, refusals, what sponsors get."""

from datetime import timedelta

import pytest

from cdmo.records.models import Signature
from qc.laboratory.models import OosInvestigation, Result
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
SIGNED = {"signature": {"password": PASSWORD}}


@pytest.fixture
def product(cast):
    return a_product_with_master(cast)


@pytest.fixture
def sample(cast, product):
    a_specification(cast, product)
    return a_sample(cast, a_started_batch(cast, product), at=AT, number="CLB001")


@pytest.fixture
def api(client):
    """Call the API as somebody: api(person, "post", "results/", {...})."""

    def call(person, method, path, body=None):
        client.force_login(person)
        send = getattr(client, method)
        if method == "get":
            return send(f"/api/v1/{path}", body)
        return send(f"/api/v1/{path}", body, content_type="application/json")

    return call


def test_one_result_in_gives_one_result_out(cast, sample, api):
    answer = api(
        cast.analyst,
        "post",
        "results/",
        {"sample": "CLB001", "test": "endotoxin", "value": "<0.50", "unit": "[EU]/mL"},
    )

    body = answer.json()
    assert answer.status_code == 201
    assert {name: body[name] for name in ("sample", "test", "value", "unit", "status")} == {
        "sample": "CLB001",
        "test": "endotoxin",
        "value": "<0.50",
        "unit": "[EU]/mL",
        "status": "draft",
    }
    assert (body["reportable"], body["verdict"]) == ("", "")
    assert answer["Location"].endswith(f"/results/{body['id']}/")


def test_a_list_in_gives_a_list_out_in_the_same_order(cast, sample, api):
    answer = api(
        cast.analyst,
        "post",
        "results/",
        [
            {"sample": "CLB001", "test": "sterility", "value": "no growth"},
            {"sample": "CLB001", "test": "viability", "value": "95.0"},
        ],
    )

    assert answer.status_code == 201
    assert [one["test"] for one in answer.json()] == ["sterility", "viability"]


@pytest.mark.parametrize("value", ["12,5", "NaN", "1e999", "＜1", "", None, True, [], {}])
def test_a_value_that_is_none_is_400_with_a_sentence_and_nothing_is_written(
    cast, sample, api, value
):
    good = {"sample": "CLB001", "test": "CD44+", "value": "91"}
    answer = api(
        cast.analyst,
        "post",
        "results/",
        [good, {"sample": "CLB001", "test": "viability", "value": value}],
    )

    problem = answer.json()
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert all(error["message"] for error in problem["errors"])
    assert not Result.objects.exists()


@pytest.mark.parametrize("body", [[], {}, "x", 5, None, [[]], [5], [None]])
def test_nonsense_is_400(cast, sample, api, body):
    assert api(cast.analyst, "post", "results/", body).status_code == 400


def test_a_test_beside_the_specification_is_409_and_lists_the_tests(cast, sample, api):
    answer = api(
        cast.analyst, "post", "results/", {"sample": "CLB001", "test": "purity", "value": "9"}
    )

    assert answer.status_code == 409
    assert [b["code"] for b in answer.json()["blockers"]] == ["not_on_specification"]
    assert "viability, CD44+" in answer.json()["detail"]


def test_a_bare_number_keeps_its_digits(cast, sample, api):
    answer = api(
        cast.analyst,
        "post",
        "results/",
        '{"sample": "CLB001", "test": "viability", "value": 95.00}',
    )

    assert answer.json()["value"] == "95.00"


def test_the_main_way_submit_then_approve(cast, sample, api):
    pk = a_result(cast, sample, status="draft", at=AT).pk

    submitted = api(cast.analyst, "post", f"results/{pk}/submit/")
    assert (submitted.status_code, submitted.json()["verdict"]) == (200, "pass")
    assert api(cast.reviewer, "post", f"results/{pk}/approve/").status_code == 400
    wrong = {"signature": {"password": "nope"}}
    assert api(cast.reviewer, "post", f"results/{pk}/approve/", wrong).status_code == 403
    approved = api(cast.reviewer, "post", f"results/{pk}/approve/", SIGNED)

    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert Signature.objects.filter(record_type="result", record_id=pk).count() == 1


def test_an_analyst_cannot_approve_over_rest(cast, sample, api):
    pk = a_result(cast, sample, status="submitted", at=AT).pk

    assert api(cast.analyst2, "post", f"results/{pk}/approve/", SIGNED).status_code == 403


def test_a_draft_is_patched_with_a_reason_and_a_result_invalidated_with_one(cast, sample, api):
    pk = a_result(cast, sample, value="59", status="draft", at=AT).pk

    assert api(cast.analyst, "patch", f"results/{pk}/", {"value": "95"}).status_code == 409
    answer = api(cast.analyst, "patch", f"results/{pk}/", {"value": "95", "reason": "Typo"})
    assert (answer.status_code, answer.json()["value"]) == (200, "95")
    assert api(cast.analyst, "post", f"results/{pk}/invalidate/").status_code == 409
    answer = api(cast.analyst, "post", f"results/{pk}/invalidate/", {"reason": "Wrong tube"})
    assert (answer.status_code, answer.json()["status"]) == (200, "invalidated")


def test_a_retest_names_what_it_supersedes(cast, sample, api):
    old = a_result(cast, sample, "endotoxin", "<2.0", status="submitted", at=AT)

    answer = api(
        cast.analyst,
        "post",
        "results/",
        {
            "sample": "CLB001",
            "test": "endotoxin",
            "value": "<0.50",
            "supersedes": old.pk,
            "reason": "Diluted less",
        },
    )

    assert answer.status_code == 201
    assert answer.json()["supersedes"] == old.pk
    assert api(cast.qa, "get", f"results/{old.pk}/").json()["status"] == "superseded"


def test_results_are_filtered(cast, sample, api):
    all_results(cast, sample, status="submitted", at=AT)

    def found(**filters):
        answer = api(cast.qa, "get", "results/", filters)
        assert answer.status_code == 200
        return {one["test"] for one in answer.json()["results"]}

    assert found(sample="CLB001", status="submitted") == {
        "viability",
        "CD44+",
        "endotoxin",
        "sterility",
        "appearance",
    }
    assert found(test="viability", batch=sample.batch.number) == {"viability"}
    assert found(status="approved") == set()
    assert found(verdict="report_only") == {"appearance"}


def test_a_list_of_results_takes_a_fixed_number_of_queries(
    cast, sample, api, django_assert_max_num_queries
):
    all_results(cast, sample, at=AT)
    api(cast.qa, "get", "results/", {"limit": 1})

    with django_assert_max_num_queries(16):  # most of them sign in
        assert len(api(cast.qa, "get", "results/").json()["results"]) == 5


def test_sponsors_get_approved_results_without_people_or_instruments(cast, sample, api):
    source = a_reading(a_read_file(cast, at=AT))
    from qc.laboratory import services

    (confirmed,) = services.confirm_measurements(
        file=source.file, mapping={source.pk: ("CLB001", "viability")}, by=cast.analyst, at=AT
    )
    draft = a_result(cast, sample, "CD44+", "91", status="submitted", at=AT)
    Result.objects.filter(pk=confirmed.pk).update(
        status="approved", reviewer=cast.reviewer, reviewed_at=AT, verdict="pass", reportable="95"
    )

    answer = api(cast.kadimastem_reader, "get", "results/")
    (one,) = answer.json()["results"]
    assert (one["id"], one["method"], one["criterion"]) == (confirmed.pk, "VIAB-01", ">= 80")
    assert not {"analyst", "reviewer", "instrument_file"} & set(one)
    assert api(cast.kadimastem_reader, "get", f"results/{draft.pk}/").status_code == 404
    assert api(cast.kadimastem_reader, "get", "samples/CLB001/").status_code == 200
    assert api(cast.kadimastem_reader, "get", "oos-investigations/").status_code == 200
    assert api(cast.kadimastem_reader, "get", "specifications/").json()["results"]
    assert api(cast.kadimastem_reader, "get", "methods/").status_code == 404
    assert api(cast.kadimastem_reader, "get", "instrument-files/").status_code == 404
    assert api(cast.ixaka_reader, "get", f"results/{confirmed.pk}/").status_code == 404
    assert api(cast.ixaka_reader, "get", "samples/CLB001/").status_code == 404
    assert api(cast.ixaka_reader, "get", "results/").json()["results"] == []
    for path in ("results/", "samples/", "specifications/"):
        assert api(cast.kadimastem_reader, "post", path, {}).status_code == 403


@pytest.mark.parametrize("shape", ["map", "bare", "list", "bare list"])
def test_readings_are_confirmed_in_each_shape(cast, sample, api, shape):
    source = a_reading(a_read_file(cast, at=AT))
    target = {"sample": "CLB001", "test": "viability"}
    body = {
        "map": {"map": {str(source.pk): target}},
        "bare": {str(source.pk): target},
        "list": {"map": [{"measurement": source.pk, **target}]},
        "bare list": [{"measurement": source.pk, **target}],
    }[shape]

    answer = api(cast.analyst, "post", "instrument-files/IF-1/confirm/", body)

    assert answer.status_code == 200, answer.json()
    assert answer.json()["measurements"][0]["status"] == "confirmed"
    assert answer.json()["results"][0]["value"] == "95.00"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"map": {}},
        {"map": 5},
        {"map": {"x": {"sample": "CLB001", "test": "viability"}}},
        {"map": {"1": {"sample": "CLB001"}}},
        {"map": {"1": {"sample": "CLB001", "test": 5}}},
        {"map": {"1": "CLB001"}},
        {"map": [5]},
        [],
        [5],
        ["1"],
        [{"sample": "CLB001", "test": "viability"}],
        [[{"measurement": 1, "sample": "CLB001", "test": "viability"}]],
        {"map": {"9" * 30: {"sample": "CLB001", "test": "viability"}}},
    ],
)
def test_a_mapping_that_is_none_is_refused(cast, sample, api, body):
    a_read_file(cast, at=AT)

    answer = api(cast.analyst, "post", "instrument-files/IF-1/confirm/", body)

    assert answer.status_code in {400, 409}
    assert not Result.objects.exists()


def test_samples_are_taken_and_named_once(cast, product, api):
    batch = a_started_batch(cast, product)
    body = {"batch": batch.number, "kind": "release", "taken_at": "2026-11-20T15:00:00Z"}

    one = api(cast.operator, "post", "samples/", {**body, "number": "A-1"})
    assert (one.status_code, one.json()["number"]) == (201, "A-1")
    again = api(cast.operator, "post", "samples/", {**body, "number": "A-1"})
    assert (again.status_code, again.json()["detail"]) == (409, "There is already a sample A-1.")
    assert api(cast.operator, "post", "samples/", {"batch": "NO-1"}).status_code == 400


def test_a_specification_is_written_changed_and_approved_by_two(cast, product, api):
    body = {
        "product": product.code,
        "stage": "drug_product",
        "effective_from": "2026-01-01",
        "lines": [{"test": "viability", "criterion": ">= 80", "unit": "%"}],
    }
    made = api(cast.reviewer, "post", "specifications/", body)
    code = made.json()["code"]
    assert (made.status_code, made.json()["version"], made.json()["status"]) == (201, 1, "draft")

    bad = {**body, "lines": [{"test": "viability", "criterion": ">= 1,5"}]}
    refused = api(cast.reviewer, "post", "specifications/", bad)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "lines.0.criterion"

    path = f"specifications/{code}/"
    changed = api(
        cast.reviewer,
        "patch",
        path,
        {"lines": [{"test": "viability", "criterion": ">= 70"}], "reason": "Agreed"},
    )
    assert changed.json()["lines"][0]["criterion"] == ">= 70"
    first = api(cast.qa, "post", f"{path}approve/", SIGNED)
    assert (first.status_code, first.json()["status"]) == (200, "draft")
    assert api(cast.qa, "post", f"{path}approve/", SIGNED).status_code == 409
    second = api(cast.qa2, "post", f"{path}approve/", SIGNED)
    assert (second.status_code, second.json()["status"]) == (200, "approved")
    assert api(cast.reviewer, "patch", path, {"title": "x", "reason": "y"}).status_code == 409


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-01", "tomorrow", None])
def test_a_day_that_no_plant_means_is_400(cast, product, api, day):
    body = {
        "product": product.code,
        "effective_from": day,
        "lines": [{"test": "viability", "criterion": ">= 80"}],
    }

    assert api(cast.reviewer, "post", "specifications/", body).status_code == 400


def test_methods_are_approved_by_somebody_else(cast, api):
    made = api(cast.analyst, "post", "methods/", {"code": "M-1", "name": "Count"})
    assert (made.status_code, made.json()["status"]) == (201, "draft")
    answer = api(cast.reviewer, "post", "methods/M-1/approve/", SIGNED)
    assert (answer.status_code, answer.json()["status"]) == (200, "approved")
    assert a_method(cast, "M-1").approved_at is not None


def test_an_investigation_is_concluded_by_quality_assurance(cast, sample, api):
    a_result(cast, sample, value="50", at=AT)
    number = OosInvestigation.objects.get().number
    path = f"oos-investigations/{number}/conclude/"

    assert api(cast.qa, "post", path, {"conclusion": "confirmed", **SIGNED}).status_code == 400
    body = {"conclusion": "confirmed", "rationale": "Counted twice", **SIGNED}
    assert api(cast.reviewer, "post", path, body).status_code == 409
    answer = api(cast.qa, "post", path, body)
    assert (answer.status_code, answer.json()["conclusion"]) == (200, "confirmed")


# calculations


def test_calculations_are_listed_and_every_example_computes(cast, api):
    listed = api(cast.analyst, "get", "calculations/").json()["results"]

    assert {"judge"} <= {one["name"] for one in listed}
    for one in listed:
        answer = api(cast.analyst, "post", f"calculations/{one['name']}/", one["example"]["inputs"])
        assert (answer.status_code, answer.json()) == (200, one["example"]["output"])


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        ({"value": "70.4", "criterion": "> 70"}, {"reportable": "70", "verdict": "fail"}),
        ('{"value": 70.50, "criterion": "> 70"}', {"reportable": "71", "verdict": "pass"}),
        ({"value": "<0.50", "criterion": "<= 1.0"}, {"reportable": "<0.50", "verdict": "pass"}),
    ],
)
def test_judge_answers_its_outputs_as_the_body(cast, api, body, outputs):
    answer = api(cast.analyst, "post", "calculations/judge/", body)

    assert (answer.status_code, answer.json()) == (200, outputs)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"value": "12,5", "criterion": "> 70"},
        {"value": None, "criterion": "> 70"},
        '{"value": NaN, "criterion": "> 70"}',
        '{"value": 1e999, "criterion": "> 70"}',
        {"value": "5", "criterion": "> 1,5"},
        {"value": "5", "criterion": "> 70", "more": 1},
    ],
)
def test_judge_refuses_nonsense_with_400(cast, api, body):
    answer = api(cast.analyst, "post", "calculations/judge/", body)

    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_an_unknown_calculation_is_404_and_nobody_is_401(cast, api, client):
    assert api(cast.analyst, "post", "calculations/nothing/", {}).status_code == 404
    client.logout()
    assert client.get("/api/v1/calculations/").status_code == 401
