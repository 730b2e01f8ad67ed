"""Objections to a batch moving along its axes."""

from batches.manufacture.rules.planning import identity_blockers, process_blockers
from batches.manufacture.rules.yields import given_yield_blockers
from batches.manufacture.states import (
    ABORTS,
    COMPLETE,
    COMPLETE_AGAIN,
    ISSUE,
    RECALLS,
    REJECTS,
    START,
    Disposition,
    Execution,
    StepKind,
    StepStatus,
)
from cdmo.blockers import Blocker, Ref
from cdmo.portfolio.authority import authority_blockers
from cdmo.states import move_blockers

STALE_WORD = "QC's word on the specification was not given at this instant; ask again."
_DONE = frozenset({StepStatus.PERFORMED, StepStatus.VERIFIED, StepStatus.NOT_APPLICABLE})
_SCANS_BEFORE_START = frozenset({"receipt", "start"})


def undecided_blockers(batch):
    """Object to work on a batch whose disposition was decided."""
    if batch.disposition != Disposition.PENDING:
        yield Blocker(
            "already_decided",
            f"{batch.number} is {batch.get_disposition_display().lower()}; its execution is over.",
            record=batch,
        )


def unfinished_blockers(batch):
    """Object to work on a decided batch, unless its completed record only asks to be signed again.

    A correction after the decision voids what was signed under the record; were nobody let sign
    again, a released batch would keep a record that nobody answers for.
    """
    if batch.execution != Execution.COMPLETED:
        yield from undecided_blockers(batch)


def issue_blockers(batch, *, master, quality, coverage, day, at):
    """Object unless instructions, specification, agreements, site and identity are all there."""
    yield from move_blockers(batch, [ISSUE], axis="execution")
    yield from undecided_blockers(batch)
    if master is None:
        yield Blocker(
            "no_master",
            f"No master batch record is effective for {batch.process_version.code}.",
            record=batch.process_version,
            owner="Quality assurance",
        )
    if quality.at != at:
        yield Blocker("stale_quality", STALE_WORD, record=batch)
    elif quality.specification is None:
        yield Blocker(
            "no_specification",
            f"No specification of {batch.product.code} is effective today.",
            record=batch.product,
            owner="QC reviewer",
        )
    yield from process_blockers(
        product=batch.product, purpose=batch.purpose, process_version=batch.process_version
    )
    if batch.process_version.site_id != batch.site_id:
        yield Blocker(
            "wrong_site",
            f"{batch.process_version.code} is a process version of another site than "
            f"{batch.site.code}.",
            record=batch.process_version,
        )
    yield from authority_blockers(
        product=batch.product.code, purpose=batch.purpose, coverage=coverage, on=day
    )
    yield from identity_blockers(product=batch.product, coi=batch.coi, required=True)


def start_blockers(batch, *, scans, by, verifier):
    """A patient's batch starts only after a matching scan; a witness is somebody else."""
    yield from move_blockers(batch, [START], axis="execution")
    yield from undecided_blockers(batch)
    if verifier is not None and verifier.pk == by.pk:
        yield Blocker("own_verification", "The second person must be somebody else.", record=batch)
    if batch.coi_id is None and not batch.product.is_for_one_patient:
        return
    found = [scan for scan in scans if scan.handover in _SCANS_BEFORE_START]
    if not found:
        yield Blocker(
            "identity_not_scanned",
            f"The chain of identity of {batch.number} was not scanned at receipt or start.",
            record=batch,
            owner="Operator",
        )
    elif not found[-1].matched:
        yield Blocker(
            "identity_mismatch",
            f"The last identity scan of {batch.number} did not match. Stop and call quality "
            "assurance.",
            record=batch,
            owner="Quality assurance",
        )


def complete_blockers(batch, *, master, execution, signed, yield_value, yield_unit):
    """Object while anything that the record demands is missing. All of it, step by step."""
    yield from move_blockers(batch, [COMPLETE, COMPLETE_AGAIN], axis="execution")
    yield from unfinished_blockers(batch)
    if batch.execution == Execution.COMPLETED and signed:
        yield Blocker(
            "already_completed",
            f"{batch.number} is completed and its signature stands.",
            record=batch,
        )
    yield from record_gaps(execution)
    yield from given_yield_blockers(
        batch, master=master, execution=execution, value=yield_value, unit=yield_unit
    )


def record_gaps(execution):
    """Yield what is missing in an executed record: RC-17 and RC-19 in the plant's words."""
    for step in execution.steps:
        if step.mandatory and step.status not in _DONE:
            yield Blocker(
                "step_open",
                f"Step {step.code} ({step.title}) is not performed.",
                record=step,
                owner="Operator",
            )
        elif step.critical and step.status == StepStatus.PERFORMED:
            yield Blocker(
                "step_unverified",
                f"Critical step {step.code} ({step.title}) is not verified by a second person.",
                record=step,
                owner="Production supervisor",
            )
        if step.in_limits is False and step.pk not in execution.deviated_steps:
            yield excursion(step)
        if (
            step.kind == StepKind.CONSUMPTION
            and step.status in {StepStatus.PERFORMED, StepStatus.VERIFIED}
            and step.pk not in execution.consuming_steps
            and not execution.loose_consumptions
        ):
            yield Blocker(
                "nothing_consumed",
                f"Step {step.code} ({step.title}) uses material, but no consumption is recorded.",
                record=step,
                owner="Operator",
            )


def excursion(step) -> Blocker:
    """A value outside its limits demands a deviation before anything else happens to it."""
    return Blocker(
        "excursion_without_deviation",
        f"Step {step.code} ({step.title}): {step.value} {step.unit}".rstrip()
        + " is outside its limits and no deviation was raised.",
        record=step,
        owner="Operator",
    )


def review_blockers(batch, *, execution, completed_by, unclassified, signed, worked, by):
    """`completed_by`: who signed the completion and stands, or None. `signed`: a review stands.

    `worked`: whether `by` ever worked on the record, though it names somebody else by now.
    """
    if batch.execution != Execution.COMPLETED:
        yield Blocker(
            "not_completed",
            f"{batch.number} is {batch.get_execution_display().lower()}; only a completed batch "
            "record is reviewed.",
            record=batch,
        )
        return
    if signed:
        yield Blocker(
            "already_reviewed", f"The review of {batch.number} stands already.", record=batch
        )
    if completed_by is None:
        yield Blocker(
            "completion_not_signed",
            f"The record of {batch.number} was changed after its completion was signed; production "
            "must sign the completion again.",
            record=batch,
            owner="Production supervisor",
        )
    if worked or by.pk in execution.people or by.pk == completed_by:
        yield Blocker(
            "own_work",
            f"{by.full_name} performed, verified or completed part of {batch.number} and may not "
            "review it.",
            record=batch,
            owner="Quality assurance",
        )
    yield from record_gaps(execution)
    for number in unclassified:
        yield Blocker(
            "deviation_unclassified",
            f"Deviation {number} is not classified.",
            record=Ref("deviation", number),
            owner="Quality assurance",
        )


def abort_blockers(batch):
    yield from move_blockers(batch, ABORTS, axis="execution")
    yield from undecided_blockers(batch)


def reject_blockers(batch):
    yield from move_blockers(batch, REJECTS, axis="disposition")
    if batch.execution == Execution.PLANNED:
        yield Blocker(
            "nothing_to_reject",
            f"{batch.number} is only planned: abort it.",
            record=batch,
        )


def recall_blockers(batch):
    yield from move_blockers(batch, RECALLS, axis="disposition")


def disposal_blockers(batch, moves):
    """What manufacture itself asks of a batch before QC's rules are heard."""
    yield from move_blockers(batch, moves, axis="disposition")
    if batch.execution != Execution.COMPLETED:
        yield Blocker(
            "not_completed",
            f"{batch.number} is {batch.get_execution_display().lower()}, not completed.",
            record=batch,
            owner="Production supervisor",
        )
    elif batch.reviewed_at is None:
        yield Blocker(
            "not_reviewed",
            f"The batch record of {batch.number} is not reviewed.",
            record=batch,
            owner="Quality assurance",
        )
