"""Objections to recording, explaining and closing an incident. Source: domain.md P-43; A11 13."""

from cdmo.blockers import Blocker
from cdmo.incidents.states import CLOSE, Severity
from cdmo.states import move_blockers


def time_blockers(*, occurred_at, at):
    if occurred_at > at:
        yield Blocker("in_future", "The incident lies in the future.")


def change_blockers(incident, *, reason):
    """A closed incident stands; an open one changes with a reason."""
    yield from move_blockers(incident, [CLOSE])
    if not (reason or "").strip():
        yield Blocker("reason_missing", "This change needs a reason.", record=incident)


def close_blockers(incident):
    yield from move_blockers(incident, [CLOSE])
    if incident.classification == Severity.CRITICAL and not incident.root_cause.strip():
        yield Blocker(
            "root_cause_missing",
            f"{incident.number} is critical: its root cause must be known before it is closed.",
            record=incident,
        )
    if incident.classification != Severity.MINOR and not incident.action.strip():
        yield Blocker(
            "action_missing", f"{incident.number}: say what was done about it.", record=incident
        )
