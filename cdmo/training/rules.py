"""Objections to doing a task untrained, and to recording a training. Source: domain.md P-17."""

from cdmo.accounts.roles import GMP_ROLES, SPONSOR_ROLES, Role
from cdmo.blockers import Blocker
from cdmo.training.states import Task

OWNER = "Quality assurance"


def task_words(demand) -> str:
    """Return what demands a training, in words."""
    if demand.task_kind == Task.ROLE:
        return f"the role {Role(demand.task).label}"
    return demand.task


def training_blockers(by, *, demands, trained):
    """`demands`: those of the task. `trained`: (document, version) that count for the person."""
    for demand in demands:
        if (demand.document, demand.version) in trained:
            continue
        other = sorted(version for document, version in trained if document == demand.document)
        known = f" Current is version {', '.join(other)}." if other else ""
        yield Blocker(
            "not_trained",
            f"{by.full_name} has no current training on {demand.document} version "
            f"{demand.version}, which {task_words(demand)} demands.{known}",
            record=demand,
            owner=OWNER,
        )


def reason_blockers(reason, *, record=None):
    if not (reason or "").strip():
        yield Blocker("reason_missing", "This change needs a reason.", record=record)


def record_blockers(person, *, by, at, valid_from, valid_until):
    """Nobody records their own training, and nobody is trained in advance."""
    if person.pk == by.pk:
        yield Blocker(
            "own_training", "Nobody records their own training; a trainer does.", record=person
        )
    if not person.is_active:
        yield Blocker(
            "account_closed", f"The account of {person.full_name} is deactivated.", record=person
        )
    if person.is_service:
        yield Blocker("service_account", f"{person.full_name} is a program.", record=person)
    if valid_from > at:
        yield Blocker("in_future", "A training is recorded after it was given.")
    if valid_until is not None and valid_until <= valid_from:
        yield Blocker("ends_before_start", "The training would end before it was given.")


def withdraw_blockers(training, *, reason):
    yield from reason_blockers(reason, record=training)
    if training.withdrawn_at is not None:
        yield Blocker(
            "already_withdrawn", f"{training.number} has been taken back already.", record=training
        )


def demand_blockers(task_kind, task, *, standing):
    """`standing`: the demand on the same document for the same task, or None."""
    if task_kind == Task.ROLE and task not in {str(role) for role in GMP_ROLES - SPONSOR_ROLES}:
        yield Blocker("no_such_role", f"“{task}” is no role of the plant.")
    if standing is not None:
        yield Blocker(
            "already_demanded",
            f"{standing.number} demands version {standing.version} already. Lift it first.",
            record=standing,
            owner=OWNER,
        )


def lift_blockers(demand, *, reason):
    yield from reason_blockers(reason, record=demand)
    if demand.lifted_at is not None:
        yield Blocker("already_lifted", f"{demand.number} has been lifted already.", record=demand)
