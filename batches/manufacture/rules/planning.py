"""Objections to planning a batch and to changing its plan."""

from batches.manufacture.states import GMP_PURPOSES, Execution
from cdmo.blockers import Blocker, Ref
from cdmo.portfolio.states import ProcessStatus


def plan_blockers(*, product, purpose, process_version, coi):
    """`process_version` is None when none was named and none can be used."""
    if process_version is None:
        yield Blocker(
            "no_process_version",
            f"{product.code} has no process version that a batch could follow.",
            record=product,
            owner="Production supervisor",
        )
    else:
        yield from process_blockers(
            product=product, purpose=purpose, process_version=process_version
        )
    yield from identity_blockers(product=product, coi=coi, required=False)


def process_blockers(*, product, purpose, process_version):
    """Object to a process version of another product, or one not fit for the purpose."""
    if process_version.product_id != product.pk:
        yield Blocker(
            "process_of_another_product",
            f"{process_version.code} does not describe how {product.code} is made.",
            record=process_version,
        )
    if process_version.status == ProcessStatus.RETIRED:
        yield Blocker(
            "process_retired", f"{process_version.code} is retired.", record=process_version
        )
    elif process_version.status == ProcessStatus.DEVELOPMENT and purpose in GMP_PURPOSES:
        yield Blocker(
            "process_in_development",
            f"{process_version.code} is still in development; a batch for the purpose “{purpose}” "
            "needs an approved process version.",
            record=process_version,
            owner="Quality assurance",
        )


def identity_blockers(*, product, coi, required: bool):
    """Object to a patient's product without its chain of identity, or to a wrong chain."""
    if coi is None:
        if required and product.is_for_one_patient:
            yield Blocker(
                "no_identity",
                f"{product.code} is made for one patient: the batch needs its chain of identity.",
                record=Ref("product", product.code),
                owner="Planner",
            )
    elif not product.is_for_one_patient:
        yield Blocker(
            "identity_not_applicable",
            f"{product.code} is not made for one patient; it has no chain of identity.",
            record=coi,
        )
    elif coi.product_id != product.pk:
        yield Blocker(
            "identity_of_another_product",
            f"Chain of identity {coi.coi} belongs to another product.",
            record=coi,
        )


def change_blockers(batch, *, changes):
    """Allow the words at any time, the identity and the date only before issue."""
    fixed = {"coi", "planned_start_at"} & set(changes)
    if fixed and batch.execution != Execution.PLANNED:
        yield Blocker(
            "already_issued",
            f"{batch.number} is {batch.get_execution_display().lower()}; its "
            + " and ".join(sorted(_WORDS[name] for name in fixed))
            + " can be changed only while it is planned.",
            record=batch,
        )


_WORDS = {"coi": "chain of identity", "planned_start_at": "planned start"}
