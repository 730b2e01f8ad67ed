"""Facts that rules judge, read after the batch was locked."""

from batches.deviations.models import Deviation
from batches.identity.models import IdentityScan
from batches.manufacture.evidence import Execution, Scan
from batches.manufacture.models import BatchStep
from batches.materials.models import Consumption
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import standing_signatures

_STEP_ACTS = (
    "step.performed",
    "step.out_of_limits",
    "step.verified",
    "step.not_applicable",
    "step.corrected",
)
_BATCH_ACTS = ("batch.completed", "batch.completed_again", "batch.yield_recorded")


def executed(batch) -> Execution:
    """Return the executed record of a batch in three queries."""
    deviations = Deviation.objects.filter(batch=batch).values_list("step_id", "concerns_yield")
    used = Consumption.objects.filter(batch=batch, cancelled_at__isnull=True).values_list(
        "step_id", flat=True
    )
    found, consumed = list(deviations), list(used)
    steps = list(BatchStep.objects.filter(batch=batch).order_by("position"))
    for step in steps:
        step.batch = batch
    return Execution(
        steps=tuple(steps),
        deviated_steps=frozenset(pk for pk, _ in found if pk is not None),
        consuming_steps=frozenset(pk for pk in consumed if pk is not None),
        loose_consumptions=sum(pk is None for pk in consumed),
        yield_deviation=any(concerns_yield for _, concerns_yield in found),
    )


def unclassified(batch) -> list[str]:
    """Return the numbers of deviations that nobody has classified."""
    return list(
        Deviation.objects.filter(batch=batch, classification="").values_list("number", flat=True)
    )


def scans_of(batch) -> list[Scan]:
    """Return a batch's identity scans, oldest first."""
    return [
        Scan(*facts)
        for facts in IdentityScan.objects.filter(batch=batch)
        .order_by("at", "id")
        .values_list("handover", "matched", "at")
    ]


def signer(batch, verb) -> int | None:
    """Return who signed the batch with this verb and whose signature stands."""
    return standing_signatures(batch, verb=verb).values_list("by_id", flat=True).last()


def had_a_hand(batch, user) -> bool:
    """Whether somebody ever worked on the executed record, by the audit trail itself.

    The record names the last one only: who corrected a step before somebody else did, and who
    verified it before it was corrected, stand in its history.
    """
    theirs = AuditEvent.objects.filter(kind=AuditEvent.Kind.EVENT, by_id=user.pk)
    steps = BatchStep.objects.filter(batch=batch).values("pk")
    on_steps = theirs.filter(record_type="step", record_id__in=steps, verb__in=_STEP_ACTS)
    on_batch = theirs.filter(record_type="batch", record_id=batch.pk, verb__in=_BATCH_ACTS)
    return on_steps.exists() or on_batch.exists()
