"""Facts that rules judge, read after the batch was locked."""

from batches.deviations.models import Deviation
from batches.identity.models import IdentityScan
from batches.manufacture.evidence import Execution, Scan
from batches.manufacture.models import BatchStep
from batches.materials.models import Consumption
from cdmo.records.signatures import standing_signatures


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
