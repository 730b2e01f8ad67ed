"""Portfolio records brought to a state through the real services."""

from datetime import date

from cdmo.portfolio import services
from cdmo.portfolio.models import Process, ProcessVersion, Product
from tests.cast import NOON, proof_of

START, END = date(2026, 1, 1), date(2031, 12, 31)


def a_product(cast, code="ASTRORX", *, sponsor=None, modality="allogeneic", **facts) -> Product:
    return services.create_product(
        code=code,
        name=facts.pop("name", code.title()),
        sponsor=sponsor or cast.kadimastem,
        modality=modality,
        by=cast.pm,
        at=NOON,
        **facts,
    )


def a_process(cast, product) -> Process:
    found = Process.objects.filter(product=product).first()
    return found or services.create_process(
        code=f"{product.code}-PROC", name="Manufacture", product=product, by=cast.qa2, at=NOON
    )


def a_process_version(cast, product, *, status="qualified", site=None, **facts) -> ProcessVersion:
    """Written by the supervisor, approved by QA as far as `status` says."""
    version = services.write_process_version(
        process=a_process(cast, product),
        site=site or cast.site,
        by=cast.supervisor,
        at=NOON,
        **facts,
    )
    steps = {"development": 0, "engineering": 1, "qualified": 2}[status]
    for _ in range(steps):
        version = services.approve_process_version(
            process_version=version, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    return version


def an_agreement(
    cast,
    kind="work_order",
    *,
    sponsor=None,
    works=("tech_transfer", "non_gmp", "gmp_clinical"),
    options=(),
    products=(None,),
    signed=True,
    valid_from=START,
    valid_until=END,
    **facts,
):
    """An agreement whose scope grants `works` and offers `options`, for all products by default."""
    scope = [
        {"item": work.replace("_", " "), "work": work, "product": product, "status": status}
        for status, items in (("in_scope", works), ("option", options))
        for work in items
        for product in products
    ]
    agreement = services.write_agreement(
        sponsor=sponsor or cast.kadimastem,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        scope=scope,
        by=cast.pm,
        at=NOON,
        **facts,
    )
    if signed:
        agreement = services.sign_agreement(
            agreement=agreement, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    return agreement


def authorised(cast, sponsor=None) -> None:
    """Give a sponsor what GMP work needs: a work order and a quality agreement in force."""
    an_agreement(
        cast,
        "work_order",
        sponsor=sponsor,
        works=("tech_transfer", "non_gmp", "gmp_clinical", "gmp_commercial"),
    )
    an_agreement(cast, "quality_agreement", sponsor=sponsor, works=("testing",))


def a_product_ready_to_make(cast, code="ASTRORX", *, sponsor=None, **facts) -> ProcessVersion:
    """A product with agreements in force and a qualified process version at the site."""
    product = a_product(cast, code, sponsor=sponsor, **facts)
    authorised(cast, sponsor=sponsor)
    return a_process_version(cast, product)
