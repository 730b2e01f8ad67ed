"""The evidence of a set of transfers, in a number of queries that does not grow with the set."""

from collections import defaultdict
from collections.abc import Iterable

from batches.deviations.models import Deviation
from batches.deviations.states import Classification, DeviationStatus
from batches.manufacture.models import Batch, MasterBatchRecord
from cdmo.blockers import Ref
from cdmo.portfolio.coverage import gather_coverage
from cdmo.portfolio.models import Process, ProcessVersion
from qc.laboratory.models import Method
from qc.specifications.models import Specification, SpecificationLine
from techtransfer.projects.evidence import (
    BatchFact,
    ConditionFact,
    Fact,
    LineFact,
    TransferEvidence,
)
from techtransfer.projects.models import Gate, GateCondition, TransferProject

RELEASE_STAGES = ("drug_product", "drug_substance", "intermediate")


def gather(transfer_ids: Iterable[int], *, at) -> dict[int, TransferEvidence]:
    """Return what is known of each transfer at an instant, as frozen values."""
    transfers = list(
        TransferProject.objects.filter(pk__in=list(transfer_ids)).select_related(
            "product", "sending_unit", "receiving_unit", "site"
        )
    )
    products = {t.product_id for t in transfers}
    today = at.date()
    coverage = gather_coverage(t.sponsor_id for t in transfers)
    gates, conditions = _gates(transfers), _conditions(transfers)
    processes = _facts("process", Process, products, "code")
    versions = _at_sites("process_version", ProcessVersion, products, "version", "site_id")
    masters = _at_sites(
        "master_batch_record", MasterBatchRecord, products, "version", "process_version__site_id"
    )
    batches, deviations = _batches(products), _deviations(products)
    specifications, lines = _specifications(products, today)
    return {
        t.pk: TransferEvidence(
            transfer=Ref("transfer", t.code),
            product=Ref("product", t.product.code),
            today=today,
            sending_unit=t.sending_unit.code,
            receiving_unit=t.receiving_unit.code,
            site=t.site.code if t.site_id else "",
            target_on=t.target_on,
            planned_batches=t.planned_batches,
            coverage=coverage[t.sponsor_id],
            gates=gates[t.pk],
            processes=processes[t.product_id],
            versions=_here(versions[t.product_id], t.site_id),
            masters=_here(masters[t.product_id], t.site_id),
            specifications=tuple(specifications[t.product_id]),
            lines=lines,
            batches=_here(batches[t.product_id], t.site_id),
            deviations=_here(deviations[t.product_id], t.site_id),
            conditions=tuple(conditions[t.pk]),
        )
        for t in transfers
    }


def _here(placed, site_id) -> tuple:
    """Return the facts at the receiving site; while it is not named, those of all sites."""
    return tuple(fact for place, fact in placed if site_id is None or place == site_id)


def _gates(transfers):
    found = defaultdict(dict)
    rows = Gate.objects.filter(transfer__in=transfers).values_list("transfer_id", "code", "status")
    for transfer_id, code, status in rows:
        found[transfer_id][code] = status
    return found


def _conditions(transfers):
    found = defaultdict(list)
    rows = GateCondition.objects.filter(
        gate__transfer__in=transfers, met_at__isnull=True, voided_at__isnull=True
    ).order_by("gate__code", "id")
    for transfer_id, *facts in rows.values_list(
        "gate__transfer_id", "gate__code", "text", "due_on"
    ):
        found[transfer_id].append(ConditionFact(*facts))
    return found


def _facts(record_type, model, products, order):
    found = defaultdict(tuple)
    rows = model.objects.filter(product_id__in=products).order_by(order)
    for product_id, key in rows.values_list("product_id", "code"):
        found[product_id] += (Fact(record_type, key, ""),)
    return found


def _at_sites(record_type, model, products, order, place):
    found = defaultdict(list)
    rows = model.objects.filter(product_id__in=products).exclude(status="retired").order_by(order)
    for product_id, site_id, key, status in rows.values_list("product_id", place, "code", "status"):
        found[product_id].append((site_id, Fact(record_type, key, status)))
    return found


def _batches(products):
    found = defaultdict(list)
    rows = Batch.objects.filter(product_id__in=products).order_by("id")
    for product_id, site_id, reviewed_at, *facts in rows.values_list(
        "product_id", "site_id", "reviewed_at", "number", "purpose", "execution", "disposition"
    ):
        found[product_id].append((site_id, BatchFact(*facts, reviewed=reviewed_at is not None)))
    return found


def _deviations(products):
    found = defaultdict(list)
    rows = (
        Deviation.objects.filter(batch__product_id__in=products)
        .exclude(status=DeviationStatus.CLOSED)
        .exclude(classification=Classification.MINOR)
        .order_by("id")
    )
    for product_id, site_id, key, word, batch in rows.values_list(
        "batch__product_id", "batch__site_id", "number", "classification", "batch__number"
    ):
        fact = Fact("deviation", key, word, parent=batch, shown_as=Ref("batch", batch))
        found[product_id].append((site_id, fact))
    return found


def _specifications(products, today):
    found, lines = defaultdict(list), defaultdict(tuple)
    rows = (
        Specification.objects.filter(product_id__in=products, stage__in=RELEASE_STAGES)
        .exclude(status="retired")
        .order_by("-version")
    )
    for row in rows:
        ended = row.effective_until is not None and row.effective_until < today
        in_force = row.status == "approved" and row.effective_from <= today and not ended
        status = "in_force" if in_force else row.status
        found[row.product_id].append(Fact("specification", row.code, status))
    required = SpecificationLine.objects.filter(specification__in=rows, required=True)
    named = list(required.order_by("position").values_list("specification__code", "test", "method"))
    methods = dict(
        Method.objects.filter(code__in={method for _, _, method in named}).values_list(
            "code", "status"
        )
    )
    for code, test, method in named:
        lines[code] += (LineFact(test, method, methods.get(method)),)
    return found, lines
