"""What stands in the way of each gate. Pure. domain.md section 2."""

from collections.abc import Iterator

from cdmo.accounts.roles import Role
from cdmo.blockers import Blocker, Ref
from cdmo.portfolio.states import AgreementKind, ScopeStatus, Work
from techtransfer.projects.evidence import Fact, TransferEvidence
from techtransfer.projects.states import GATES, GateStatus

PASSED = frozenset({GateStatus.GO, GateStatus.CONDITIONAL_GO})
# No condition with a date can stand in for these: without them the work itself is not allowed.
HARD = frozenset(
    {"no_agreement", "talks_only", "option_not_exercised", "earlier_gate", "condition_overdue"}
)
QUALIFYING = frozenset({"ppq", "clinical", "commercial"})

_MANAGER = Role.PROJECT_MANAGER.label
_QA = Role.QA.label
_SUPERVISOR = Role.SUPERVISOR.label
_REVIEWER = Role.REVIEWER.label
_QP = Role.QP.label


def gate_blockers(code: str, evidence: TransferEvidence) -> Iterator[Blocker]:
    """Yield everything that stands between a gate and a clean go, each with its record."""
    yield from _earlier_gates(code, evidence)
    yield from _overdue_conditions(code, evidence)
    yield from _RULES[code](evidence)


def is_hard(blocker: Blocker) -> bool:
    """Whether not even a conditional go is possible while this stands."""
    return blocker.code in HARD


def for_both_units(blocker: Blocker) -> Blocker:
    """Return a blocker with what is internal named by its parent."""
    record = getattr(blocker.record, "shown_as", None) or blocker.record
    return Blocker(blocker.code, blocker.message, record, blocker.owner)


def shown_to_sponsor(blocker: Blocker) -> dict:
    """Return a blocker as JSON for both units."""
    shown = for_both_units(blocker)
    return {**shown.as_json(), "owner": blocker.owner, "hard": is_hard(blocker)}


def _earlier_gates(code, evidence):
    for earlier in GATES:
        if earlier >= code:
            return
        if evidence.gates.get(earlier) not in PASSED:
            yield Blocker(
                "earlier_gate",
                f"{earlier} ({GATES[earlier]}) comes first and has not been passed.",
                record=evidence.gate(earlier),
                owner="Both units",
            )


def _overdue_conditions(code, evidence):
    for condition in evidence.conditions:
        if condition.gate < code and condition.due_on and condition.due_on < evidence.today:
            yield Blocker(
                "condition_overdue",
                f"A condition of {condition.gate} was due on {condition.due_on:%d %b %Y}: "
                f"{condition.text}",
                record=evidence.gate(condition.gate),
                owner=_MANAGER,
            )


def _intake(evidence):
    """G0: an agreement that allows the work, with the technology transfer in its scope."""
    kinds = {AgreementKind.MSA, AgreementKind.WORK_ORDER}
    talks = {AgreementKind.MOU, AgreementKind.CDA}
    in_force = [a for a in evidence.coverage.agreements if a.in_force(evidence.today)]
    items = [
        (agreement, item)
        for agreement in in_force
        if agreement.kind in kinds
        for item in agreement.scope
        if item.work == Work.TECH_TRANSFER and item.product in {None, evidence.product.key}
    ]
    granted = {ScopeStatus.IN_SCOPE, ScopeStatus.EXERCISED}
    if evidence.coverage.internal or any(item.status in granted for _, item in items):
        return
    yield Blocker(
        "no_agreement",
        "No master services agreement or work order in force has the technology transfer of "
        f"{evidence.product.key} in its scope.",
        record=evidence.product,
        owner=_MANAGER,
    )
    for agreement, item in items:
        if item.status == ScopeStatus.OPTION:
            yield Blocker(
                "option_not_exercised",
                f"{agreement.number}: “{item.item}” is an option that was not exercised.",
                record=agreement,
                owner=_MANAGER,
            )
    for agreement in in_force:
        if agreement.kind in talks:
            label = AgreementKind(agreement.kind).label.lower()
            yield Blocker(
                "talks_only",
                f"{agreement.number} is a {label}: it allows talks, not work.",
                record=agreement,
                owner=_MANAGER,
            )


def _gap_analysis(evidence):
    """G1: what is transferred, from whom, to whom and where."""
    if not evidence.processes:
        yield Blocker(
            "process_missing",
            f"No process of {evidence.product.key} has been recorded.",
            record=evidence.product,
            owner=f"{_SUPERVISOR} or {_QA}",
        )
    for name, value in (
        ("sending unit", evidence.sending_unit),
        ("receiving unit", evidence.receiving_unit),
        ("receiving site", evidence.site),
    ):
        if not value:
            yield Blocker(
                f"{name.replace(' ', '_')}_missing",
                f"The {name} has not been named.",
                record=evidence.transfer,
                owner=_MANAGER,
            )


def _plan(evidence):
    """G2: a date, a number of qualification batches, a process version to work on."""
    if evidence.target_on is None:
        yield Blocker(
            "target_missing",
            "The transfer has no target date.",
            record=evidence.transfer,
            owner=_MANAGER,
        )
    if evidence.planned_batches < 1:
        yield Blocker(
            "batches_not_planned",
            "The number of qualification batches has not been set.",
            record=evidence.transfer,
            owner=_MANAGER,
        )
    if not evidence.versions:
        yield Blocker(
            "process_version_missing",
            f"No process version of {evidence.product.key} has been written for the site.",
            record=evidence.product,
            owner=f"{_SUPERVISOR} or {_QA}",
        )


def _readiness(evidence):
    """G3: quality agreement in force, process version approved, master batch record written."""
    quality = [a for a in evidence.coverage.agreements if a.kind == AgreementKind.QUALITY_AGREEMENT]
    if not evidence.coverage.internal and not any(a.in_force(evidence.today) for a in quality):
        yield Blocker(
            "no_quality_agreement",
            "No quality agreement is in force"
            + "".join(f"; {a.number} {a.out_of_force(evidence.today)}" for a in quality)
            + ".",
            record=quality[0] if quality else evidence.product,
            owner=_QA,
        )
    if not any(v.status in {"engineering", "qualified"} for v in evidence.versions):
        yield Blocker(
            "process_version_not_approved",
            "No process version at the site has been approved for engineering runs.",
            record=_newest(evidence.versions) or evidence.product,
            owner=_QA,
        )
    if not evidence.masters:
        yield Blocker(
            "master_missing",
            "No master batch record has been written for the process at the site.",
            record=_newest(evidence.versions) or evidence.product,
            owner=f"{_SUPERVISOR} or {_QA}",
        )


def _analytical_transfer(evidence):
    """G4: a specification in force, every method that it names approved."""
    specification = evidence.specification_in_force
    if specification is None:
        yield Blocker(
            "specification_missing",
            f"No approved specification of {evidence.product.key} is in force.",
            record=next(iter(evidence.specifications), evidence.product),
            owner=f"{_QA} and {_REVIEWER}",
        )
        return
    seen = set()
    for line in evidence.lines.get(specification.key, ()):
        if not line.method:
            yield Blocker(
                "method_missing",
                f"{specification.key}: “{line.test}” names no method.",
                record=specification,
                owner=_REVIEWER,
            )
        elif line.method_status != "approved" and line.method not in seen:
            seen.add(line.method)
            why = "is not approved" if line.method_status else "is not known here"
            yield Blocker(
                "method_not_approved",
                f"{specification.key}: method {line.method} {why}.",
                record=Fact(
                    "method",
                    line.method,
                    line.method_status or "",
                    shown_as=Ref("specification", specification.key),
                ),
                owner=f"{_REVIEWER} or {_QA}",
            )


def _engineering(evidence):
    """G5: an engineering batch completed and its record reviewed."""
    runs = [b for b in evidence.batches if b.purpose == "engineering"]
    done = [b for b in runs if b.execution == "completed"]
    if any(b.reviewed for b in done):
        return
    if not done:
        near = next((b for b in runs if b.execution != "aborted"), None)
        yield Blocker(
            "engineering_batch_missing",
            f"Engineering batch {near.key} is not completed."
            if near
            else f"No engineering batch of {evidence.product.key} has been made at the site.",
            record=near or evidence.product,
            owner=_SUPERVISOR,
        )
    for batch in done:
        yield Blocker(
            "engineering_batch_not_reviewed",
            f"The record of engineering batch {batch.key} has not been reviewed.",
            record=batch,
            owner=_QA,
        )


def _qualification(evidence):
    """G6: instructions effective, batches certified, no critical or major deviation open."""
    if not any(m.status == "effective" for m in evidence.masters):
        yield Blocker(
            "master_not_effective",
            "No master batch record at the site is effective.",
            record=_newest(evidence.masters) or evidence.product,
            owner=_QA,
        )
    made = [b for b in evidence.batches if b.purpose in QUALIFYING]
    certified = [b for b in made if b.disposition == "released"]
    missing = evidence.planned_batches - len(certified)
    if missing > 0:
        yield Blocker(
            "batches_not_certified",
            f"{len(certified)} of {evidence.planned_batches} qualification batches are certified.",
            record=evidence.transfer,
            owner=_QP,
        )
        waiting = [b for b in made if b.disposition in {"pending", "conditional"}]
        for batch in (b for b in waiting if b.execution not in {"planned", "aborted"}):
            yield Blocker(
                "batch_waits",
                f"{batch.key} is not certified yet.",
                record=batch,
                owner=_QP,
            )
    for deviation in evidence.deviations:
        word = f"a {deviation.status} deviation" if deviation.status else "a deviation"
        more = "" if deviation.status else " that has not been classified"
        yield Blocker(
            "open_deviation",
            f"{deviation.parent} has {word} open{more}.",
            record=deviation,
            owner=_QA,
        )


def _close_out(evidence):
    """G7: no condition left, the process version qualified."""
    for condition in evidence.conditions:
        if not condition.due_on or condition.due_on >= evidence.today:  # overdue: said already
            yield Blocker(
                "condition_open",
                f"A condition of {condition.gate} has not been met: {condition.text}",
                record=evidence.gate(condition.gate),
                owner=_MANAGER,
            )
    if not any(v.status == "qualified" for v in evidence.versions):
        yield Blocker(
            "process_version_not_qualified",
            "No process version at the site is qualified.",
            record=_newest(evidence.versions) or evidence.product,
            owner=_QA,
        )


_RULES = dict(
    zip(
        GATES,
        (
            _intake,
            _gap_analysis,
            _plan,
            _readiness,
            _analytical_transfer,
            _engineering,
            _qualification,
            _close_out,
        ),
        strict=True,
    )
)


def _newest(facts):
    return facts[-1] if facts else None
