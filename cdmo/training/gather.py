"""Whether a person is trained for a task: what every room above asks before it lets them work."""

from collections.abc import Iterable

from django.db.models import Q

from cdmo.accounts.roles import RIGHTS, Right
from cdmo.blockers import Blocker
from cdmo.training.models import Training, TrainingDemand
from cdmo.training.rules import training_blockers
from cdmo.training.states import Task


def demands_of(roles, tasks, *, at=None):
    """Return the demands of these roles and of these tasks: pairs of kind and code."""
    wanted = Q(task_kind=Task.ROLE, task__in=sorted(str(role) for role in roles))
    for kind, code in tasks:
        wanted |= Q(task_kind=kind, task=code)
    return TrainingDemand.objects.on(at).filter(wanted).order_by("document", "task_kind", "task")


def training_objections(
    by, *, right: Right, tasks: Iterable[tuple[str, str]] = (), at=None
) -> list[Blocker]:
    """Return an objection for every training that `by` lacks to act under this right on these.

    Of the person's roles only those count that give the right. One query where nothing is
    demanded, two otherwise. `at` None: now, for a page that asks before the button is pressed.
    """
    roles = [role for role in by.roles if right in RIGHTS[role]]
    demands = list(demands_of(roles, set(tasks), at=at))
    if not demands:
        return []
    trained = set(
        Training.objects.on(at)
        .filter(person=by, document__in={demand.document for demand in demands})
        .values_list("document", "version")
    )
    return list(training_blockers(by, demands=demands, trained=trained))
