"""What stands in the way of each gate, and of a person deciding it. Pure."""

from techtransfer.projects.rules.decisions import (
    LAST,
    decision_blockers,
    reopen_blockers,
    unit_blockers,
)
from techtransfer.projects.rules.gates import (
    PASSED,
    for_both_units,
    gate_blockers,
    is_hard,
    shown_to_sponsor,
)

__all__ = [
    "LAST",
    "PASSED",
    "decision_blockers",
    "for_both_units",
    "gate_blockers",
    "is_hard",
    "reopen_blockers",
    "shown_to_sponsor",
    "unit_blockers",
]
