"""What speaks against receiving, deciding on and using material. Pure: no query, no clock."""

import re
from datetime import UTC, timedelta
from decimal import Decimal

from batches.materials.donations import read_donation_number
from batches.materials.states import LotStatus, Origin
from cdmo.accounts.roles import Right, roles_with
from cdmo.blockers import Blocker

# Statuses of a batch, by value: the manufacture room stands above this one.
IN_PROCESS, ON_HOLD, COMPLETED = "in_process", "on_hold", "completed"
RELEASED, CONDITIONAL = "released", "conditional"
USABLE_STOCK = frozenset({"available", "reserved"})
NOT_YET_MADE = frozenset({"planned", "issued"})

_UNIT = re.compile(r"[!-~]{1,20}", re.ASCII)


def shown(number: Decimal) -> str:
    """Return a decimal in full, without an exponent: 1E+3 reads 1000."""
    return f"{number:f}"


def clock(at) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def earlier(instant, than) -> bool:
    """Whether `instant` lies before `than`, as exactly as `instant` is known.

    People write minutes and machines whole seconds: 14:03 is not before 14:03:25.
    """
    known_to = timedelta(0)
    if not instant.microsecond:
        known_to = timedelta(seconds=1) if instant.second else timedelta(minutes=1)
    return instant + known_to <= than if known_to else instant < than


def reason_blockers(reason: str, *, why: str):
    if not reason.strip():
        yield Blocker("reason_missing", f"Say why {why}.")


def unit_blockers(unit: str):
    if not _UNIT.fullmatch(unit):
        yield Blocker("bad_unit", "A unit is a UCUM code without spaces, like mL, mg or 10*6.")


def material_right_blockers(by):
    """Whoever receives goods or writes masters may add a material to the list."""
    if not (by.may(Right.RECEIVE_LOT) or by.may(Right.WRITE_MASTER)):
        roles = dict.fromkeys([*roles_with(Right.RECEIVE_LOT), *roles_with(Right.WRITE_MASTER)])
        holders = " or ".join(role.label for role in roles)
        yield Blocker(
            "no_right",
            f"{by.full_name} may not add a material: this takes {holders}.",
            owner=holders,
        )


def receipt_blockers(*, origin, donation_number, produced_by, sponsor, received_at, at):
    """What speaks against taking a lot into quarantine."""
    if sponsor is None:
        yield Blocker("no_owner", "Say whose lot this is: there is no CDMO organisation to own it.")
    elif not (sponsor.is_sponsor or sponsor.is_cdmo):
        yield Blocker("not_an_owner", f"{sponsor.name} is neither a sponsor nor the CDMO.", sponsor)
    if received_at > at:
        yield Blocker("in_the_future", f"{clock(received_at)} has not come yet.")
    if origin == Origin.DONATION and not donation_number:
        yield Blocker(
            "donation_number_missing", "A donation has a donation number: scan or type it."
        )
    if donation_number:
        for error in read_donation_number(donation_number).errors:
            yield Blocker("bad_donation_number", error)
    yield from _produced_blockers(origin, produced_by, sponsor)


def _produced_blockers(origin, produced_by, sponsor):
    if origin != Origin.PRODUCED:
        if produced_by is not None:
            yield Blocker(
                "not_produced", "Only a lot produced here comes from a batch.", produced_by
            )
        return
    if produced_by is None:
        yield Blocker("producer_missing", "Say which batch produced this lot.")
        return
    if produced_by.execution in NOT_YET_MADE:
        yield Blocker("not_made_yet", f"{produced_by.key} has not been started.", produced_by)
    if sponsor is not None and produced_by.sponsor_id != sponsor.pk:
        yield Blocker(
            "other_sponsor",
            "A lot belongs to the sponsor of the batch that produced it.",
            produced_by,
        )


def number_blockers(number: str, *, lot_exists: bool, batch_exists: bool):
    """A key in a trace must mean one thing: lots and batches share one space of numbers."""
    if lot_exists or batch_exists:
        what = "lot" if lot_exists else "batch"
        yield Blocker(
            "number_taken", f"There is already a {what} {number}. Numbers are never reused."
        )


def release_blockers(lot, *, by, at):
    if lot.received_by_id is not None and lot.received_by_id == by.pk:
        yield Blocker(
            "own_receipt", "Whoever received a lot may not release it.", lot, "Quality assurance"
        )
    if lot.expires_at is not None and lot.expires_at <= at:
        yield Blocker("lot_expired", f"{lot.key} expired on {clock(lot.expires_at)}.", lot)
    if lot.produced_by is not None and lot.produced_by.disposition != RELEASED:
        yield Blocker(
            "batch_not_released",
            f"{lot.key} was produced by {lot.produced_by.key}, which is not released.",
            lot.produced_by,
            "Qualified Person",
        )


def batch_open_blockers(batch, *, verb="record a use of material"):
    if batch.execution != IN_PROCESS:
        yield Blocker(
            "batch_not_in_process",
            f"{batch.key} is {batch.get_execution_display().lower()}; to {verb}, "
            "it must be in process.",
            batch,
        )


def time_blockers(batch, *, used_at, at):
    if used_at > at:
        yield Blocker("in_the_future", f"{clock(used_at)} has not come yet.", batch)
    if batch.started_at is not None and earlier(used_at, batch.started_at):
        yield Blocker(
            "before_start", f"{batch.key} was started only on {clock(batch.started_at)}.", batch
        )


def lot_blockers(batch, lot, *, owner, quantity, unit, used_at, available):
    """What speaks against using this lot in this batch. `owner`: the lot's organisation."""
    yield from _owner_blockers(batch, lot, owner)
    yield from _released_blockers(lot, used_at)
    if lot.expires_at is not None and used_at >= lot.expires_at:
        yield Blocker("lot_expired", f"{lot.key} expired on {clock(lot.expires_at)}.", lot)
    if lot.produced_by is not None and lot.produced_by.disposition != RELEASED:
        yield Blocker(
            "source_not_released",
            f"{lot.key} was produced by {lot.produced_by.key}, which is not released.",
            lot.produced_by,
            "Qualified Person",
        )
    yield from _quantity_blockers(lot, quantity, unit, lot.unit, available)


def _owner_blockers(batch, source, owner):
    if owner.pk != batch.sponsor_id and not owner.is_cdmo:
        yield Blocker(
            "other_sponsor",
            f"{source.key} belongs to another sponsor: it can never go into {batch.key}.",
            source,
        )


def _released_blockers(lot, used_at):
    if lot.status in {LotStatus.QUARANTINE, LotStatus.REJECTED} or lot.released_at is None:
        status = "in quarantine" if lot.status == LotStatus.QUARANTINE else "rejected"
        yield Blocker(
            "lot_not_released", f"{lot.key} is {status}, not released.", lot, "Quality assurance"
        )
        return
    if earlier(used_at, lot.released_at):
        yield Blocker(
            "lot_not_released",
            f"{lot.key} was released only on {clock(lot.released_at)}.",
            lot,
            "Quality assurance",
        )
    if lot.status == LotStatus.RECALLED and used_at >= lot.stopped_at:
        yield Blocker("lot_recalled", f"{lot.key} was recalled on {clock(lot.stopped_at)}.", lot)


def _quantity_blockers(source, quantity, unit, source_unit, available):
    if source_unit and unit != source_unit:
        yield Blocker(
            "unit_differs",
            f"{source.key} is kept in {source_unit}, not in {unit}. "
            f"Give the quantity in {source_unit}: units are never converted silently.",
            source,
        )
    elif available is not None and quantity > available:
        left = f"only {shown(available)} {unit} are left" if available > 0 else "nothing is left"
        yield Blocker("over_stock", f"{shown(quantity)} {unit} of {source.key}: {left}.", source)


def source_batch_blockers(
    batch, source, *, owner, quantity, unit, used_at, available, made_from_batch
):
    """What speaks against using another batch in this one.

    `made_from_batch`: whether the source was itself made from this batch, however far back.
    """
    if source.pk == batch.pk:
        yield Blocker("itself", f"{batch.key} cannot be made from itself.", batch)
        return
    if made_from_batch:
        yield Blocker(
            "cycle",
            f"{source.key} was itself made from {batch.key}: a batch cannot descend from itself.",
            source,
        )
    yield from _owner_blockers(batch, source, owner)
    yield from _certified_blockers(source, used_at)
    if source.expires_at is not None and used_at >= source.expires_at:
        yield Blocker(
            "source_expired", f"{source.key} expired on {clock(source.expires_at)}.", source
        )
    if available is None or not source.yield_unit:
        yield Blocker(
            "yield_unknown",
            f"The yield of {source.key} is not recorded, so nobody can say whether "
            f"{shown(quantity)} {unit} of it are there. Record its yield first, with its unit.",
            source,
            "Production supervisor",
        )
    else:
        yield from _quantity_blockers(source, quantity, unit, source.yield_unit, available)


def _certified_blockers(source, used_at):
    if source.disposition != RELEASED:
        word = (
            "released only conditionally" if source.disposition == CONDITIONAL else "not released"
        )
        yield Blocker("source_not_released", f"{source.key} is {word}.", source, "Qualified Person")
        return
    if source.disposed_at is not None and earlier(used_at, source.disposed_at):
        yield Blocker(
            "source_not_released",
            f"{source.key} was released only on {clock(source.disposed_at)}.",
            source,
            "Qualified Person",
        )
    if source.inventory not in USABLE_STOCK:
        yield Blocker(
            "source_not_in_stock",
            f"{source.key} is {source.get_inventory_display().lower()}, not in stock.",
            source,
        )


def origin_blockers(source, stopped):
    """What went into the source and was recalled or rejected before this use.

    The source itself may still be released: nobody has decided on it anew yet.
    """
    for origin in stopped:
        yield Blocker(
            "origin_stopped",
            f"{source.key} was made from {origin.key}, which was recalled or rejected. Decide "
            f"on {source.key} first.",
            origin,
            "Quality assurance",
        )


def step_blockers(batch, step):
    if step is not None and step.batch_id != batch.pk:
        yield Blocker("other_step", f"Step {step.code} belongs to another batch.", step)


def cancel_blockers(consumption, batch):
    """A use can be taken back until QA has reviewed the record."""
    if consumption.cancelled_at is not None:
        yield Blocker("already_cancelled", "This use was cancelled before.", batch)
    if batch.execution not in {IN_PROCESS, ON_HOLD, COMPLETED}:
        yield Blocker(
            "batch_not_in_process",
            f"{batch.key} is {batch.get_execution_display().lower()}.",
            batch,
        )
    elif batch.reviewed_at is not None:
        yield Blocker(
            "already_reviewed",
            f"{batch.key} was reviewed on {clock(batch.reviewed_at)}: raise a deviation instead.",
            batch,
        )
