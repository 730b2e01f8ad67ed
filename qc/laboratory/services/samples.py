"""Samples, named by the identifier that instruments will know them by."""

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import numbered, record_event
from qc.laboratory import rules
from qc.laboratory.models import Sample


@service
def take_sample(
    *,
    batch,
    by,
    at,
    taken_at=None,
    number="",
    kind="release",
    storage="",
    illustrative=False,
    reason="",
) -> Sample:
    """Record a sample of a batch. Without a number it gets the next one, such as SMP-26-0001."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    taken_at = taken_at or at
    ensure_clear(
        [
            *right_blockers(by, Right.TAKE_SAMPLE),
            *rules.sample_blockers(batch=batch, number=number, taken_at=taken_at, at=at),
        ]
    )
    number = number or numbered("SMP", at)
    with one_of_a_kind("taken", f"There is already a sample {number}."):
        sample = Sample.objects.create(
            number=number,
            batch=batch,
            sponsor_id=batch.sponsor_id,
            kind=kind or "release",
            taken_at=taken_at,
            taken_by=by,
            storage=storage,
            illustrative=illustrative,
        )
    record_event(
        verb="sample.take",
        record=sample,
        by=by,
        at=at,
        reason=reason,
        cause=f"Sample {number} was taken from {batch.number}.",
    )
    return sample
