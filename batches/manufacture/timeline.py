"""Everything that happened to a batch, in order: events of its records, and signatures."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from batches.deviations.models import Deviation
from batches.identity.models import IdentityScan
from batches.manufacture.models import BatchStep
from batches.manufacture.sentences import sentence
from batches.materials.models import Consumption
from cdmo.records.models import AuditEvent, Signature

PARTS = (BatchStep, Deviation, Consumption, IdentityScan)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: event or signature; `voided_at` is of a signature that no longer stands."""

    at: datetime
    by: str
    role: str
    verb: str
    sentence: str
    kind: str
    record_type: str
    record: str
    reason: str = ""
    voided_at: datetime | None = None


def records_of(batch) -> Q:
    """Return the condition for audit rows of the batch and of what belongs to it on this floor."""
    found = Q(record_type="batch", record_id=batch.pk)
    for model in PARTS:
        ids = model.objects.filter(batch=batch).values("pk")
        found |= Q(record_type=model.record_type, record_id__in=ids)
    return found


def timeline(batch, *, user, also: Q | None = None) -> list[Entry]:
    """Return events and signatures, oldest first. A sponsor's person reads the shared ones.

    `also`: audit rows of records that stand on a floor above.
    """
    where = records_of(batch) if also is None else records_of(batch) | also
    if user.is_sponsor_side:
        # Milestones only, and signatures by name and role: rows that row-level security leaves.
        events = AuditEvent.objects.visible_to(user).filter(
            record_type="batch", record_id=batch.pk, shared=True
        )
        signatures = Signature.objects.visible_to(user).filter(
            record_type="batch", record_id=batch.pk, verb__in=["review", "certify"]
        )
    else:
        events = AuditEvent.objects.filter(where, kind=AuditEvent.Kind.EVENT)
        signatures = Signature.objects.filter(where)
    entries = [
        Entry(
            at=event.at,
            by=event.by_name,
            role=event.role,
            verb=event.verb,
            sentence=sentence(event.verb, event.record, event.new),
            kind="event",
            record_type=event.record_type,
            record=event.record,
            reason=event.reason,
        )
        for event in events.order_by("at", "id")
    ]
    entries += [
        Entry(
            at=signature.at,
            by=signature.printed_name,
            role=signature.role,
            verb=signature.verb,
            sentence=f"Signed: {signature.meaning}",
            kind="signature",
            record_type=signature.record_type,
            record=signature.record,
            reason=signature.reason,
            voided_at=signature.voided_at,
        )
        for signature in signatures.select_related("void").order_by("at", "id")
    ]
    return sorted(entries, key=lambda entry: entry.at)
