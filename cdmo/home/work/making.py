"""Work on the floor and in quality assurance: steps, batches, lots, deviations."""

from django.db.models import Exists, OuterRef, Q

from batches.deviations.models import Deviation
from batches.deviations.states import DeviationStatus
from batches.manufacture.models import BatchStep
from batches.manufacture.states import Disposition, Execution, StepStatus
from batches.materials.models import Lot
from batches.materials.states import LotStatus
from cdmo.home.work.items import SOON, Item, WorkList, batch_item, batches_of, waiting
from cdmo.records.models import Signature


def steps_now(by, at) -> WorkList:
    """The next open step of every batch in process."""
    first = (
        BatchStep.objects.visible_to(by)
        .filter(status=StepStatus.OPEN, mandatory=True, batch__execution=Execution.IN_PROCESS.value)
        .order_by("batch_id", "position")
        .distinct("batch_id")
        .values("pk")
    )
    steps = (
        BatchStep.objects.filter(pk__in=first)
        .select_related("batch__product", "batch__site")
        .order_by("batch__started_at", "batch_id")
    )
    return waiting(
        "Steps to do now",
        "hand-finger",
        steps,
        lambda step: Item(
            record=step,
            text=step.title,
            note=step.batch.product.name,
            since=step.batch.started_at,
            site=step.batch.site,
        ),
        more="batches:batch_list",
        query="tab=in_process",
    )


def steps_to_verify(by, at) -> WorkList:
    steps = (
        BatchStep.objects.visible_to(by)
        .filter(status=StepStatus.PERFORMED, critical=True)
        .exclude(performed_by=by)
        .select_related("batch__product", "batch__site", "performed_by")
        .order_by("performed_at")
    )
    return waiting(
        "Steps to verify",
        "checks",
        steps,
        lambda step: Item(
            record=step,
            text=step.title,
            note=f"Performed by {step.performed_by.full_name}",
            since=step.performed_at,
            site=step.batch.site,
        ),
        pressing=True,
    )


def batches_to_start(by, at) -> WorkList:
    found = batches_of(by).filter(execution=Execution.ISSUED).order_by("planned_start_at", "pk")
    return waiting(
        "Batches to start",
        "player-play",
        found,
        lambda b: batch_item(b, due=None, starts=b.planned_start_at, note="Issued"),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_on_hold(by, at) -> WorkList:
    found = batches_of(by).filter(execution=Execution.ON_HOLD).order_by("pk")
    return waiting(
        "On hold", "hand-stop", found, lambda b: batch_item(b, status=b.execution), pressing=True
    )


def batches_to_complete(by, at) -> WorkList:
    """Nothing mandatory is left open or unverified: in process, or corrected after completion."""
    left = BatchStep.objects.filter(batch=OuterRef("pk"), mandatory=True).filter(
        Q(status=StepStatus.OPEN) | Q(status=StepStatus.PERFORMED, critical=True)
    )
    signed = Signature.objects.filter(
        record_type="batch", record_id=OuterRef("pk"), verb="complete"
    )
    corrected = Q(Exists(signed), ~Exists(signed.filter(void=None)), execution=Execution.COMPLETED)
    found = (
        batches_of(by)
        .filter(Q(execution=Execution.IN_PROCESS) | corrected, ~Exists(left))
        .order_by("pk")
    )
    return waiting("Batches to complete", "flag", found, _to_complete)


def _to_complete(batch) -> Item:
    corrected = batch.execution == Execution.COMPLETED
    note = "Its record was corrected: to be signed as complete again" if corrected else ""
    return batch_item(batch, note=note)


def batches_planned(by, at) -> WorkList:
    found = batches_of(by).filter(execution=Execution.PLANNED).order_by("planned_start_at", "pk")
    return waiting(
        "Planned",
        "calendar",
        found,
        lambda b: batch_item(
            b, due=None, starts=b.planned_start_at, note="Waits for quality assurance to issue it"
        ),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_to_issue(by, at) -> WorkList:
    found = batches_of(by).filter(execution=Execution.PLANNED).order_by("planned_start_at", "pk")
    return waiting(
        "Batches to issue",
        "file-check",
        found,
        lambda b: batch_item(b, due=None, starts=b.planned_start_at),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_to_review(by, at) -> WorkList:
    found = (
        batches_of(by)
        .filter(
            execution=Execution.COMPLETED,
            reviewed_at__isnull=True,
            disposition=Disposition.PENDING,
        )
        .order_by("expires_at", "completed_at")
    )
    return waiting(
        "Batch records to review",
        "eye-check",
        found,
        lambda b: batch_item(b, since=b.completed_at),
        more="batches:batch_list",
        query="tab=in_review",
        pressing=True,
    )


def lots_in_quarantine(by, at) -> WorkList:
    lots = (
        Lot.objects.visible_to(by)
        .filter(status=LotStatus.QUARANTINE, produced_by__isnull=True)
        .select_related("material")
        .order_by("received_at")
    )
    return waiting(
        "Lots to release",
        "packages",
        lots,
        lambda lot: Item(record=lot, text=lot.material.name, since=lot.received_at),
        more="batches:lot_list",
        query="tab=quarantine",
    )


def lots_expiring(by, at) -> WorkList:
    lots = (
        Lot.objects.visible_to(by)
        .filter(status=LotStatus.RELEASED, expires_at__lt=at + SOON)
        .select_related("material")
        .order_by("expires_at")
    )
    return waiting(
        "Lots that expire within 30 days",
        "calendar-x",
        lots,
        lambda lot: Item(record=lot, text=lot.material.name, due=lot.expires_at),
        more="batches:lot_list",
    )


def _deviations(by, status):
    return (
        Deviation.objects.visible_to(by)
        .filter(status=status)
        .select_related("batch__site")
        .order_by("raised_at")
    )


def deviations_to_classify(by, at) -> WorkList:
    return waiting(
        "Deviations to classify",
        "alert-triangle",
        _deviations(by, DeviationStatus.OPEN),
        lambda d: Item(
            record=d, text=d.title, note=d.batch.number, since=d.raised_at, site=d.batch.site
        ),
        more="batches:deviation_list",
        query="tab=open",
        pressing=True,
    )


def deviations_to_close(by, at) -> WorkList:
    return waiting(
        "Deviations under investigation",
        "search",
        _deviations(by, DeviationStatus.INVESTIGATING),
        lambda d: Item(
            record=d,
            text=d.title,
            note=d.batch.number,
            status=d.classification or "unclassified",
            since=d.raised_at,
            site=d.batch.site,
        ),
        more="batches:deviation_list",
    )
