"""Batches brought to the door of release through the real services of every room."""

from datetime import timedelta

from batches.identity import services as identity
from batches.manufacture import services as manufacture
from batches.manufacture.models import Batch
from cdmo.portfolio.models import Product
from qc.release import services
from qc.release.models import ReleaseCheck
from qc.specifications.models import Specification
from tests.builders.laboratory import LINES, a_method, a_sample, a_specification, all_results
from tests.builders.manufacture import (
    COMPLETED,
    REVIEWED,
    STARTED,
    STEPPED,
    a_product_with_master,
    an_issued_batch,
    perform,
)
from tests.builders.materials import a_lot, a_use
from tests.cast import proof_of

SAMPLED = COMPLETED + timedelta(minutes=5)
TESTED = REVIEWED + timedelta(minutes=5)
CHECKED = REVIEWED + timedelta(hours=1)
CERTIFIED = CHECKED + timedelta(hours=1)


def a_product_to_release(cast, code="ASTRORX", *, lines=LINES, **facts) -> Product:
    """A product with agreements, master, methods fit for clinical batches and a specification."""
    product = Product.objects.filter(code=code).first()
    if product is None:
        product = a_product_with_master(cast, code, **facts)
    if not Specification.objects.filter(product=product).exists():
        for method in sorted({line["method"] for line in lines if line.get("method")}):
            a_method(cast, method, validation="validated")
        a_specification(cast, product, lines=lines)
    return product


def a_made_batch(cast, product=None, *, lot=None, source=None, values=None, **facts) -> Batch:
    """Issued, started, fed with a released lot (or a batch), executed, completed, reviewed."""
    product = product or a_product_to_release(cast)
    batch = an_issued_batch(cast, product, **facts)
    if batch.coi_id:
        _scan(cast, batch, "receipt", STARTED - timedelta(minutes=10))
    batch = manufacture.start_batch(batch=batch, by=cast.operator, at=STARTED)
    if source is None:
        source = lot or a_lot(cast)
    a_use(cast, batch, source, used_at=STARTED + timedelta(minutes=10), at=STEPPED)
    perform(cast, batch, values=values)
    if batch.coi_id:
        _scan(cast, batch, "fill", STEPPED + timedelta(minutes=10))
    batch = manufacture.complete_batch(
        batch=batch, by=cast.supervisor, at=COMPLETED, proof=proof_of(cast.supervisor, COMPLETED)
    )
    return manufacture.review_batch(
        batch=batch, by=cast.qa, at=REVIEWED, proof=proof_of(cast.qa, REVIEWED)
    )


def _scan(cast, batch, handover, at):
    identity.record_scan(
        batch=batch, handover=handover, scanned=batch.coi.coi, by=cast.operator, at=at
    )


def a_tested_batch(cast, product=None, *, results=None, **facts) -> Batch:
    """Made and reviewed, with one sample and every result approved; `results` replaces values."""
    batch = a_made_batch(cast, product, **facts)
    sample = a_sample(cast, batch, at=SAMPLED)
    all_results(cast, sample, at=TESTED, **(results or {}))
    return Batch.objects.get(pk=batch.pk)


def check_now(batch, *, at=CHECKED) -> ReleaseCheck:
    """Sweep: queue what has changed, run what waits; return the last check of a batch."""
    while services.drain_outbox(by=None, at=at):
        pass
    while services.run_waiting_checks(at=at):
        pass
    return ReleaseCheck.objects.filter(batch=batch).order_by("-pk").first()


def a_checked_batch(cast, product=None, *, at=CHECKED, **facts) -> Batch:
    batch = a_tested_batch(cast, product, **facts)
    check_now(batch, at=at)
    return batch


def a_certified_batch(cast, product=None, *, at=CERTIFIED, **facts) -> Batch:
    """Certified finally by the Qualified Person; its certificate is issued."""
    batch = a_checked_batch(cast, product, **facts)
    return services.certify(batch=batch, by=cast.qp, at=at, proof=proof_of(cast.qp, at))


def findings_of(check) -> dict[str, dict]:
    return {finding["rule"]: finding for finding in check.seen.findings}
