"""Materials, lots and uses brought to a state through the real services.

Batches are the room above: here a row with a status is enough, the services below read no more.
"""

from datetime import timedelta
from decimal import Decimal

from batches.manufacture.models import Batch
from batches.materials import services
from batches.materials.models import Material
from cdmo.portfolio.models import ProcessVersion, Product
from tests.builders.portfolio import a_process_version, a_product
from tests.cast import NOON, proof_of

YESTERDAY = NOON - timedelta(days=1)
AN_HOUR_AGO = NOON - timedelta(hours=1)


def a_material(cast, code="MEDIUM-1", *, unit="mL", **facts) -> Material:
    found = Material.objects.filter(code=code).first()
    return found or services.create_material(
        code=code, name=facts.pop("name", "Medium"), unit=unit, by=cast.planner, at=NOON, **facts
    )


def a_lot(cast, number="", *, quantity="1000", status="released", material=None, **facts):
    """A lot received the day before; released, rejected or recalled as far as `status` says."""
    at = facts.pop("received_at", YESTERDAY)
    lot = services.receive_lot(
        number=number,
        material=material or a_material(cast),
        quantity=Decimal(quantity),
        by=cast.planner,
        at=at,
        **facts,
    )
    if status == "rejected":
        return services.reject_lot(
            lot=lot, by=cast.qa, at=at, proof=proof_of(cast.qa), reason="Torn bag."
        )
    if status in {"released", "recalled", "expired"}:
        lot = services.release_lot(lot=lot, by=cast.qa, at=at, proof=proof_of(cast.qa))
    if status == "recalled":
        lot = services.recall_lot(
            lot=lot, by=cast.qa, at=AN_HOUR_AGO, proof=proof_of(cast.qa), reason="Supplier's alert."
        )
    return lot


def a_batch(cast, number="B-1", *, execution="in_process", product=None, **facts) -> Batch:
    """A batch row in a state, of one product a sponsor."""
    sponsor = facts.pop("sponsor", None) or (product.sponsor if product else cast.kadimastem)
    product = product or _product(cast, sponsor)
    version = ProcessVersion.objects.filter(product=product).first()
    if facts.get("disposition") == "released":
        facts.setdefault("inventory", "available")
    return Batch.objects.create(
        number=number,
        sponsor=sponsor,
        product=product,
        process_version=version or a_process_version(cast, product),
        site=cast.site,
        purpose="clinical",
        execution=execution,
        planned_at=YESTERDAY,
        started_at=facts.pop("started_at", YESTERDAY),
        **facts,
    )


def _product(cast, sponsor) -> Product:
    found = Product.objects.filter(sponsor=sponsor, modality="allogeneic").first()
    return found or a_product(cast, f"{sponsor.code}-P", sponsor=sponsor)


def a_released_batch(cast, number, *, yield_value="100", yield_unit="mL", **facts) -> Batch:
    return a_batch(
        cast,
        number,
        execution="completed",
        disposition="released",
        disposed_at=YESTERDAY,
        yield_value=Decimal(yield_value),
        yield_unit=yield_unit,
        **facts,
    )


def a_use(cast, batch, source, quantity="10", *, unit="mL", used_at=AN_HOUR_AGO, **facts):
    """`batch` took a quantity of `source`, a Lot or a Batch."""
    key = "source_batch" if isinstance(source, Batch) else "lot"
    return services.record_consumption(
        batch=batch,
        quantity=Decimal(quantity),
        unit=unit,
        used_at=used_at,
        by=facts.pop("by", cast.operator),
        at=facts.pop("at", NOON),
        **{key: source},
        **facts,
    )
