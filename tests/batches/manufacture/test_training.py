"""Nobody starts a batch, performs or verifies a step without the training its record demands."""

import pytest

from batches.manufacture import services
from cdmo.blockers import Blocked
from cdmo.training.services import demand_training, record_training
from tests.builders.manufacture import (
    ISSUED,
    STARTED,
    STEPPED,
    a_started_batch,
    an_issued_batch,
    step_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-17")]


def demand(cast, batch):
    demand_training(
        task_kind="master_batch_record",
        task=batch.master.code,
        document=batch.master.code,
        version="1",
        by=cast.qa,
        at=ISSUED,
    )


def train(cast, person, batch):
    record_training(
        person=person,
        document=batch.master.code,
        version="1",
        how="shown",
        by=cast.qa,
        at=ISSUED,
    )


def refused(call, **arguments) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(**arguments)
    return refusal.value.codes


def test_a_batch_is_started_by_trained_people_alone(cast):
    batch = an_issued_batch(cast)
    demand(cast, batch)
    start = {"batch": batch, "by": cast.operator, "at": STARTED}
    assert refused(services.start_batch, **start) == ["not_trained"]
    train(cast, cast.operator, batch)
    witnessed = {**start, "verified_by": cast.operator2}
    assert refused(services.start_batch, **witnessed) == ["not_trained"]
    assert services.start_batch(**start).started_at == STARTED


def test_a_step_is_performed_and_verified_by_trained_people_alone(cast):
    batch = a_started_batch(cast)
    demand(cast, batch)
    first = batch.steps.order_by("position").first()
    perform = {"step": first, "value": "done", "by": cast.operator, "at": STEPPED}
    assert "not_trained" in [b.code for b in services.perform_objections(first, by=cast.operator)]
    assert refused(services.perform_step, **perform) == ["not_trained"]
    train(cast, cast.operator, batch)
    services.perform_step(**perform)
    verify = {"step": step_of(batch, first.code), "by": cast.supervisor, "at": STEPPED}
    assert refused(services.verify_step, **verify) == ["not_trained"]
    train(cast, cast.supervisor, batch)
    services.verify_step(**verify)


def test_another_record_demands_nothing_here(cast):
    batch = a_started_batch(cast)
    demand_training(
        task_kind="master_batch_record",
        task="MBR-OTHER",
        document="MBR-OTHER",
        version="1",
        by=cast.qa,
        at=ISSUED,
    )
    first = batch.steps.order_by("position").first()
    services.perform_step(step=first, value="done", by=cast.operator, at=STEPPED)
