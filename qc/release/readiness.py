"""Is this batch ready, and if not, what stands in the way and who must act: for pages and REST.

Shows the last check as stored; the evidence of now only says whether it is stale.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cdmo.accounts.roles import Role
from qc.release import rules
from qc.release.evidence import BatchEvidence
from qc.release.models import ReleaseCheck
from qc.release.rules.base import Case
from qc.release.services.certification import Standing, pending_tests, standing_of
from qc.release.states import UNDECIDED


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer to "may this batch be released?" as the last check gave it."""

    verdict: str
    is_stale: bool
    findings: list[dict]
    next_actions: list[dict] = field(default_factory=list)
    expected_release_at: datetime | None = None
    hangs_on: str = ""
    check: ReleaseCheck | None = None
    waiting: ReleaseCheck | None = None
    standing: Standing | None = None

    def as_json(self) -> dict:
        return {
            "verdict": self.verdict,
            "is_stale": self.is_stale,
            "findings": self.findings,
            "next_actions": self.next_actions,
            "expected_release_at": self.expected_release_at,
        }


def readiness_of(batch, *, at: datetime) -> Readiness:
    """Return readiness for the CDMO's own people."""
    standing = standing_of(batch, at=at)
    check, findings = standing.check, standing.findings_then
    waiting = ReleaseCheck.objects.filter(batch=batch).waiting().order_by("pk").first()
    verdict = check.verdict if check else "pending"
    expected, hangs_on = expected_release(standing.evidence)
    return Readiness(
        verdict=verdict,
        is_stale=waiting is not None or is_outdated(batch, standing),
        findings=findings,
        next_actions=next_actions(batch, verdict, findings),
        expected_release_at=expected,
        hangs_on=hangs_on,
        check=check,
        waiting=waiting,
        standing=standing,
    )


def is_outdated(batch, standing: Standing) -> bool:
    """Whether the last check no longer says what stands now.

    Its evidence has changed, or time has passed over it: an agreement or an appointment that ended
    is no change of a record, but an undecided batch is judged differently from that day on. Nor is
    a check by older rules a check by today's.
    """
    check = standing.check
    if check is None or check.evidence_sha256 != standing.sha256:
        return True
    return batch.disposition in UNDECIDED and (
        check.verdict != standing.verdict or check.rules_version != rules.RULES_VERSION
    )


def digest_for_sponsor(batch, *, by) -> Readiness:
    """Return what a sponsor may know: that rules stand or not, never why, nothing interim.

    Reads stored checks only, through the sponsor's own eyes (row-level security).
    """
    check = ReleaseCheck.objects.visible_to(by).filter(batch=batch).order_by("-pk").first()
    if check is None:
        return Readiness(verdict="pending", is_stale=False, findings=[])
    findings = [public_finding(finding) for finding in check.digest]
    verdict = public_verdict(check.verdict)
    return Readiness(verdict=verdict, is_stale=False, findings=findings, check=check)


def public_verdict(verdict: str) -> str:
    """Return a verdict without the word whether something failed or is only not there yet."""
    return "pending" if verdict == "blocked" else verdict


def public_finding(finding: dict) -> dict:
    """Return a finding with its inside left out: done or open, never failed.

    A failure before review would be an interim flag; the portal says it in the same way.
    """
    outcome = finding["outcome"]
    known = rules.RULES.get(finding["rule"])
    return {
        "rule": finding["rule"],
        "title": finding["title"],
        "class": known.kind if known is not None else "hard",
        "outcome": outcome if outcome in {"pass", "not_applicable"} else "pending",
        "message": "",
        "records": [],
    }


def next_actions(batch, verdict: str, findings: list[dict]) -> list[dict]:
    """Return what has to be done, by whom, on which record: one line a finding that stands."""
    actions, seen = [], set()
    for finding in findings:
        if not (rules.blocks(finding) or rules.waits(finding)):
            continue
        what, owner = finding.get("action", finding["title"]), finding["owner"]
        if (what, owner) in seen:
            continue
        seen.add((what, owner))
        record = next(iter(finding["records"]), {"record_type": "batch", "record": batch.number})
        actions.append({"what": what, "owner_role": owner, **record, "rule": finding["rule"]})
    if batch.disposition in UNDECIDED and verdict in {"ready", "conditional"}:
        word = "Certify the batch" if verdict == "ready" else "Certify the batch conditionally"
        if verdict == "ready" or batch.disposition == "pending":
            actions.insert(
                0,
                {
                    "what": word,
                    "owner_role": Role.QP.value,
                    "record_type": "batch",
                    "record": batch.number,
                    "rule": "",
                },
            )
    return actions


def expected_release(evidence: BatchEvidence) -> tuple[datetime | None, str]:
    """Return when the last pending test should be final, and which test that is.

    The sample's hour and the line's turnaround give it; one unknown makes the whole unknown.
    """
    case = Case(evidence, evidence.batch.completed_at)
    pending = set(pending_tests(evidence))
    taken = [
        sample.taken_at
        for sample in evidence.samples.values()
        if sample.kind not in {"stability", "retention"}
    ]
    latest, test = None, ""
    for line in case.e.lines:
        if line.test not in pending:
            continue
        if line.turnaround_hours is None or not taken:
            return None, line.test
        due = max(taken) + timedelta(hours=line.turnaround_hours)
        if latest is None or due > latest:
            latest, test = due, line.test
    return latest, test
