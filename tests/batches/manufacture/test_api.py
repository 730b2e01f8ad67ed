"""REST: a batch from its plan to its review, in the contract's shapes."""

import pytest

from batches.manufacture.api import BatchViewSet
from batches.manufacture.models import Batch
from cdmo.records.models import Signature, SigningAttempt
from tests.builders.manufacture import (
    a_completed_batch,
    a_planned_batch,
    a_product_with_master,
    a_reviewed_batch,
    a_started_batch,
    an_issued_batch,
    step_of,
)
from tests.cast import PASSWORD
from tests.rest import Caller, codes, fields

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.batches.manufacture.rest_site")]


@pytest.fixture
def caller(client, cast):
    return lambda name: Caller(client, getattr(cast, name))


def ok(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


def test_a_batch_goes_from_plan_to_review(cast, caller):
    a_product_with_master(cast)
    operator, supervisor, qa = caller("operator"), caller("supervisor"), caller("qa")

    planned = ok(
        caller("planner").post("batches/", {"product": "ASTRORX", "purpose": "clinical"}), 201
    )
    home = f"batches/{planned['number']}/"
    assert (planned["execution"], planned["disposition"], planned["inventory"]) == (
        "planned",
        "pending",
        "quarantine",
    )
    assert (planned["sponsor"], planned["product"], planned["coi"]) == (
        "KADIMASTEM",
        "ASTRORX",
        None,
    )

    assert ok(qa.sign(f"{home}issue/"))["execution"] == "issued"
    assert ok(operator.post(f"{home}start/"))["execution"] == "in_process"
    steps = ok(operator.get(f"{home}steps/"))["results"]
    assert [step["code"] for step in steps] == ["CLEAR", "SEED", "FEED", "NOTE", "HARVEST"]
    ok(operator.post(f"{home}steps/CLEAR/perform/"))
    seed = ok(operator.post(f"{home}steps/", {"step": "SEED", "value": "95.20"}), 201)
    assert (seed["value"], seed["in_limits"], seed["lower"]) == ("95.20", True, "80")
    ok(operator.post(f"{home}steps/FEED/perform/", {"value": True}))
    ok(operator.post(f"{home}steps/HARVEST/perform/", {"value": 412.5}))
    for code in ("CLEAR", "SEED"):
        verified = ok(supervisor.post(f"{home}steps/{code}/verify/"))
        assert (verified["status"], verified["verified_by"]) == (
            "verified",
            "supervisor@cdmo.example",
        )
    ok(operator.post(f"{home}hold/", {"reason": "alarm"}))
    ok(operator.post(f"{home}resume/", {"reason": "false alarm"}))
    done = ok(supervisor.sign(f"{home}complete/", {"yield_value": "412.5", "yield_unit": "10*6"}))
    assert (done["execution"], done["yield_value"]) == ("completed", "412.5")
    assert ok(qa.sign(f"{home}review/"))["reviewed_by"] == "qa@cdmo.example"

    lines = ok(qa.get(f"{home}timeline/"))["results"]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert {"batch.planned", "batch.issued", "step.verified", "batch.reviewed"} <= {
        line["verb"] for line in lines
    }
    assert [line["verb"] for line in lines if line["kind"] == "signature"] == [
        "issue",
        "complete",
        "review",
    ]


@pytest.mark.statement("P-25")
@pytest.mark.statement("P-27")
def test_signed_verbs_ask_for_the_password_and_record_a_wrong_one(cast, caller):
    batch = a_planned_batch(cast)
    issue = f"batches/{batch.number}/issue/"

    assert fields(caller("qa").post(issue)) == ["signature"]
    wrong = caller("qa").post(issue, {"signature": {"password": "guess"}})
    assert wrong.status_code == 403
    assert SigningAttempt.objects.count() == 1
    assert Batch.objects.get().execution == "planned"


@pytest.mark.parametrize(
    ("verb", "who"), [("hold", "operator"), ("resume", "operator"), ("abort", "qa")]
)
def test_verbs_that_stop_something_need_a_reason(cast, caller, verb, who):
    batch = a_started_batch(cast)

    assert fields(caller(who).sign(f"batches/{batch.number}/{verb}/")) == ["reason"]


def test_a_refusal_lists_every_objection_with_its_record(cast, caller):
    batch = a_planned_batch(cast)

    response = caller("qa").sign(f"batches/{batch.number}/complete/")

    assert codes(response)[:2] == ["no_right", "wrong_status"]
    assert codes(caller("operator").sign(f"batches/{batch.number}/issue/")) == ["no_right"]
    assert {"record_type": "batch", "record": batch.number}.items() <= response.json()["blockers"][
        1
    ].items()


@pytest.mark.parametrize("value", ["12,5", "NaN", "1e999", "＜1", "", None, [1], "9" * 40])
def test_what_is_no_value_is_a_400_at_its_field(cast, caller, value):
    batch = a_started_batch(cast)
    operator = caller("operator")
    ok(operator.post(f"batches/{batch.number}/steps/CLEAR/perform/"))

    response = operator.post(f"batches/{batch.number}/steps/SEED/perform/", {"value": value})

    assert fields(response) == ["value"]
    assert step_of(batch, "SEED").status == "open"


def test_a_step_that_is_not_there_is_not_found(cast, caller):
    batch = a_started_batch(cast)
    operator = caller("operator")

    assert operator.get(f"batches/{batch.number}/steps/NONE/").status_code == 404
    assert operator.post(f"batches/{batch.number}/steps/", {"step": "NONE"}).status_code == 404


def test_steps_are_corrected_and_left_out_over_rest(cast, caller):
    batch = a_started_batch(cast)
    home, operator = f"batches/{batch.number}/steps/", caller("operator")
    ok(operator.post(f"{home}CLEAR/perform/"))

    assert fields(operator.post(f"{home}CLEAR/correct/", {"value": "yes"})) == ["reason"]
    corrected = ok(operator.post(f"{home}CLEAR/correct/", {"value": "yes", "reason": "typo"}))
    assert (corrected["value"], corrected["first_value"]) == ("yes", "done")
    left_out = ok(caller("supervisor").post(f"{home}NOTE/not-applicable/", {"reason": "none"}))
    assert left_out["status"] == "not_applicable"


def test_an_unknown_reference_is_a_sentence_at_its_field(cast, caller):
    planner = caller("planner")
    a_product_with_master(cast)

    assert fields(planner.post("batches/", {"product": "NONE", "purpose": "clinical"})) == [
        "product"
    ]
    assert fields(planner.post("batches/", {"product": "ASTRORX", "purpose": "fun", "x": 1})) == [
        "x"
    ]


def test_a_batch_is_changed_only_as_it_was_read(cast, caller):
    batch = a_planned_batch(cast)
    path, planner = f"batches/{batch.number}/", caller("planner")
    etag = planner.get(path)["ETag"]

    assert fields(planner.patch(path, {"objective": "x"})) == ["reason"]
    body = {"objective": "Cohort A", "reason": "sponsor"}
    changed = planner.patch(path, body, **{"If-Match": etag})
    assert ok(changed)["objective"] == "Cohort A"
    assert planner.patch(path, body, **{"If-Match": etag}).status_code == 412
    assert fields(planner.patch(path, {"execution": "completed", "reason": "x"})) == ["execution"]


def test_lists_are_filtered_by_state_and_key(cast, caller):
    started, planned = a_started_batch(cast), a_planned_batch(cast)
    a_planned_batch(cast, a_product_with_master(cast, "OTHER"), purpose="engineering")
    qa = caller("qa")

    def numbers(query):
        return [row["number"] for row in ok(qa.get(f"batches/?{query}"))["results"]]

    assert numbers("execution=in_process") == [started.number]
    assert numbers("product=ASTRORX&execution=planned") == [planned.number]
    assert len(numbers("purpose=engineering")) == 1
    assert len(numbers("search=ASTRORX")) == 2
    assert qa.get("batches/?execution=nonsense").status_code == 400


def test_a_list_costs_the_same_for_one_batch_and_for_many(
    cast, caller, django_assert_max_num_queries
):
    product = a_product_with_master(cast)
    qa = caller("qa")
    for _ in range(6):
        a_planned_batch(cast, product)

    with django_assert_max_num_queries(8):
        assert len(ok(qa.get("batches/"))["results"]) == 6


def test_a_sponsor_reads_its_own_batches_and_no_internals(cast, caller):
    batch = a_started_batch(cast)
    reader, other = caller("kadimastem_reader"), caller("ixaka_reader")
    path = f"batches/{batch.number}/"

    shown = ok(reader.get(path))
    assert shown["execution"] == "in_process"
    assert not {"hold_reason", "held_at", "reviewed_by"} & set(shown)
    assert ok(reader.get(f"{path}steps/"))["results"] == []
    lines = ok(reader.get(f"{path}timeline/"))["results"]
    assert [line["verb"] for line in lines] == ["batch.issued", "batch.started"]
    for missing in (path, f"{path}steps/", f"{path}timeline/"):
        assert other.get(missing).status_code == 404
    assert ok(other.get("batches/"))["results"] == []
    for unsafe in (path, f"{path}issue/", f"{path}steps/CLEAR/perform/"):
        assert reader.sign(unsafe).status_code == 403


def test_a_sponsor_reads_the_executed_record_once_it_is_reviewed(cast, caller):
    batch = a_reviewed_batch(cast)
    reader = caller("kadimastem_reader")

    steps = ok(reader.get(f"batches/{batch.number}/steps/"))["results"]

    assert [step["value"] for step in steps] == ["done", "95.2", "done", "", "412.5"]
    assert not {"performed_by", "verified_by", "comment"} & set(steps[0])
    assert ok(reader.get(f"batches/{batch.number}/steps/SEED/"))["value"] == "95.2"


def test_visible_to_holds_without_the_databases_help(cast, caller, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Isolation" not in name]
    batch = a_completed_batch(cast)

    assert caller("ixaka_reader").get(f"batches/{batch.number}/").status_code == 404
    assert ok(caller("kadimastem_reader").get(f"batches/{batch.number}/steps/"))["results"] == []


def test_master_batch_records_are_written_and_approved(cast, caller):
    version = a_product_with_master(cast).process_versions.get()
    body = {
        "code": "MBR-NEW",
        "process_version": version.code,
        "steps": [
            {"code": "A", "title": "Weigh", "kind": "number", "unit": "g", "lower": "1.50"},
            {"code": "B", "title": "Mix"},
        ],
    }

    made = ok(caller("supervisor").post("master-batch-records/", body), 201)
    assert (made["status"], made["version"], made["steps"][0]["lower"]) == ("draft", 2, "1.50")
    hidden = caller("kadimastem_reader").get("master-batch-records/MBR-NEW/")
    assert hidden.status_code == 404
    approved = ok(caller("qa").sign("master-batch-records/MBR-NEW/approve/"))
    assert approved["status"] == "effective"
    assert ok(caller("kadimastem_reader").get("master-batch-records/MBR-NEW/"))["steps"]
    twice = {**body, "code": "MBR-2", "steps": body["steps"][:1] * 2}
    assert codes(caller("supervisor").post("master-batch-records/", twice)) == ["step_twice"]
    assert fields(
        caller("supervisor").post("master-batch-records/", {**body, "steps": [{"code": "a/b"}]})
    ) == ["steps.0.code", "steps.0.title"]


def test_a_batch_is_rejected_and_recalled_with_a_signed_reason(cast, caller):
    batch = a_completed_batch(cast)
    path = f"batches/{batch.number}/"

    assert codes(caller("qp").sign(f"{path}recall/", {"reason": "x"})) == ["wrong_status"]
    assert fields(caller("qa").sign(f"{path}reject/")) == ["reason"]
    assert ok(caller("qa").sign(f"{path}reject/", {"reason": "failed"}))["disposition"] == (
        "rejected"
    )


def test_the_viewset_of_batches_is_incomplete_without_qcs_word():
    with pytest.raises(TypeError, match="quality_readiness"):
        BatchViewSet()


def test_a_named_witness_signs_a_start_with_their_own_password(cast, caller):
    batch = an_issued_batch(cast)
    operator, start = caller("operator"), f"batches/{batch.number}/start/"
    named = {"verified_by": "operator2@cdmo.example"}

    assert operator.post(start, named).status_code == 403
    guessed = operator.post(start, {**named, "witness_signature": {"password": "guess"}})
    assert guessed.status_code == 403
    attempt = SigningAttempt.objects.get()
    assert (attempt.by, attempt.verb) == (cast.operator2, "witness-start")
    assert Batch.objects.get().execution == "issued"

    ok(operator.post(start, {**named, "witness_signature": {"password": PASSWORD}}))
    signature = Signature.objects.get(verb="witness-start")
    assert (signature.by, signature.record) == (cast.operator2, batch.number)


def test_whoever_may_not_be_a_witness_is_refused_and_not_asked_for_a_password(cast, caller):
    batch = an_issued_batch(cast)
    start = f"batches/{batch.number}/start/"
    body = {"verified_by": "auditor@cdmo.example", "witness_signature": {"password": "guess"}}

    assert codes(caller("operator").post(start, body)) == ["no_right"]
    assert not SigningAttempt.objects.exists()
