"""Certification by a Qualified Person, and accepting a finding with a signed rationale."""

from datetime import datetime
from typing import NamedTuple

from batches.dossier import locked
from batches.manufacture.evidence import ReleaseEvidence
from batches.manufacture.models import Batch
from batches.manufacture.services import dispose, had_a_hand
from batches.manufacture.states import CERTIFY, CERTIFY_CONDITIONALLY, CERTIFY_FINALLY
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.canonical import sha256
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import sign
from qc.release import rules
from qc.release.evidence import BatchEvidence, gather_evidence
from qc.release.models import Certification, CheckEvidence, Justification, ReleaseCheck
from qc.release.rules import deciding
from qc.release.rules.base import Case
from qc.release.services.certificates import issue_certificate

FINAL, CONDITIONAL = Certification.Kind.FINAL, Certification.Kind.CONDITIONAL
VERBS = {FINAL: "certify", CONDITIONAL: "certify-conditionally"}
MOVES = {FINAL: (CERTIFY, CERTIFY_FINALLY), CONDITIONAL: (CERTIFY_CONDITIONALLY,)}
MEANINGS = {
    FINAL: "I certify that this batch was made, tested and documented as required, and release it.",
    CONDITIONAL: "I certify this batch while the results named here follow, and release it on that "
    "condition.",
}
JUSTIFY_MEANING = "I accept this finding for the reason given."


class Standing(NamedTuple):
    """A batch as a decision finds it: the evidence now, judged now, beside the last check."""

    evidence: BatchEvidence
    sha256: str
    findings: list[dict]
    verdict: str
    check: ReleaseCheck | None
    findings_then: list[dict]


def standing_of(batch, *, at: datetime) -> Standing:
    """Gather and judge one batch now. To decide on it, call this with the batch locked."""
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    findings = rules.judge(evidence, at=at)
    check = latest_check(batch)
    return Standing(
        evidence=evidence,
        sha256=sha256(evidence.canonical),
        findings=findings,
        verdict=rules.verdict_of(findings, allows_conditional=evidence.batch.allows_conditional),
        check=check,
        findings_then=findings_of(check),
    )


def latest_check(batch) -> ReleaseCheck | None:
    """Return the last check of a batch that ended."""
    return ReleaseCheck.objects.filter(batch=batch, status="done").order_by("-pk").first()


def findings_of(check) -> list[dict]:
    """Return what a check found, in full. For the CDMO's own people."""
    if check is None:
        return []
    found = CheckEvidence.objects.filter(check_row=check).values_list("findings", flat=True).first()
    return found or []


def certify_blockers(batch, *, kind, standing: Standing, by, at):
    """Yield every objection to a certification: the page's list and the service's are this one."""
    yield from right_blockers(by, Right.CERTIFY)
    yield from deciding.decided_blockers(batch, MOVES[kind])
    yield from deciding.certifier_blockers(
        Case(standing.evidence, at), by=by, worked=had_a_hand(batch, by)
    )
    yield from deciding.check_blockers(
        batch,
        check=standing.check,
        findings_then=standing.findings_then,
        findings_now=standing.findings,
        sha256_now=standing.sha256,
    )
    yield from deciding.rules_blockers(standing.check, rules_now=rules.RULES_VERSION)
    if kind == FINAL:
        yield from deciding.verdict_blockers(
            standing.findings, verdict=standing.verdict, batch=batch
        )
    else:
        yield from deciding.conditional_blockers(
            standing.findings,
            verdict=standing.verdict,
            allows=standing.evidence.batch.allows_conditional,
            product=standing.evidence.batch.product,
            batch=batch,
        )


@service
def certify(*, batch, by, at, proof, reason=""):
    """Certify a batch finally as its Qualified Person, and issue its certificate of analysis.

    One signature, bound to the SHA-256 of the evidence that the last check saw. Raises Blocked with
    every objection, among them that the evidence has changed since.
    """
    return _certify(batch, FINAL, by=by, at=at, proof=proof, reason=reason)


@service
def certify_conditionally(*, batch, by, at, proof, reason=""):
    """Certify a batch while tests that may follow release are pending. Raises Blocked."""
    return _certify(batch, CONDITIONAL, by=by, at=at, proof=proof, reason=reason)


def _certify(batch, kind, *, by, at, proof, reason):
    # Evidence is gathered after the lock: whatever is recorded on this batch waits for us, or we
    # have waited for it. The second of two Qualified Persons finds the batch decided.
    batch = locked(batch)
    standing = standing_of(batch, at=at)
    ensure_clear(certify_blockers(batch, kind=kind, standing=standing, by=by, at=at))
    pending = pending_tests(standing.evidence)
    certification = Certification.objects.create(
        number=numbered("CERT", at),
        batch=batch,
        sponsor_id=batch.sponsor_id,
        check_row=standing.check,
        kind=kind,
        by=by,
        by_name=by.full_name,
        at=at,
        evidence_sha256=standing.sha256,
        pending=pending,
    )
    sign(
        record=batch,
        verb=VERBS[kind],
        meaning=MEANINGS[kind],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
        content={
            **certification.signed_content(VERBS[kind]),
            "check": str(standing.check.pk),
            "rules_version": standing.check.rules_version,
        },
    )
    batch = dispose(
        batch=batch,
        verb=VERBS[kind],
        evidence=ReleaseEvidence(
            check=str(standing.check.pk), sha256=standing.sha256, verdict=standing.verdict
        ),
        by=by,
        at=at,
        reason=reason,
    )
    issue_certificate(
        batch=batch,
        certification=certification,
        evidence=standing.evidence,
        by=by,
        at=at,
        reason=reason,
    )
    return batch


def pending_tests(evidence: BatchEvidence) -> list[str]:
    """Return the required tests without a conclusive approved result."""
    case = Case(evidence, evidence.batch.completed_at)
    conclusive = {
        test
        for test, results in case.by_test.items()
        if all(r.verdict in {"pass", "report_only"} for r in results)
    }
    return [line.test for line in evidence.lines if line.required and line.test not in conclusive]


@service
def justify_finding(*, check, rule: str, rationale: str, by, at, proof, reason=""):
    """Accept a failed, justifiable finding with a signed rationale. It stays displayed as failed.

    The acceptance counts only for the finding as it stands: when its message changes, it must be
    judged again. A new check is queued. Raises Blocked.
    """
    batch = locked(Batch.objects.get(pk=check.batch_id))
    finding = _finding(check, rule)
    ensure_clear(
        [
            *justify_objections(check=check, rule=rule, by=by, at=at),
            *deciding.rationale_blockers(check, rationale),
        ]
    )
    justification = Justification.objects.create(
        batch=batch,
        sponsor_id=batch.sponsor_id,
        check_row=check,
        rule=rule,
        message=finding["message"],
        rationale=rationale.strip(),
        by=by,
        at=at,
    )
    sign(
        record=justification,
        verb="justify",
        meaning=JUSTIFY_MEANING,
        by=by,
        at=at,
        proof=proof,
        reason=rationale.strip(),
    )
    record_event(
        verb="finding.justified",
        record=justification,
        by=by,
        at=at,
        reason=rationale.strip(),
        new={"batch": batch.number, "rule": rule, "message": finding["message"]},
        cause=f"{rule} was justified.",
    )
    return justification


def justify_objections(*, check, rule: str, by, at):
    """Yield every objection to accepting one finding of a check, before a rationale is given."""
    batch = Batch.objects.get(pk=check.batch_id)
    finding = _finding(check, rule)
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    yield from right_blockers(by, Right.JUSTIFY)
    yield from deciding.decided_blockers(batch, (*MOVES[FINAL], *MOVES[CONDITIONAL]))
    yield from deciding.certifier_blockers(Case(evidence, at), by=by, worked=had_a_hand(batch, by))
    yield from deciding.justify_blockers(
        batch=batch, latest=latest_check(batch), check=check, finding=finding, rule=rule
    )
    yield from _gone_blockers(evidence, finding, at)


def _finding(check, rule: str) -> dict | None:
    return next((f for f in findings_of(check) if f["rule"] == rule), None)


def _gone_blockers(evidence, finding, at):
    """Yield an objection if the finding no longer stands as the check found it."""
    if finding is None:
        return
    now = {f["rule"]: f for f in rules.judge(evidence, at=at)}[finding["rule"]]
    if now["outcome"] != finding["outcome"] or now["message"] != finding["message"]:
        yield Blocker(
            "finding_changed",
            f"{finding['rule']} no longer says what this check found. Wait for the next check.",
            record=evidence.ref,
        )
