"""Trainings recorded and taken back; demands made and lifted."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import numbered, record_event
from cdmo.training import rules
from cdmo.training.models import Training, TrainingDemand
from cdmo.training.states import Task


@service
def record_training(
    *,
    person,
    document,
    version,
    how,
    by,
    at,
    valid_from=None,
    valid_until=None,
    note="",
    illustrative=False,
) -> Training:
    """Record that somebody was trained on a version of a document. It counts from that instant."""
    start = valid_from or at
    ensure_clear(
        [
            *right_blockers(by, Right.RECORD_TRAINING),
            *rules.record_blockers(person, by=by, at=at, valid_from=start, valid_until=valid_until),
        ]
    )
    training = Training.objects.create(
        number=numbered("TR", at),
        person=person,
        document=document.strip(),
        version=version.strip(),
        how=how,
        valid_from=start,
        valid_until=valid_until,
        note=note,
        recorded_by=by,
        recorded_at=at,
        illustrative=illustrative,
    )
    record_event(
        verb="training.record",
        record=training,
        by=by,
        at=at,
        reason=note,
        new={"person": person.email, "document": training.document, "version": training.version},
    )
    return training


@service
def withdraw_training(*, training, by, at, reason) -> Training:
    """Take a training back: from now on it counts no more. What was done under it stands."""
    training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.RECORD_TRAINING),
            *rules.withdraw_blockers(training, reason=reason),
        ]
    )
    training.withdrawn_by, training.withdrawn_at, training.withdrawn_reason = by, at, reason
    training.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_reason"])
    record_event(verb="training.withdraw", record=training, by=by, at=at, reason=reason)
    return training


@service
def demand_training(
    *, task_kind, task, document, version, by, at, reason="", illustrative=False
) -> TrainingDemand:
    """Demand that whoever does a task is trained on a version of a document. Effective at once."""
    document, version, task = document.strip(), version.strip(), str(task).strip()
    standing = TrainingDemand.objects.filter(
        task_kind=task_kind, task=task, document=document, lifted_at__isnull=True
    ).first()
    ensure_clear(
        [
            *right_blockers(by, Right.RECORD_TRAINING),
            *rules.demand_blockers(task_kind, task, standing=standing),
        ]
    )
    with one_of_a_kind("already_demanded", "Somebody has just demanded it."):
        demand = TrainingDemand.objects.create(
            number=numbered("TD", at),
            task_kind=Task(task_kind),
            task=task,
            document=document,
            version=version,
            demanded_by=by,
            demanded_at=at,
            reason=reason,
            illustrative=illustrative,
        )
    record_event(
        verb="training.demand",
        record=demand,
        by=by,
        at=at,
        reason=reason,
        new={"task": task, "document": document, "version": version},
    )
    return demand


@service
def lift_demand(*, demand, by, at, reason) -> TrainingDemand:
    """Demand it no longer."""
    demand = TrainingDemand.objects.select_for_update(of=("self",)).get(pk=demand.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.RECORD_TRAINING),
            *rules.lift_blockers(demand, reason=reason),
        ]
    )
    demand.lifted_by, demand.lifted_at, demand.lifted_reason = by, at, reason
    demand.save(update_fields=["lifted_by", "lifted_at", "lifted_reason"])
    record_event(verb="training.lift_demand", record=demand, by=by, at=at, reason=reason)
    return demand
