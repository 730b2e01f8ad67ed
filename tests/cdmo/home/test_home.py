"""Home by role: what waits for me, in a fixed number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from batches.deviations.services import raise_deviation
from batches.manufacture import services as manufacture
from cdmo.accounts.roles import SPONSOR_ROLES, Role
from cdmo.home.work import BY_ROLE, work_for
from tests.builders.laboratory import a_result, a_sample, a_specification
from tests.builders.manufacture import (
    a_completed_batch,
    a_planned_batch,
    a_product_with_master,
    a_started_batch,
    an_issued_batch,
    step_of,
)
from tests.builders.release import (
    a_certified_batch,
    a_checked_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
)
from tests.builders.transfers import a_transfer_at
from tests.cast import NOON

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(hours=12)


def waits(person, title) -> list:
    """Return the keys of what waits for a person under a heading."""
    found = {work.title: work for work in work_for(person, at=NOW)}
    return [item.record.key for item in found[title].items]


def page_of(person) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_role_of_the_staff_has_a_home():
    assert set(BY_ROLE) == set(Role) - SPONSOR_ROLES


def test_an_operator_sees_the_next_open_step_of_every_batch(cast):
    batch = a_started_batch(cast)
    another = a_started_batch(cast)
    manufacture.perform_step(step=step_of(another, "CLEAR"), value="done", by=cast.operator, at=NOW)
    issued = an_issued_batch(cast)

    assert waits(cast.operator, "Steps to do now") == [
        f"{batch.number}/CLEAR",
        f"{another.number}/SEED",
    ]
    assert waits(cast.operator, "Batches to start") == [issued.number]


def test_a_supervisor_verifies_what_somebody_else_performed(cast):
    batch = a_started_batch(cast)
    manufacture.perform_step(step=step_of(batch, "CLEAR"), value="done", by=cast.operator, at=NOW)
    manufacture.perform_step(step=step_of(batch, "SEED"), value="95", by=cast.supervisor, at=NOW)

    assert waits(cast.supervisor, "Steps to verify") == [f"{batch.number}/CLEAR"]


def test_quality_assurance_sees_what_to_issue_review_and_classify(cast):
    planned, completed = a_planned_batch(cast), a_completed_batch(cast)
    deviation = raise_deviation(
        batch=completed, title="Door open", description="", by=cast.operator, at=NOW
    )

    assert waits(cast.qa, "Batches to issue") == [planned.number]
    assert waits(cast.qa, "Batch records to review") == [completed.number]
    assert waits(cast.qa, "Deviations to classify") == [deviation.number]


def test_nobody_is_asked_to_approve_their_own_specification_or_one_they_signed(cast):
    from tests.builders.laboratory import approve

    draft = a_specification(cast, a_product_with_master(cast), approved=False)

    assert waits(cast.qa, "Specifications to approve") == [draft.code]
    assert waits(cast.reviewer, "Specifications to approve") == []
    approve(cast, draft, by=[cast.qa])
    assert waits(cast.qa, "Specifications to approve") == []
    assert waits(cast.qa2, "Specifications to approve") == [draft.code]


def test_a_reviewer_sees_failing_results_first_and_never_their_own(cast):
    batch = a_completed_batch(cast, a_product_to_release(cast))
    sample = a_sample(cast, batch, at=NOW)
    fine = a_result(cast, sample, "CD44+", "91", status="submitted", at=NOW)
    failing = a_result(cast, sample, "viability", "71", status="submitted", at=NOW)
    draft = a_result(cast, sample, "endotoxin", "<0.5", status="draft", at=NOW)

    assert waits(cast.reviewer, "Results to approve") == [failing.key, fine.key]
    assert waits(cast.analyst, "My results to submit") == [draft.key]
    assert waits(cast.analyst2, "My results to submit") == []


def test_a_qualified_person_sees_what_to_certify_and_what_is_blocked_and_why(cast):
    product = a_product_to_release(cast)
    ready = a_checked_batch(cast, product)
    bad = a_tested_batch(cast, product, results={"viability": "71.0"})
    check_now(bad)

    assert waits(cast.qp, "To certify") == [ready.number]
    assert waits(cast.qp, "Blocked, and why") == [bad.number]
    why = next(w for w in work_for(cast.qp, at=NOW) if w.title == "Blocked, and why").items[0].note
    assert why in page_of(cast.qp).replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">")


def test_quality_assurance_and_the_qualified_person_see_what_was_opened_again(cast):
    product = a_product_to_release(cast)
    a_checked_batch(cast, product)
    released = a_certified_batch(cast, product)
    stands = a_certified_batch(cast, product)
    check_now(stands, at=NOW)
    deviation = raise_deviation(
        batch=released, title="Late finding", description="", by=cast.operator, at=NOW
    )
    check_now(released, at=NOW)
    corrected = a_checked_batch(cast, product)
    manufacture.correct_step(
        step=step_of(corrected, "SEED"), value="96", by=cast.operator, at=NOW, reason="Misread."
    )
    check_now(corrected, at=NOW)

    for person in (cast.qa, cast.qp):
        assert waits(person, "Opened again") == [released.number, corrected.number]
    page = page_of(cast.qa)
    assert f"{deviation.number} (not classified) is open." in page
    assert "Its record was changed after it was signed" in page


def test_a_project_manager_sees_the_open_gate_and_what_holds_it(cast):
    a_transfer_at(cast, "G1")

    page = page_of(cast.pm)

    assert "TT-1/G1" in page
    assert "Gap analysis and due diligence:" in page


def test_a_long_list_shows_its_first_lines_and_counts_all(cast):
    product = a_product_with_master(cast)
    for _ in range(11):
        a_planned_batch(cast, product)

    (work,) = [w for w in work_for(cast.qa, at=NOW) if w.title == "Batches to issue"]

    assert (len(work.items), work.count) == (8, 11)


@pytest.mark.parametrize("name", ["operator", "supervisor", "qa", "qp", "analyst", "reviewer"])
def test_the_number_of_queries_does_not_grow_with_the_work(cast, name):
    person = cast.people[name]
    product = a_product_to_release(cast)
    make_work(cast, product)
    few = queries_of(person)
    for _ in range(3):
        make_work(cast, product)

    assert queries_of(person) == few


def make_work(cast, product):
    a_planned_batch(cast, product)
    an_issued_batch(cast, product)
    a_started_batch(cast, product)
    batch = a_completed_batch(cast, product)
    raise_deviation(batch=batch, title="Door", description="", by=cast.operator, at=NOW)
    sample = a_sample(cast, batch, at=NOW)
    a_result(cast, sample, "viability", "71", status="submitted", at=NOW)
    a_result(cast, sample, "endotoxin", "0.5", status="draft", at=NOW)
    a_checked_batch(cast, product)
    decided = a_certified_batch(cast, product)
    raise_deviation(batch=decided, title="Late", description="", by=cast.operator, at=NOW)
    check_now(decided, at=NOW)


def queries_of(person) -> int:
    client = Client()
    client.force_login(person)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/").status_code == 200
    return len(asked)
