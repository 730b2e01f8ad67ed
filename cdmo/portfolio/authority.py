"""Whether a sponsor's agreements authorise a batch: one judgement, asked at issue and at release.

Pure. `cdmo.portfolio.coverage` gathers the facts for a set of sponsors. A memorandum of
understanding or a confidentiality agreement never authorises work; an option that was not
exercised blocks the work it would cover. Source: domain.md S0, S3, RC-36.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cdmo.blockers import Blocker, Ref
from cdmo.portfolio.states import AgreementKind, AgreementStatus, ScopeStatus, Work

_GMP = frozenset({Work.GMP_CLINICAL, Work.GMP_COMMERCIAL})
_DEVELOPMENT = frozenset({Work.NON_GMP, Work.TECH_TRANSFER})
# The purposes of batches, by value: their states live on a floor above.
WORK_FOR: dict[str, frozenset[Work]] = {
    "clinical": frozenset({Work.GMP_CLINICAL}),
    "commercial": frozenset({Work.GMP_COMMERCIAL}),
    "ppq": _GMP,
    "aps": _GMP,
    "engineering": _DEVELOPMENT,
    "feasibility": _DEVELOPMENT,
    "comparison": _DEVELOPMENT,
    "stability": _DEVELOPMENT,
}
GMP_PURPOSES = frozenset({"clinical", "commercial", "ppq", "aps"})
_ORDERS = frozenset({AgreementKind.WORK_ORDER, AgreementKind.MSA})
_GMP_ORDERS = _ORDERS | {AgreementKind.SUPPLY}
_GRANTED = frozenset({ScopeStatus.IN_SCOPE, ScopeStatus.EXERCISED})
_OWNER = "Project manager"


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """One item of an agreement's scope; `product` None covers all of the sponsor's products."""

    item: str
    work: str
    status: str
    product: str | None


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """One agreement with its scope."""

    number: str
    kind: str
    status: str
    valid_from: date
    valid_until: date | None
    scope: tuple[ScopeFacts, ...] = ()

    @property
    def key(self) -> str:
        return self.number

    record_type = "agreement"

    def in_force(self, on: date) -> bool:
        return self.out_of_force(on) == ""

    def out_of_force(self, on: date) -> str:
        """Return why the agreement does not hold on a day, or nothing when it does."""
        if self.status == AgreementStatus.DRAFT:
            return "is not signed"
        if self.status == AgreementStatus.TERMINATED:
            return "was terminated"
        if on < self.valid_from:
            return f"starts on {self.valid_from:%d %b %Y}"
        if self.valid_until is not None and on > self.valid_until:
            return f"ended on {self.valid_until:%d %b %Y}"
        return ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One sponsor's agreements. `internal`: the CDMO makes it for itself and needs none."""

    agreements: tuple[AgreementFacts, ...] = ()
    internal: bool = False


def authority_blockers(
    *, product: str, purpose: str, coverage: Coverage, on: date
) -> Iterator[Blocker]:
    """Yield every reason why the agreements do not authorise a batch of this purpose on this day.

    GMP purposes need a work order, MSA or supply agreement in force whose scope grants the right
    work for the product, and a quality agreement in force; the others a work order or MSA that
    grants non-GMP runs or technology transfer.
    """
    if coverage.internal:
        return
    gmp = purpose in GMP_PURPOSES
    kinds = _GMP_ORDERS if gmp else _ORDERS
    if not any(_grants(a, product, purpose, kinds, on) for a in coverage.agreements):
        near = list(_near_misses(coverage.agreements, product, purpose, kinds, on))
        words = " or ".join(sorted(work.label for work in WORK_FOR[purpose]))
        yield Blocker(
            "not_authorised",
            f"No agreement in force covers {words} of {product}, which a batch for the purpose "
            f"“{purpose}” needs.",
            record=Ref("product", product),
            owner=_OWNER,
        )
        yield from near
    if gmp:
        yield from _quality_agreement_blockers(coverage.agreements, on)


def is_authorised(*, product: str, purpose: str, coverage: Coverage, on: date) -> bool:
    """Return whether nothing stands in the way."""
    return not list(authority_blockers(product=product, purpose=purpose, coverage=coverage, on=on))


def _relevant(agreement: AgreementFacts, product: str, purpose: str) -> list[ScopeFacts]:
    works = WORK_FOR[purpose]
    return [s for s in agreement.scope if s.work in works and s.product in {None, product}]


def _grants(agreement, product, purpose, kinds, on) -> bool:
    return (
        agreement.kind in kinds
        and agreement.in_force(on)
        and any(scope.status in _GRANTED for scope in _relevant(agreement, product, purpose))
    )


def _near_misses(agreements: Iterable[AgreementFacts], product, purpose, kinds, on):
    """Yield what people will point at ("but we have the memorandum!"), each with its answer."""
    for agreement in agreements:
        label = AgreementKind(agreement.kind).label.lower()
        name = f"{agreement.number} ({label})"
        why = agreement.out_of_force(on)
        if agreement.kind in {AgreementKind.MOU, AgreementKind.CDA}:
            if not why:
                yield Blocker(
                    "agreement_never_authorises",
                    f"{name} authorises no manufacture: agreements of this kind never do.",
                    record=agreement,
                    owner=_OWNER,
                )
            continue
        items = _relevant(agreement, product, purpose)
        if agreement.kind not in kinds or not items:
            continue
        if why:
            yield Blocker(
                "agreement_not_in_force", f"{name} {why}.", record=agreement, owner=_OWNER
            )
        for item in items:
            if item.status == ScopeStatus.OPTION:
                yield Blocker(
                    "option_not_exercised",
                    f"{name}: “{item.item}” is an option that was not exercised.",
                    record=agreement,
                    owner=_OWNER,
                )
            elif item.status == ScopeStatus.DECLINED:
                yield Blocker(
                    "scope_declined",
                    f"{name}: “{item.item}” was declined.",
                    record=agreement,
                    owner=_OWNER,
                )


def _quality_agreement_blockers(agreements, on):
    found = [a for a in agreements if a.kind == AgreementKind.QUALITY_AGREEMENT]
    if any(agreement.in_force(on) for agreement in found):
        return
    yield Blocker(
        "no_quality_agreement",
        "No quality agreement with the sponsor is in force"
        + "".join(f"; {agreement.number} {agreement.out_of_force(on)}" for agreement in found)
        + ".",
        record=found[0] if found else None,
        owner="Quality assurance",
    )
