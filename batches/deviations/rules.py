"""Objections to raising, classifying and closing a deviation. Pure."""

from batches.deviations.states import CLASSIFY, CLOSE, RECLASSIFY, DeviationStatus
from cdmo.blockers import Blocker
from cdmo.states import move_blockers


def raise_blockers(*, batch, step, occurred_at, at):
    if step is not None and step.batch_id != batch.pk:
        yield Blocker(
            "step_of_another_batch",
            f"Step {step.key} is not a step of {batch.number}.",
            record=step,
        )
    if occurred_at is not None and occurred_at > at:
        yield Blocker("in_future", "The deviation cannot have happened in the future.")


def change_blockers(deviation, *, reason):
    if deviation.status == DeviationStatus.CLOSED:
        yield Blocker(
            "closed", f"{deviation.number} is closed and is not changed any more.", record=deviation
        )
    if not reason.strip():
        yield Blocker("no_reason", "A change needs a reason.", record=deviation)


def classify_blockers(deviation, *, classification, reason):
    """A first classification stands for itself; a second one says why."""
    yield from move_blockers(deviation, [CLASSIFY, RECLASSIFY])
    if not classification:
        yield Blocker("no_classification", "Classify it as minor, major or critical.")
    if deviation.classification and not reason.strip():
        yield Blocker(
            "no_reason",
            f"{deviation.number} is already classified as {deviation.classification}; "
            "another classification needs a reason.",
            record=deviation,
        )


def close_blockers(deviation, *, by, conclusion):
    """Whoever raised it does not close it."""
    yield from move_blockers(deviation, [CLOSE])
    if deviation.raised_by_id == by.pk:
        yield Blocker(
            "own_deviation",
            f"{by.full_name} raised {deviation.number}; somebody else must close it.",
            record=deviation,
            owner="Quality assurance",
        )
    if not conclusion.strip():
        yield Blocker(
            "no_conclusion",
            "Closing a deviation needs a conclusion: the cause and what it means for the batch.",
            record=deviation,
        )
