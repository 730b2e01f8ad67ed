"""Patients' batches with their chains of identity, through the real services."""

from batches.identity import services
from cdmo.portfolio.models import Product
from tests.builders.materials import a_batch
from tests.builders.portfolio import a_product
from tests.cast import NOON


def a_patient_product(cast, code="REX-001", *, sponsor=None) -> Product:
    found = Product.objects.filter(code=code).first()
    sponsor = sponsor or cast.ixaka
    return found or a_product(cast, code, sponsor=sponsor, modality="autologous")


def a_chain(cast, pseudonym="SITE-001-0007", *, product=None, **facts):
    return services.create_chain(
        product=product or a_patient_product(cast),
        pseudonym=pseudonym,
        by=cast.planner,
        at=NOON,
        **facts,
    )


def a_patient_batch(cast, number="P-1", *, chain=None, **facts):
    chain = chain or a_chain(cast)
    return a_batch(cast, number, product=chain.product, coi=chain, **facts)


def a_scan(cast, batch, handover="start", scanned="", **facts):
    return services.record_scan(
        batch=batch,
        handover=handover,
        scanned=scanned or batch.coi.coi,
        by=facts.pop("by", cast.operator),
        at=facts.pop("at", NOON),
        **facts,
    )
