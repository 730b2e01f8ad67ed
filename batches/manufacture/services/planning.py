"""Planning a batch and changing its plan."""

from django.db import IntegrityError, transaction

from batches.dossier import locked
from batches.identity.models import IdentityChain
from batches.identity.services import create_chain
from batches.manufacture import numbers, rules
from batches.manufacture.models import Batch, MasterBatchRecord
from batches.manufacture.states import GMP_PURPOSES, MasterStatus
from batches.materials.models import Lot
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked, Blocker, ensure_clear
from cdmo.portfolio.models import ProcessVersion
from cdmo.portfolio.states import ProcessStatus
from cdmo.records.acting import service
from cdmo.records.services import next_number, numbered, record_event


@service
def plan_batch_for(*, product, by, at, coi=None, **plan):
    """Plan a batch for a chain of identity named by its identifier. Raises Blocked.

    An ordering system gives the identifier before it tells us anything else, so one that is not
    known yet is registered here, under a pseudonym of our own, in the batch's own transaction.
    """
    chain = None
    if coi:
        chain = IdentityChain.objects.filter(coi=coi).first() or create_chain(
            product=product, pseudonym=numbered("PSN", at), coi=coi, by=by, at=at
        )
    return plan_batch(product=product, coi=chain, by=by, at=at, **plan)


@service
def plan_batch(
    *,
    product,
    purpose,
    by,
    at,
    process_version=None,
    number="",
    coi=None,
    planned_start_at=None,
    objective="",
    illustrative=False,
    reason="",
):
    """Plan a batch at the site of its process version. Raises Blocked with every objection.

    Without a process version the newest usable one of the product is taken; without a number one
    is given: PRODUCT-SITE-YY-NNNN-C.
    """
    process_version = process_version or newest_usable(product, purpose)
    ensure_clear(
        [
            *right_blockers(by, Right.PLAN_BATCH),
            *rules.plan_blockers(
                product=product, purpose=purpose, process_version=process_version, coi=coi
            ),
            *_number_blockers(number),
        ]
    )
    try:
        with transaction.atomic():
            batch = Batch.objects.create(
                sponsor_id=product.sponsor_id,
                number=number or _next_number(product, process_version.site, at),
                product=product,
                process_version=process_version,
                master=effective_master(process_version),
                site=process_version.site,
                purpose=purpose,
                objective=objective,
                coi=coi,
                planned_by=by,
                planned_at=at,
                planned_start_at=planned_start_at,
                illustrative=illustrative,
            )
    except IntegrityError as error:
        if Batch.objects.filter(number=number).exists():
            raise Blocked(
                [Blocker("number_taken", f"There is already a batch {number}.")]
            ) from error
        raise
    record_event(verb="batch.planned", record=batch, by=by, at=at, reason=reason)
    return batch


@service
def change_batch(*, batch, by, at, reason="", **changes):
    """Change the objective, planned start or chain of identity, with a reason. Raises Blocked."""
    batch = locked(batch, "product")
    ensure_clear(
        [
            *right_blockers(by, Right.PLAN_BATCH),
            *([] if reason.strip() else [Blocker("no_reason", "A change needs a reason.")]),
            *rules.change_blockers(batch, changes=changes),
            *rules.identity_blockers(product=batch.product, coi=changes.get("coi"), required=False),
        ]
    )
    for name, value in changes.items():
        setattr(batch, name, value)
    batch.save(update_fields=list(changes))
    record_event(
        verb="batch.changed",
        record=batch,
        by=by,
        at=at,
        reason=reason,
        cause=f"The plan of {batch.number} was changed.",
    )
    return batch


def newest_usable(product, purpose):
    """Return the product's newest process version that a batch of this purpose may follow.

    Qualified ones before those still in engineering; None if there is none.
    """
    order = [ProcessStatus.QUALIFIED, ProcessStatus.ENGINEERING, ProcessStatus.DEVELOPMENT]
    if purpose in GMP_PURPOSES:
        order.remove(ProcessStatus.DEVELOPMENT)
    found = ProcessVersion.objects.filter(product=product, status__in=order).select_related("site")
    return max(
        found, key=lambda item: (-order.index(item.status), item.version, item.pk), default=None
    )


def effective_master(process_version) -> MasterBatchRecord | None:
    """Return the one effective master batch record of a process version."""
    return process_version.masters.filter(status=MasterStatus.EFFECTIVE).first()


def _next_number(product, site, at) -> str:
    year = f"{at:%y}"
    while True:
        sequence = next_number(f"batch:{product.code}-{site.code}-{year}")
        number = numbers.batch_number(
            product=product.code, site=site.code, year=year, sequence=sequence
        )
        if number and not Batch.objects.filter(number=number).exists():
            return number


def _number_blockers(number):
    if number and not numbers.is_well_formed(number):
        yield Blocker(
            "number_malformed",
            "A batch number is made of letters, digits, points and dashes (3 to 60 characters).",
        )
    elif number and Lot.objects.filter(number=number).exists():
        # A trace names lots and batches by their numbers alone.
        yield Blocker("number_taken", f"There is already a lot {number}.")
