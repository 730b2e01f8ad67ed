"""Whoever has no current training for a task does not do it (P-17)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cdmo.accounts.roles import Right
from cdmo.blockers import Blocked
from cdmo.training import services
from cdmo.training.gather import training_objections
from tests.cast import NOON
from tests.rest import Caller, codes, fields

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-17")]


def demand(cast, kind="method", task="M-1", document="M-1", version="1", at=NOON):
    return services.demand_training(
        task_kind=kind, task=task, document=document, version=version, by=cast.qa, at=at
    )


def train(cast, person, document="M-1", version="1", by=None, at=NOON, **more):
    return services.record_training(
        person=person,
        document=document,
        version=version,
        how="read",
        by=by or cast.qa,
        at=at,
        **more,
    )


def lacks(person, task="M-1", at=NOON, right=Right.ENTER_RESULT) -> list[str]:
    found = training_objections(person, right=right, tasks=[("method", task)], at=at)
    return [blocker.code for blocker in found]


def refused(call, *arguments, **named) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(*arguments, **named)
    return refusal.value.codes


def test_what_demands_nothing_is_done_by_anybody_in_one_query(cast, django_assert_num_queries):
    assert cast.analyst.roles
    with django_assert_num_queries(1):
        assert lacks(cast.analyst) == []


def test_a_demand_is_met_by_a_training_on_that_version_alone(cast, django_assert_num_queries):
    demand(cast, version="2")
    assert lacks(cast.analyst) == ["not_trained"]
    train(cast, cast.analyst, version="1")
    (blocker,) = training_objections(
        cast.analyst, right=Right.ENTER_RESULT, tasks=[("method", "M-1")], at=NOON
    )
    assert "version 2" in blocker.message
    assert "Current is version 1." in blocker.message
    train(cast, cast.analyst, version="2")
    with django_assert_num_queries(2):
        assert lacks(cast.analyst) == []
    assert lacks(cast.analyst2) == ["not_trained"]
    assert lacks(cast.analyst2, task="M-2") == []


def test_a_training_counts_from_its_day_to_its_end_and_until_taken_back(cast):
    demand(cast, at=NOON - timedelta(days=30))
    row = train(cast, cast.analyst, valid_until=NOON + timedelta(days=10))
    assert lacks(cast.analyst, at=NOON - timedelta(seconds=1)) == ["not_trained"]
    assert lacks(cast.analyst, at=NOON + timedelta(days=10)) == ["not_trained"]
    later = NOON + timedelta(days=1)
    services.withdraw_training(training=row, by=cast.qa, at=later, reason="Signed in error.")
    assert lacks(cast.analyst, at=later) == ["not_trained"]
    assert lacks(cast.analyst, at=later - timedelta(seconds=1)) == []
    again = {"training": row, "by": cast.qa, "at": later, "reason": "Twice."}
    assert refused(services.withdraw_training, **again) == ["already_withdrawn"]


def test_a_demand_lifted_is_no_demand(cast):
    one = demand(cast)
    assert refused(services.lift_demand, demand=one, by=cast.qa, at=NOON, reason="") == [
        "reason_missing"
    ]
    services.lift_demand(demand=one, by=cast.qa, at=NOON, reason="Method retired.")
    assert lacks(cast.analyst) == []


def test_a_role_demands_of_those_who_act_in_it(cast):
    demand(cast, kind="role", task="analyst", document="SOP-1", version="3")
    assert lacks(cast.analyst) == ["not_trained"]
    assert lacks(cast.reviewer, right=Right.APPROVE_RESULT) == []
    train(cast, cast.analyst, document="SOP-1", version="3")
    assert lacks(cast.analyst) == []
    assert refused(demand, cast, kind="role", task="admin") == ["no_such_role"]


def test_one_version_is_demanded_at_a_time(cast):
    demand(cast)
    assert refused(demand, cast, version="2") == ["already_demanded"]


def test_nobody_records_their_own_training(cast):
    assert refused(train, cast, cast.qa) == ["own_training"]
    row = train(cast, cast.analyst)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(recorded_by=cast.analyst)


@pytest.mark.parametrize("name", ["operator", "analyst", "admin", "auditor"])
def test_only_a_trainer_records_and_demands(cast, name):
    somebody = getattr(cast, name)
    assert refused(train, cast, cast.operator2, by=somebody) == ["no_right"]
    asked = {"task_kind": "method", "task": "M", "document": "M", "version": "1"}
    assert refused(services.demand_training, **asked, by=somebody, at=NOON) == ["no_right"]


def test_nobody_is_trained_in_advance_or_backwards(cast):
    assert refused(train, cast, cast.analyst, valid_from=NOON + timedelta(hours=1)) == ["in_future"]
    assert refused(train, cast, cast.analyst, valid_until=NOON) == ["ends_before_start"]


def test_it_is_done_on_pages(client, cast):
    client.force_login(cast.supervisor)
    asked = {"task_kind": "role", "task": "operator", "document": "SOP-1", "version": "1"}
    assert client.post("/training-demands/+new/", asked).status_code == 302
    assert training_objections(cast.operator, right=Right.EXECUTE)
    wanted = {"person": cast.operator.pk, "document": "SOP-1", "version": "1", "how": "shown"}
    assert client.post("/trainings/+new/", wanted).status_code == 302
    assert not training_objections(cast.operator, right=Right.EXECUTE)
    page = client.get("/trainings/").content.decode()
    assert "Operator Person" in page
    number = cast.operator.trainings.get().number
    assert client.get(f"/trainings/{number}/withdraw/").status_code == 200
    client.post(f"/trainings/{number}/withdraw/", {"reason": "Error."})
    assert training_objections(cast.operator, right=Right.EXECUTE)
    demands = client.get("/training-demands/").content.decode()
    assert "the role Operator" in demands
    client.force_login(cast.kadimastem_reader)
    for address in ("/trainings/", "/training-demands/", f"/trainings/{number}/withdraw/"):
        assert client.get(address).status_code == 404


def test_it_is_done_over_rest(client, cast):
    qa = Caller(client, cast.qa)
    asked = {"task_kind": "method", "task": "M-1", "document": "M-1", "version": "1"}
    one = qa.post("training-demands/", asked)
    assert one.status_code == 201, one.content
    wanted = {"person": "analyst@cdmo.example", "document": "M-1", "version": "1", "how": "read"}
    assert fields(qa.post("trainings/", {**wanted, "how": "osmosis"})) == ["how"]
    made = qa.post("trainings/", wanted).json()
    assert lacks(cast.analyst, at=timezone.now()) == []
    assert codes(qa.post(f"trainings/{made['number']}/withdraw/")) == ["reason_missing"]
    back = qa.post(f"trainings/{made['number']}/withdraw/", {"reason": "Error."}).json()
    assert back["withdrawn_at"] is not None
    lifted = qa.post(f"training-demands/{one.json()['number']}/lift/", {"reason": "Over."})
    assert lifted.json()["lifted_at"] is not None
    assert codes(Caller(client, cast.operator).post("trainings/", wanted)) == ["no_right"]
    assert Caller(client, cast.kadimastem_reader).get("trainings/").status_code == 404
