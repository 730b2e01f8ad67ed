"""Every change of a master batch record, a batch and its executed steps."""

from batches.manufacture.services.disposition import dispose, recall_batch, reject_batch
from batches.manufacture.services.execution import (
    correct_step,
    mark_not_applicable,
    perform_step,
    verify_step,
)
from batches.manufacture.services.masters import approve_master, write_master
from batches.manufacture.services.moves import (
    abort_batch,
    complete_batch,
    hold_batch,
    issue_batch,
    resume_batch,
    review_batch,
    start_batch,
)
from batches.manufacture.services.planning import change_batch, plan_batch

__all__ = [
    "abort_batch",
    "approve_master",
    "change_batch",
    "complete_batch",
    "correct_step",
    "dispose",
    "hold_batch",
    "issue_batch",
    "mark_not_applicable",
    "perform_step",
    "plan_batch",
    "recall_batch",
    "reject_batch",
    "resume_batch",
    "review_batch",
    "start_batch",
    "verify_step",
    "write_master",
]
