"""What objects to certifying a batch or to justifying a finding. Pure."""

from cdmo.accounts.roles import Role
from cdmo.blockers import Blocker, Ref
from cdmo.states import move_blockers
from qc.release.evidence.involvement import WORKED
from qc.release.rules import base
from qc.release.rules.authority import appointed, involvement
from qc.release.rules.base import Case, listed
from qc.release.states import CheckVerdict


def owner_label(role: str) -> str:
    """Return a role as people say it."""
    return Role(role).label if role in Role.values else role


def ref_of(finding: dict) -> Ref | None:
    """Return the first record behind a finding."""
    for record in finding["records"]:
        return Ref(record["record_type"], record["record"])
    return None


def finding_blocker(finding: dict) -> Blocker:
    return Blocker(
        finding["rule"],
        f"{finding['rule']} {finding['title']}: {finding['message']}",
        record=ref_of(finding),
        owner=owner_label(finding["owner"]),
    )


def certifier_blockers(case: Case, *, by, worked=False):
    """Yield objections to this person: not appointed for the site, or took part in the batch.

    `worked`: whether `by` ever worked on the record, though it names somebody else by now.
    """
    batch = case.batch
    if by.pk not in appointed(case):
        yield Blocker(
            "not_appointed",
            f"{by.full_name} is not appointed as Qualified Person for site {batch.site}.",
            record=case.e.ref,
            owner=Role.ADMIN.label,
        )
    did = involvement(case, by.pk) or ([WORKED] if worked else [])
    if did:
        yield Blocker(
            "took_part",
            f"{by.full_name} {listed(did)}: whoever made, tested or reviewed a batch may not "
            "certify it.",
            record=case.e.ref,
            owner=Role.QP.label,
        )


def check_blockers(batch, *, check, findings_then, findings_now, sha256_now):
    """Yield objections to the last check: none was done, or the evidence is not what it saw."""
    if check is None:
        yield Blocker(
            "no_check",
            f"No release check of {batch.number} has been done yet.",
            record=batch,
            owner=Role.QP.label,
        )
        return
    if check.evidence_sha256 == sha256_now:
        return
    changes = changed_findings(findings_then, findings_now)
    yield Blocker(
        "evidence_changed",
        f"The evidence has changed since check {check.pk}: "
        + ("; ".join(changes) or "no outcome differs, but a record behind one does")
        + ". A new check must see it first.",
        record=check,
        owner=Role.QP.label,
    )


def rules_blockers(check, *, rules_now: str):
    """Yield an objection to a check that was made by other rules than today's."""
    if check is not None and check.rules_version != rules_now:
        yield Blocker(
            "older_rules",
            f"Check {check.pk} was made by rules {check.rules_version}; today's are {rules_now}. "
            "Run a new check.",
            record=check,
            owner=Role.QP.label,
        )


def changed_findings(then: list[dict], now: list[dict]) -> list[str]:
    """Return in words which findings differ between what a check found and what stands now."""
    before = {f["rule"]: f for f in then}
    words = []
    for finding in now:
        old = before.pop(finding["rule"], None)
        if old is None:
            words.append(f"{finding['rule']} is new")
        elif old["outcome"] != finding["outcome"]:
            words.append(
                f"{finding['rule']} was {_say(old['outcome'])}, now {_say(finding['outcome'])} "
                f"({finding['message'].rstrip('.')})"
            )
        elif old["message"] != finding["message"]:
            words.append(f"{finding['rule']} now says: {finding['message'].rstrip('.')}")
        elif ("justified" in old) != ("justified" in finding):
            words.append(f"{finding['rule']} was justified since")
    return words + [f"{rule} is gone" for rule in before]


def _say(outcome: str) -> str:
    return outcome.replace("_", " ")


def verdict_blockers(findings: list[dict], *, verdict: str, batch):
    """Yield every finding that stands against final certification."""
    if verdict == CheckVerdict.READY:
        return
    for finding in findings:
        if stands_against(finding):
            yield finding_blocker(finding)
    if not findings:
        yield Blocker("no_findings", "No rule has been judged.", record=batch)


def conditional_blockers(findings: list[dict], *, verdict: str, allows: bool, product: str, batch):
    """Yield every objection to certifying while results follow."""
    if not allows:
        yield Blocker(
            "conditional_not_allowed",
            f"{product} is not released on conditions: every result must be there first.",
            record=batch,
        )
    if verdict == CheckVerdict.READY:
        yield Blocker(
            "nothing_follows",
            "Nothing is waited for: certify the batch finally.",
            record=batch,
            owner=Role.QP.label,
        )
    if verdict in {CheckVerdict.READY, CheckVerdict.CONDITIONAL}:
        return
    for finding in findings:
        follows = finding["outcome"] == base.PENDING and finding["class"] == base.MAY_FOLLOW
        if stands_against(finding) and not follows:
            yield finding_blocker(finding)


def stands_against(finding: dict) -> bool:
    if finding["outcome"] == base.FAIL:
        return "justified" not in finding
    return finding["outcome"] == base.PENDING


def rationale_blockers(check, rationale: str):
    if not rationale.strip():
        yield Blocker("no_rationale", "A justification needs its rationale.", record=check)


def justify_blockers(*, batch, latest, check, finding, rule: str):
    """Yield every objection to accepting one finding."""
    if latest is None or latest.pk != check.pk:
        yield Blocker(
            "not_the_latest",
            f"Check {check.pk} is not the last one of {batch.number}; justify what stands now.",
            record=latest or check,
        )
    if finding is None:
        yield Blocker(
            "no_such_finding",
            f"Check {check.pk} has no finding {rule or 'without a rule'}.",
            record=check,
        )
        return
    if finding["outcome"] != base.FAIL:
        yield Blocker("not_a_fail", f"{rule} has not failed.", record=check)
    if finding["class"] != base.JUSTIFIABLE:
        yield Blocker(
            "not_justifiable",
            f"{rule} {finding['title']}: this rule cannot be justified, it must be met.",
            record=check,
            owner=owner_label(finding["owner"]),
        )
    if "justified" in finding:
        yield Blocker("justified_already", f"{rule} is justified already.", record=check)


def decided_blockers(batch, moves):
    yield from move_blockers(batch, moves, axis="disposition")
