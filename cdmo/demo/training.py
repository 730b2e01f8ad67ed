"""Trainings of the demonstration (illustrative): what is demanded, and who was trained for it.

Told last: before these demands nobody was asked for a training.
"""

from batches.manufacture.models import MasterBatchRecord
from cdmo.accounts.roles import Role
from cdmo.demo.stage import Stage
from cdmo.training.services import demand_training, record_training
from cdmo.training.states import How, Task
from qc.laboratory.models import Method

PRODUCTION = ("operator", "operator2", "supervisor")
LABORATORY = ("analyst", "analyst2", "reviewer", "qa", "qa2")
# document, version, whose roles demand it
PROCEDURES = (
    ("SOP-GMP-001", "4", (Role.OPERATOR, Role.SUPERVISOR, Role.ANALYST)),
    ("SOP-ASEPTIC-010", "2", (Role.OPERATOR,)),
)


def load(stage: Stage) -> None:
    """Demand trainings for roles, the first method and one master; train all who need them."""
    at = stage.ago(days=20)
    for document, version, roles in PROCEDURES:
        for role in roles:
            _demand(stage, Task.ROLE, str(role), document, version)
        for name in dict.fromkeys((*PRODUCTION, "analyst", "analyst2")):
            _train(stage, name, document, version, How.ASSESSED, at)
    master = MasterBatchRecord.objects.filter(product__code="ASTRORX", status="effective").get()
    _demand(stage, Task.MASTER, master.code, master.code, str(master.version))
    for name in (*PRODUCTION, "qa", "qa2"):
        _train(stage, name, master.code, str(master.version), How.SHOWN, at)
    for method in Method.objects.filter(status="approved").order_by("code")[:3]:
        _demand(stage, Task.METHOD, method.code, method.code, str(method.version))
        for name in LABORATORY:
            _train(stage, name, method.code, str(method.version), How.SHOWN, at)


def _demand(stage, kind, task, document, version) -> None:
    demand_training(
        task_kind=kind,
        task=task,
        document=document,
        version=version,
        illustrative=True,
        **stage.acted("qa", stage.ago(days=19)),
    )


def _train(stage, name, document, version, how, at) -> None:
    trainer = "qa2" if name == "qa" else "qa"
    record_training(
        person=stage.person(name),
        document=document,
        version=version,
        how=how,
        illustrative=True,
        **stage.acted(trainer, at),
    )
