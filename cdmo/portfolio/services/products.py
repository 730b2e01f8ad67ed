"""Products, processes and process versions."""

from cdmo.accounts.models import Organisation, Site
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.portfolio import rules
from cdmo.portfolio.models import Process, ProcessVersion, Product
from cdmo.portfolio.states import (
    APPROVALS,
    MEANINGS,
    RETIRES,
    ProcessStatus,
    approval_meaning,
)
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.records.signatures import Proof, sign
from cdmo.states import move_blockers, move_from

CHANGEABLE = frozenset(
    {"name", "gene_modified", "route", "description", "family", "shelf_life_minutes"}
    | {"allows_conditional_release", "claim_status", "claim_text", "claim_source", "claim_date"}
    | {"source"}
)


@service
def create_product(*, code, name, sponsor: Organisation, modality, by, at, **facts) -> Product:
    """Create a product of a sponsor. A claim about outcome needs status, source and date."""
    product = Product(code=code, name=name, sponsor=sponsor, modality=modality, **facts)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_PRODUCT),
            *rules.sponsor_blockers(sponsor),
            *_claim(product),
        ]
    )
    with one_of_a_kind("taken", f"There is already a product {code}."):
        product.save()
    record_event(verb="product.create", record=product, by=by, at=at)
    return product


def _claim(product):
    return rules.claim_blockers(
        text=product.claim_text,
        status=product.claim_status,
        source=product.claim_source,
        date=product.claim_date,
    )


@service
def change_product(*, product, by, at, reason="", **changes) -> Product:
    """Change facts of a product, with a reason. Code, sponsor and modality stay."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if unknown := set(changes) - CHANGEABLE:
        raise TypeError(f"{', '.join(sorted(unknown))} of a product is not changed")
    for name, value in changes.items():
        setattr(product, name, value)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_PRODUCT),
            *rules.reason_blockers(reason, record=product),
            *_claim(product),
        ]
    )
    product.save(update_fields=list(changes))
    record_event(
        verb="product.change",
        record=product,
        by=by,
        at=at,
        reason=reason,
        cause=f"Product {product.code} was changed.",
    )
    return product


@service
def create_process(*, code, name, product: Product, by, at) -> Process:
    """Create a process: how a product is made, what a transfer transfers."""
    ensure_clear(right_blockers(by, Right.WRITE_MASTER))
    with one_of_a_kind("taken", f"There is already a process {code}."):
        process = Process.objects.create(
            code=code, name=name, product=product, sponsor_id=product.sponsor_id
        )
    record_event(verb="process.create", record=process, by=by, at=at)
    return process


@service
def write_process_version(
    *,
    process: Process,
    site: Site,
    by,
    at,
    version=None,
    code="",
    description="",
    illustrative=False,
) -> ProcessVersion:
    """Write a version of a process for one site, in development. Without a number: the next one."""
    # The process row guards the numbering: two writers at once get two numbers.
    process = Process.objects.select_for_update(of=("self",)).get(pk=process.pk)
    ensure_clear(right_blockers(by, Right.WRITE_MASTER))
    if version is None:
        newest = process.versions.filter(site=site).order_by("-version").first()
        version = newest.version + 1 if newest else 1
    code = code or f"{process.code}-{site.code}-V{version}"
    with one_of_a_kind("taken", f"There is already a process version {code} or number {version}."):
        row = ProcessVersion.objects.create(
            code=code,
            process=process,
            product_id=process.product_id,
            sponsor_id=process.sponsor_id,
            version=version,
            site=site,
            description=description,
            written_by=by,
            illustrative=illustrative,
        )
    record_event(verb="process_version.write", record=row, by=by, at=at)
    return row


@service
def approve_process_version(*, process_version, by, at, proof: Proof, reason="") -> ProcessVersion:
    """Approve a version: from development to engineering, then to qualified. Not by its author."""
    row = ProcessVersion.objects.select_for_update(of=("self",)).get(pk=process_version.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.APPROVE_MASTER),
            *rules.approve_version_blockers(row, by=by),
        ]
    )
    row.status = move_from(row, APPROVALS).target
    row.save(update_fields=["status"])
    sign(
        record=row,
        verb="approve",
        meaning=approval_meaning(row.status),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="process_version.approve",
        record=row,
        by=by,
        at=at,
        reason=reason,
        new={"status": row.status},
        cause=f"Process version {row.code} was approved.",
    )
    return row


@service
def retire_process_version(*, process_version, by, at, proof: Proof, reason="") -> ProcessVersion:
    """Retire a version: no new batch is planned on it."""
    row = ProcessVersion.objects.select_for_update(of=("self",)).get(pk=process_version.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.APPROVE_MASTER),
            *move_blockers(row, RETIRES),
            *rules.reason_blockers(reason, record=row),
        ]
    )
    row.status = ProcessStatus.RETIRED
    row.save(update_fields=["status"])
    sign(
        record=row,
        verb="retire",
        meaning=MEANINGS["retire"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(verb="process_version.retire", record=row, by=by, at=at, reason=reason)
    return row


__all__ = [
    "approve_process_version",
    "change_product",
    "create_process",
    "create_product",
    "retire_process_version",
    "write_process_version",
]
