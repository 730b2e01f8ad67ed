"""Release rules: written once, for one batch or a hundred thousand. Pure: no query, no clock.

A rule is a function of one batch's evidence; `judge` runs the catalogue, `verdict_of` draws the
conclusion. Outcomes are pass, fail, not applicable, pending: missing evidence is never a pass.
"""

from datetime import datetime
from operator import attrgetter

from qc.release.evidence.values import BatchEvidence
from qc.release.rules import authority, inputs, laboratory, record, trail  # noqa: F401  (register)
from qc.release.rules.base import (
    FAIL,
    JUSTIFIABLE,
    MAY_FOLLOW,
    NOT_APPLICABLE,
    PASS,
    PENDING,
    RULES,
    Case,
    Rule,
)
from qc.release.states import CheckVerdict

# Raise it whenever a rule judges differently: every check stores which rules it ran.
RULES_VERSION = "2026.3"
CATALOGUE: tuple[Rule, ...] = tuple(sorted(RULES.values(), key=attrgetter("id")))


def judge(
    evidence: BatchEvidence, *, at: datetime, former: dict[str, dict] | None = None, since: str = ""
) -> list[dict]:
    """Return one finding a rule. `former` are the last check's by rule: age carries over from them.

    `since` is the instant of this check as text, for outcomes that are new.
    """
    case = Case(evidence, at)
    accepted = {(j.rule, j.message): j for j in evidence.justifications}
    former = former or {}
    findings = []
    for entry in CATALOGUE:
        judged = entry.judge(case)
        finding = {
            "rule": entry.id,
            "title": entry.title,
            "class": judged.kind or entry.kind,
            "outcome": judged.outcome,
            "message": judged.message,
            "records": [ref.as_json() for ref in judged.records],
            "owner": judged.owner or entry.owner,
            "since": since,
        }
        before = former.get(entry.id)
        if before is not None and before.get("outcome") == judged.outcome:
            finding["since"] = before.get("since") or since
        if judged.action:
            finding["action"] = judged.action
        if judged.outcome == FAIL and entry.kind == JUSTIFIABLE and accepted:
            accepts = accepted.get((entry.id, judged.message))
            if accepts is not None:
                finding["justified"] = {
                    "by": accepts.by_name,
                    "at": accepts.at.isoformat().replace("+00:00", "Z"),
                    "rationale": accepts.rationale,
                }
        findings.append(finding)
    return findings


def blocks(finding: dict) -> bool:
    """Whether a finding stands against release: a fail that nobody has justified."""
    return finding["outcome"] == FAIL and "justified" not in finding


def waits(finding: dict) -> bool:
    return finding["outcome"] == PENDING


def follows(finding: dict) -> bool:
    """Whether a finding waits for something that may follow release."""
    return waits(finding) and finding["class"] == MAY_FOLLOW


def verdict_of(findings: list[dict], *, allows_conditional: bool) -> str:
    """Draw the conclusion from all findings. No findings at all are no reason to release."""
    if any(map(blocks, findings)):
        return CheckVerdict.BLOCKED.value
    pending = [f for f in findings if waits(f)]
    if not findings:
        return CheckVerdict.PENDING.value
    if not pending:
        return CheckVerdict.READY.value
    if allows_conditional and all(map(follows, pending)):
        return CheckVerdict.CONDITIONAL.value
    return CheckVerdict.PENDING.value


def count(findings: list[dict]) -> tuple[int, int, int]:
    """Return how many passed (or do not apply, or are justified), wait and fail."""
    failing = sum(map(blocks, findings))
    pending = sum(map(waits, findings))
    return len(findings) - failing - pending, pending, failing


__all__ = [
    "CATALOGUE",
    "FAIL",
    "MAY_FOLLOW",
    "NOT_APPLICABLE",
    "PASS",
    "PENDING",
    "RULES_VERSION",
    "blocks",
    "count",
    "follows",
    "judge",
    "verdict_of",
    "waits",
]
