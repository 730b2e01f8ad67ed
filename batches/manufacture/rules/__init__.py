"""Who or what objects to a change of a batch. Pure: no query, no clock, no write."""

from batches.manufacture.rules.masters import (
    approval_blockers,
    copy_blockers,
    draft_blockers,
    reason_blockers,
    retirement_blockers,
    seen_blockers,
    steps_blockers,
    yield_blockers,
)
from batches.manufacture.rules.moves import (
    abort_blockers,
    complete_blockers,
    disposal_blockers,
    issue_blockers,
    recall_blockers,
    record_gaps,
    reject_blockers,
    review_blockers,
    start_blockers,
    undecided_blockers,
)
from batches.manufacture.rules.planning import change_blockers, identity_blockers, plan_blockers
from batches.manufacture.rules.steps import (
    correct_blockers,
    event_time_blockers,
    not_applicable_blockers,
    perform_blockers,
    verify_blockers,
)

__all__ = [
    "abort_blockers",
    "approval_blockers",
    "change_blockers",
    "complete_blockers",
    "copy_blockers",
    "correct_blockers",
    "disposal_blockers",
    "draft_blockers",
    "event_time_blockers",
    "identity_blockers",
    "issue_blockers",
    "not_applicable_blockers",
    "perform_blockers",
    "plan_blockers",
    "reason_blockers",
    "recall_blockers",
    "record_gaps",
    "reject_blockers",
    "retirement_blockers",
    "review_blockers",
    "seen_blockers",
    "start_blockers",
    "steps_blockers",
    "undecided_blockers",
    "verify_blockers",
    "yield_blockers",
]
