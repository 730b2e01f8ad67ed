"""Specifications: written, changed while drafts, approved by two people, succeeded."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from batches.manufacture.models import Batch
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.portfolio.models import Product
from cdmo.records.acting import service
from cdmo.records.models import AuditEvent
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.records.signatures import (
    Proof,
    sign,
    standing_signatures,
    void_stale_signatures,
)
from cdmo.states import move_blockers
from qc.specifications import rules
from qc.specifications.models import Specification, SpecificationLine
from qc.specifications.states import (
    APPROVALS_NEEDED,
    APPROVE,
    SpecificationStatus,
    Stage,
    approval_meaning,
)

SHORT = {
    Stage.STARTING_MATERIAL: "SM",
    Stage.IN_PROCESS: "IPC",
    Stage.INTERMEDIATE: "INT",
    Stage.DRUG_SUBSTANCE: "DS",
    Stage.DRUG_PRODUCT: "DP",
    Stage.STABILITY: "STAB",
}
LINE_FIELDS = {
    "test": "",
    "method": "",
    "unit": "",
    "criterion": "",
    "rounding": "usp",
    "required": True,
    "may_follow_release": False,
    "surrogate": "",
    "turnaround_hours": None,
    "citation": "",
    "illustrative": False,
}
WRITING_VERBS = ("specification.write", "specification.change")


@service
def write_specification(
    *,
    product: Product,
    effective_from,
    lines,
    by,
    at,
    stage=Stage.DRUG_PRODUCT,
    version=None,
    code="",
    title="",
    source="",
    illustrative=False,
    reason="",
) -> Specification:
    """Write a draft version with its lines. It judges nothing until two people have approved it.

    `lines` holds {test, criterion, method?, unit?, required?, may_follow_release?, …} in order.
    """
    Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product.pk)
    ensure_clear([*right_blockers(by, Right.WRITE_SPECIFICATION), *rules.lines_blockers(lines)])
    if version is None:
        versions = Specification.objects.filter(product=product, stage=stage)
        version = max(versions.values_list("version", flat=True), default=0) + 1
    code = code or f"SPEC-{product.code}-{SHORT[Stage(stage)]}-{version:02d}"
    with one_of_a_kind(
        "taken", f"There is already a specification {code}, or version {version} of this stage."
    ):
        specification = Specification.objects.create(
            code=code,
            product=product,
            sponsor_id=product.sponsor_id,
            stage=stage,
            version=version,
            title=title,
            effective_from=effective_from,
            written_by=by,
            written_at=at,
            source=source,
            illustrative=illustrative,
        )
    SpecificationLine.objects.bulk_create(
        _line(specification, position, line) for position, line in enumerate(lines, start=1)
    )
    record_event(verb="specification.write", record=specification, by=by, at=at, reason=reason)
    return specification


def _line(specification, position, given) -> SpecificationLine:
    facts = {name: given.get(name, usual) for name, usual in LINE_FIELDS.items()}
    facts["test"] = " ".join(facts["test"].split())
    return SpecificationLine(
        specification=specification,
        sponsor_id=specification.sponsor_id,
        position=position,
        **facts,
    )


def _locked(specification) -> Specification:
    """Lock the product first: it guards the succession of versions, whoever approves which."""
    Product.objects.select_for_update(of=("self",), no_key=True).get(pk=specification.product_id)
    return Specification.objects.select_for_update(of=("self",)).get(pk=specification.pk)


@service
def change_specification(
    *,
    specification,
    by,
    at,
    reason="",
    lines=None,
    effective_from=None,
    title=None,
    source=None,
) -> Specification:
    """Change a draft. An approval given before no longer stands; approved text is never edited."""
    specification = _locked(specification)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_SPECIFICATION),
            *rules.draft_blockers(specification),
            *rules.reason_blockers(reason, specification),
            *(rules.lines_blockers(lines, specification) if lines is not None else ()),
        ]
    )
    given = {"effective_from": effective_from, "title": title, "source": source}
    changed = [name for name, value in given.items() if value is not None]
    for name in changed:
        setattr(specification, name, given[name])
    specification.save(update_fields=changed)
    if lines is not None:
        _replace_lines(specification, lines)
    void_stale_signatures(record=specification, by=by, at=at, reason=reason)
    record_event(verb="specification.change", record=specification, by=by, at=at, reason=reason)
    return specification


def _replace_lines(specification, lines) -> None:
    """Withdraw the lines that are no longer as they were, then write the new ones."""
    wanted = [_line(specification, position, line) for position, line in enumerate(lines, start=1)]
    facts = ("position", *LINE_FIELDS)

    def face(line):
        return tuple(getattr(line, name) for name in facts)

    kept = {face(line): line.pk for line in specification.lines.all()}
    faces = {face(line) for line in wanted}
    gone = [pk for face_, pk in kept.items() if face_ not in faces]
    SpecificationLine.objects.filter(pk__in=gone).update(
        specification=None, withdrawn_from=specification
    )
    SpecificationLine.objects.bulk_create(line for line in wanted if face(line) not in kept)


@service
def approve_specification(*, specification, by, at, proof: Proof, reason="") -> Specification:
    """Sign a draft. The second signature makes it effective and ends the former version."""
    specification = _locked(specification)
    signers = _signers(specification)
    is_last = len(signers) + 1 >= APPROVALS_NEEDED
    former = _former(specification)
    objections = approval_blockers(specification, by=by)
    if is_last:
        started = _started_since(specification) if former is not None else []
        objections += rules.succession_blockers(
            specification, former=former, started_batches=started
        )
    ensure_clear(objections)
    sign(
        record=specification,
        verb="approve",
        meaning=approval_meaning(specification.code, specification.version),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    if is_last:
        _move(specification, APPROVE, at)
        if former is not None:
            former.effective_until = specification.effective_from - timedelta(days=1)
            former.save(update_fields=["effective_until"])
    record_event(
        verb="specification.approve" if is_last else "specification.sign",
        record=specification,
        by=by,
        at=at,
        reason=reason,
        cause=f"Specification {specification.code} was approved." if is_last else "",
    )
    return specification


def approval_blockers(specification, *, by) -> list:
    """Return what would refuse this person's approval now; the page shows it before the button."""
    return [
        *right_blockers(by, Right.APPROVE_SPECIFICATION),
        *move_blockers(specification, [APPROVE]),
        *rules.approval_blockers(
            specification,
            by=by,
            authors=_authors(specification),
            signers=_signers(specification),
            roles=by.roles,
            requires_a_test=specification.lines.filter(required=True).exists(),
        ),
    ]


def _move(specification, move, at) -> None:
    specification.status = move.target
    specification.approved_at = at
    specification.save(update_fields=["status", "approved_at"])


def _authors(specification) -> set[int]:
    """Return everybody who had a hand in the text, from the audit trail itself."""
    found = AuditEvent.objects.filter(
        kind=AuditEvent.Kind.EVENT,
        record_type=specification.record_type,
        record_id=specification.pk,
        verb__in=WRITING_VERBS,
    )
    return {specification.written_by_id, *found.values_list("by_id", flat=True)}


def _signers(specification) -> dict[int, set[str]]:
    """Return those whose approval stands, each with the roles held when signing."""
    found = standing_signatures(specification, verb="approve").select_related("by")
    return {
        signature.by_id: set(
            signature.by.appointments.on(signature.at).values_list("role", flat=True)
        )
        for signature in found
    }


def _former(specification) -> Specification | None:
    """Return the version of this product and stage that is in force without an end."""
    return (
        Specification.objects.select_for_update(of=("self",))
        .filter(
            product_id=specification.product_id,
            stage=specification.stage,
            status=SpecificationStatus.APPROVED,
            effective_until__isnull=True,
        )
        .exclude(pk=specification.pk)
        .first()
    )


def _started_since(specification) -> list[str]:
    """Return batches begun on or after the day from which the version would apply."""
    # A day's margin in the query, since the day is that of each batch's own site.
    batches = Batch.objects.filter(
        product_id=specification.product_id,
        started_at__date__gte=specification.effective_from - timedelta(days=1),
    ).select_related("site")
    return [
        batch.number
        for batch in batches.order_by("number")
        if batch.started_at.astimezone(ZoneInfo(batch.site.timezone)).date()
        >= specification.effective_from
    ]
