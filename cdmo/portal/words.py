"""What a sponsor is told: the state of a batch in one word, a readiness digest, milestones.

No interim findings: of a release check a sponsor reads the verdict in words and, by the titles of
the rules, what is done and what is open. Why something is open stays inside until it is decided.
Results are told once they were approved, never before, on the page and over REST alike.
"""

from dataclasses import dataclass

from batches.manufacture.states import Disposition, Execution
from qc.release.states import CheckVerdict, Outcome

# {value of looks.py: label}; the order is a batch's way through the house.
STATES = {
    "planned": "Planned",
    "in_process": "In process",
    "in_review": "Made, under review",
    "conditional": "Conditionally certified",
    "released": "Certified",
    "rejected": "Rejected",
    "recalled": "Recalled",
    "oos_supplied": "Supplied out of specification",
    "stopped": "Stopped",
}
_MAKING = {
    Execution.PLANNED: "planned",
    Execution.ISSUED: "planned",
    Execution.IN_PROCESS: "in_process",
    Execution.ON_HOLD: "in_process",
    Execution.COMPLETED: "in_review",
    Execution.ABORTED: "stopped",
}
VERDICTS = {
    CheckVerdict.READY: "Every check is done. The Qualified Person decides next.",
    CheckVerdict.CONDITIONAL: (
        "Ready for conditional certification: only results that may follow are still open."
    ),
    CheckVerdict.PENDING: "Not complete yet: some checks are still open.",
    CheckVerdict.BLOCKED: "Not ready: some checks are still open.",
}
DONE = {Outcome.PASS, Outcome.NOT_APPLICABLE}
MILESTONES = {
    "batch.issued": "Batch record issued",
    "batch.started": "Manufacture started",
    "batch.completed": "Manufacture completed",
    "batch.aborted": "Manufacture stopped",
    "batch.reviewed": "Batch record reviewed",
    "batch.certified": "Certified by the Qualified Person",
    "batch.certified_conditionally": "Conditionally certified by the Qualified Person",
    "batch.rejected": "Rejected",
    "batch.recalled": "Recalled",
    "certificate.issued": "Certificate of analysis issued",
    "gate.decide": "Gate decided",
    "gate.reopen": "Gate opened again",
}
COLOURS = {
    "batch.certified": "green",
    "certificate.issued": "green",
    "batch.certified_conditionally": "amber",
    "batch.aborted": "red",
    "batch.rejected": "red",
    "batch.recalled": "red",
}


@dataclass(frozen=True, slots=True)
class Digest:
    """What a sponsor may know of a batch's last release check."""

    words: str
    at: object
    done: tuple[str, ...]
    waiting: tuple[str, ...]


def state_of(batch) -> str:
    """Return the one state of a batch that a sponsor sees."""
    if batch.disposition != Disposition.PENDING:
        return batch.disposition
    return _MAKING[Execution(batch.execution)]


def label_of(batch) -> str:
    return STATES[state_of(batch)]


def digest_of(check) -> Digest | None:
    """Return the digest of a check that has ended; None when there is none."""
    if check is None or not check.verdict:
        return None
    # Only the titles: an outcome apart from done would be an interim flag. In a check that is ready
    # nothing is open; what failed in it has been justified.
    ready = check.verdict == CheckVerdict.READY
    done = tuple(f["title"] for f in check.digest if ready or f["outcome"] in DONE)
    waiting = tuple(f["title"] for f in check.digest if not ready and f["outcome"] not in DONE)
    return Digest(VERDICTS[check.verdict], check.evaluated_at, done, waiting)


def milestone(event) -> dict:
    """Return a shared event in words. Who did it and why stays inside."""
    title = MILESTONES.get(event.verb)
    return {
        "at": event.at,
        "title": title or event.verb.replace(".", " ").replace("_", " ").capitalize(),
        "record_type": event.record_type,
        "record": "" if event.record_type == "batch" else event.record,
        "colour": COLOURS.get(event.verb, "blue"),
    }
