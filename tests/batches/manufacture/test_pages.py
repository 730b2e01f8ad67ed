"""Pages: the list, the batch with its tabs, the step on the tablet, the verbs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.deviations.models import Deviation
from batches.deviations.services import raise_deviation
from batches.manufacture import services
from batches.manufacture.models import Batch
from batches.manufacture.states import Stage
from cdmo.records.models import Signature
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import (
    STEPPED,
    STEPS,
    a_completed_batch,
    a_master,
    a_performed_batch,
    a_planned_batch,
    a_product_with_master,
    a_reviewed_batch,
    a_started_batch,
    an_issued_batch,
    step_of,
)
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
TABS = ("batch", "batch_record", "batch_deviations", "batch_timeline", "batch_audit")


@pytest.fixture
def enter(client):
    def enter(user):
        client.force_login(user)
        return client

    return enter


def url(name, *args):
    return reverse(f"batches:{name}", args=args)


def text(response, status=200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize(
    "builder", [a_planned_batch, an_issued_batch, a_performed_batch, a_reviewed_batch]
)
def test_every_tab_shows_every_stage_of_a_batch(cast, enter, builder, name):
    batch = builder(cast)

    for person in (cast.operator, cast.qa, cast.auditor):
        page = text(enter(person).get(url(name, batch.number)))
        assert batch.number in page
        assert batch.get_stage_display() in page


@pytest.mark.parametrize("name", [*TABS, "batch_start", "batch_hold", "batch_change"])
def test_to_a_sponsor_and_to_nobody_the_pages_do_not_exist(cast, client, enter, name):
    batch = a_started_batch(cast)
    assert client.get(url(name, batch.number)).status_code == 302

    for person in (cast.kadimastem_reader, cast.ixaka_reader):
        assert enter(person).get(url(name, batch.number)).status_code == 404


def test_the_list_has_a_tab_for_every_stage_with_its_count(cast, enter):
    product = a_product_with_master(cast)
    made = [
        a_planned_batch(cast, product),
        a_started_batch(cast, product),
        a_completed_batch(cast, product),
        a_reviewed_batch(cast, product),
    ]
    client = enter(cast.qa)

    for tab, batch in zip(("planned", "in_process", "in_review", "to_certify"), made, strict=True):
        page = text(client.get(url("batch_list"), {"tab": tab}))
        shown = [other.number for other in made if f">{other.number}<" in page]
        assert shown == [batch.number], tab
    assert {batch.stage for batch in made} == {
        Stage.PLANNED,
        Stage.IN_PROCESS,
        Stage.IN_REVIEW,
        Stage.TO_CERTIFY,
    }


def test_the_list_costs_the_same_for_any_number_of_batches(cast, enter):
    product = a_product_with_master(cast)
    client = enter(cast.qa)
    a_planned_batch(cast, product)
    client.get(url("batch_list"))

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url("batch_list"))
        return len(queries)

    one = cost()
    for _ in range(5):
        a_planned_batch(cast, product)
    assert cost() == one


def test_a_batch_is_planned_on_a_page(cast, enter):
    product = a_product_with_master(cast)
    client = enter(cast.planner)

    assert "ASTRORX" in text(client.get(url("batch_new")))
    again = client.post(url("batch_new"), {"product": product.pk, "objective": "Cohort A"})
    assert "Cohort A" in text(again, 422)
    answer = client.post(url("batch_new"), {"product": product.pk, "purpose": "clinical"})
    assert answer.status_code == 302
    assert answer["Location"] == url("batch", Batch.objects.get().number)


def test_a_refused_plan_lists_why_and_keeps_what_was_typed(cast, enter):
    product = a_product_with_master(cast)

    answer = enter(cast.planner).post(
        url("batch_new"),
        {"product": product.pk, "purpose": "clinical", "number": "a/b", "objective": "Cohort A"},
    )

    page = text(answer, 409)
    assert "A batch number is made of letters" in page
    assert "Cohort A" in page


def test_the_next_button_says_what_is_missing_before_it_is_pressed(cast, enter):
    batch = a_started_batch(cast)

    page = text(enter(cast.supervisor).get(url("batch_record", batch.number)))

    assert "Step CLEAR (Line clearance) is not performed. And 3 more." in page
    assert "Next step: CLEAR" in page
    for_others = text(enter(cast.auditor).get(url("batch_record", batch.number)))
    assert "Next step" not in for_others
    assert "Next: Complete, by Production supervisor" in for_others


def test_a_step_is_recorded_on_its_page_and_leads_to_the_next(cast, enter):
    batch = a_started_batch(cast)
    services.perform_step(
        step=step_of(batch, "CLEAR"), value="", by=cast.operator2, at=timezone.now()
    )
    client = enter(cast.operator)
    page = url("batch_step", batch.number, "SEED")

    assert "Limits: 80 to 100 %" in text(client.get(page))
    for bad in ("12,5", "NaN", "1e999", "＜1", ""):
        assert "is not a number" in text(client.post(page, {"value": bad}), 422) or not bad
    assert "at most" in text(client.post(page, {"value": "9" * 401}), 422).lower()
    answer = client.post(page, {"value": "95.2"})
    assert answer["Location"] == page  # critical: a second person is asked for here
    shown = text(client.get(page))
    assert "95.2" in shown
    assert "waits for a second person" in shown
    feed = client.post(url("batch_step", batch.number, "FEED"), {"value": "done"})
    assert feed["Location"] == url("batch_step", batch.number, "NOTE")


def test_a_value_out_of_limits_asks_for_a_deviation_on_the_spot(cast, enter):
    batch = a_started_batch(cast)
    services.perform_step(
        step=step_of(batch, "CLEAR"), value="", by=cast.operator2, at=timezone.now()
    )
    client = enter(cast.operator)
    page = url("batch_step", batch.number, "SEED")

    client.post(page, {"value": "71"})
    assert "This value demands a deviation" in text(client.get(page))
    new = url("deviation_new", batch.number)
    form = text(client.get(f"{new}?step=SEED"))
    assert "Viability at seeding: 71 %" in form
    step = step_of(batch, "SEED")
    client.post(new, {"title": "Low viability", "step": step.pk})
    assert Deviation.objects.get().step == step
    assert "This value demands a deviation" not in text(client.get(page))


def test_a_refusal_on_the_step_page_lists_every_reason(cast, enter):
    batch = a_started_batch(cast)

    answer = enter(cast.operator).post(
        url("batch_step", batch.number, "HARVEST"), {"value": "400", "comment": "kept"}
    )

    page = text(answer, 409)
    assert page.count("comes before HARVEST and is not performed") == 3
    assert "kept" in page


def test_steps_are_verified_corrected_and_left_out_on_pages(cast, enter):
    batch = a_performed_batch(cast)
    operator, supervisor = cast.operator2, cast.supervisor

    assert enter(operator).post(url("batch_step_verify", batch.number, "FEED")).status_code == 302
    assert step_of(batch, "FEED").verified_by == operator
    correct = url("batch_step_correct", batch.number, "HARVEST")
    assert "required" in text(enter(operator).post(correct, {"value": "413"}), 422)
    enter(operator).post(correct, {"value": "413", "reason": "read again"})
    record = text(enter(operator).get(url("batch_record", batch.number)))
    assert "First value: <del>412.5</del>" in record
    leave = url("batch_step_not_applicable", batch.number, "NOTE")
    assert enter(supervisor).post(leave, {"reason": "nothing"}).status_code == 302
    assert step_of(batch, "NOTE").status == "not_applicable"


def test_a_wrong_password_is_said_at_its_field_and_nothing_is_lost(cast, enter):
    batch = a_performed_batch(cast)
    client, page = enter(cast.supervisor), url("batch_complete", batch.number)

    typed = {"yield_value": "412", "yield_unit": "10*6"}
    refused = client.post(page, {**typed, "reason": "as planned", "password": "no"})
    shown = text(refused, 403)
    assert "The password is not right" in shown
    assert 'value="412"' in shown
    assert "as planned" in shown
    assert client.post(page, {**typed, "password": PASSWORD}).status_code == 302
    assert Batch.objects.get().execution == "completed"


def test_a_yield_that_was_left_out_is_recorded_on_a_page(cast, enter):
    batch = a_reviewed_batch(cast)
    supervisor, page = enter(cast.supervisor), url("batch_record_yield", batch.number)
    assert page in text(supervisor.get(url("batch", batch.number)))

    refused = supervisor.post(page, {"yield_value": "1620", "reason": "x", "password": PASSWORD})
    assert "Say in which unit" in text(refused, 409)
    typed = {"yield_value": "1620.0", "yield_unit": "10*6", "reason": "Left out."}
    assert supervisor.post(page, {**typed, "password": PASSWORD}).status_code == 302

    batch.refresh_from_db()
    assert (str(batch.yield_value), batch.yield_unit) == ("1620.0", "10*6")
    assert page not in text(supervisor.get(url("batch", batch.number)))


def test_completing_asks_no_yield_where_a_step_measured_it(cast, enter):
    step = {"code": "YIELD", "title": "Yield", "kind": "number", "unit": "10*6"}
    product = a_product_with_master(cast, steps=(*STEPS, step))
    batch = a_performed_batch(cast, product, values={"YIELD": "412.50"})
    supervisor, page = enter(cast.supervisor), url("batch_complete", batch.number)

    assert "yield_value" not in text(supervisor.get(page))
    assert supervisor.post(page, {"password": PASSWORD}).status_code == 302
    assert str(Batch.objects.get().yield_value) == "412.50"


def test_a_batch_goes_on_by_its_pages(cast, enter):
    batch = an_issued_batch(cast)

    def press(person, verb, **typed):
        answer = enter(person).post(url(f"batch_{verb}", batch.number), typed)
        assert answer.status_code == 302, answer.content.decode()[:3000]
        batch.refresh_from_db()

    press(cast.operator, "start", verified_by=cast.operator2.pk, witness_password=PASSWORD)
    assert batch.execution == "in_process"
    press(cast.operator, "hold", reason="alarm")
    assert "alarm" in text(enter(cast.operator).get(url("batch", batch.number)))
    press(cast.qa, "resume", reason="12 of 30 minutes")
    press(cast.qa, "abort", reason="contaminated; destroyed", password=PASSWORD)
    assert batch.stage == Stage.ABORTED
    press(cast.qa, "reject", reason="contaminated", password=PASSWORD)
    assert batch.stage == Stage.REJECTED


def test_a_review_is_signed_on_its_page(cast, enter):
    batch = a_completed_batch(cast)
    client, page = enter(cast.qa), url("batch_review", batch.number)

    assert "What exactly is signed" in text(client.get(page))
    assert client.post(page, {"password": PASSWORD}).status_code == 302
    assert Batch.objects.get().reviewed_by == cast.qa
    assert "already" in text(client.get(page))


@pytest.mark.statement("P-21")
def test_the_sentence_read_before_signing_is_the_one_that_is_kept(cast, enter):
    batch = a_completed_batch(cast)
    client, page = enter(cast.qa), url("batch_reject", batch.number)
    read = text(client.get(page))

    client.post(page, {"password": PASSWORD, "reason": "Confirmed out of specification."})

    assert standing_signatures(batch, verb="reject").get().meaning in read


@pytest.mark.statement("P-08")
@pytest.mark.statement("P-10")
def test_the_audit_tab_names_people_and_keeps_the_former_value(cast, enter):
    batch = a_performed_batch(cast)
    services.correct_step(
        step=step_of(batch, "FEED"), value="yes", by=cast.operator2, at=STEPPED, reason="typo"
    )

    page = text(enter(cast.auditor).get(url("batch_audit", batch.number)))

    assert "<del>done</del>" in page
    assert cast.operator2.full_name in page
    assert "typo" in page


def test_the_timeline_tells_what_happened_with_voided_signatures(cast, enter):
    batch = a_reviewed_batch(cast)
    services.correct_step(
        step=step_of(batch, "FEED"), value="yes", by=cast.operator, at=timezone.now(), reason="typo"
    )

    page = text(enter(cast.qa).get(url("batch_timeline", batch.number)))

    assert "The review no longer stands" in page
    assert "The value of step FEED was corrected." in page


def test_master_batch_records_are_listed_shown_and_approved(cast, enter):
    product = a_product_with_master(cast)
    draft = a_master(cast, product.process_versions.get(), effective=False, code="MBR-2")
    client = enter(cast.qa)

    assert "MBR-2" in text(client.get(url("master_batch_record_list"), {"tab": "draft"}))
    assert "Viability at seeding" in text(client.get(url("master_batch_record", "MBR-2")))
    client.post(url("master_batch_record_approve", "MBR-2"), {"password": PASSWORD})
    draft.refresh_from_db()
    assert draft.status == "effective"


def test_deviations_are_listed_shown_classified_and_closed(cast, enter):
    batch = a_started_batch(cast)
    deviation = raise_deviation(
        batch=batch, title="Alarm", by=cast.operator, at=STEPPED, step=step_of(batch, "SEED")
    )
    client, number = enter(cast.qa), deviation.number

    assert number in text(client.get(url("deviation_list")))
    assert "Alarm" in text(client.get(url("deviation", number)))
    assert "Alarm" in text(client.get(url("batch_deviations", batch.number)))
    client.post(url("deviation_classify", number), {"classification": "minor"})
    client.post(url("deviation_change", number), {"title": "Alarm 2", "reason": "clearer"})
    client.post(url("deviation_close", number), {"conclusion": "No effect.", "password": PASSWORD})
    deviation.refresh_from_db()
    assert (deviation.title, deviation.status) == ("Alarm 2", "closed")
    assert "No effect." in text(client.get(url("deviation", number)))
    for person in (cast.kadimastem_reader, cast.ixaka_reader):
        assert enter(person).get(url("deviation", number)).status_code == 404


def test_an_expiry_counts_down(cast, enter):
    batch = a_completed_batch(cast, a_product_with_master(cast, shelf_life_minutes=60))
    Batch.objects.filter(pk=batch.pk).update(expires_at=timezone.now() + timedelta(minutes=50))

    page = text(enter(cast.qa).get(url("batch", batch.number)))

    assert "49 min" in page
    assert "IST" in page


def test_a_named_witness_signs_in_the_dialog_of_the_start(cast, enter):
    batch = an_issued_batch(cast)
    client, page = enter(cast.operator), url("batch_start", batch.number)
    named = {"verified_by": cast.operator2.pk}

    shown = text(client.get(page))
    for typed in (named, {**named, "witness_password": "guess"}):
        refused = client.post(page, typed)
        assert refused.status_code == 403
        assert "witness_password_error" in refused.content.decode()
    batch.refresh_from_db()
    assert batch.execution == "issued"

    assert client.post(page, {**named, "witness_password": PASSWORD}).status_code == 302
    signature = Signature.objects.get(verb="witness-start")
    assert signature.by == cast.operator2
    assert signature.meaning in shown
