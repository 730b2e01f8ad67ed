"""What the sponsor's pages are made of; the number of queries does not grow with the batches."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from batches.manufacture.models import Batch
from batches.manufacture.states import Disposition, Execution
from cdmo.archive.models import Dossier
from cdmo.portal.words import state_of
from cdmo.portfolio.models import ProcessVersion, Product
from cdmo.records.models import AuditEvent
from qc.laboratory.models import Result
from qc.release.models import Certificate, Certification, ReleaseCheck
from techtransfer.projects.models import Gate, TransferProject
from techtransfer.projects.states import GateStatus, TransferStatus, Unit

ON_A_LINE = 8
OVER = (TransferStatus.CLOSED, TransferStatus.STOPPED)


@dataclass
class ProductCard:
    """One product of a sponsor: how is it doing?"""

    product: Product
    stage: str = ""
    batches: list = field(default_factory=list)  # newest first, at most ON_A_LINE
    count: int = 0
    certified: int = 0
    certificate: Certificate | None = None
    next_at: datetime | date | None = None
    next_what: str = ""
    next_site: object = None
    gate: Gate | None = None
    questions: int = 0  # gates that wait for this sponsor's word

    def expects(self, at, what, site=None) -> None:
        """Keep the earliest of what is to come."""
        day = at.date() if isinstance(at, datetime) else at
        kept = self.next_at.date() if isinstance(self.next_at, datetime) else self.next_at
        if kept is None or day < kept:
            self.next_at, self.next_what, self.next_site = at, what, site


def cards_of(user, *, at) -> list[ProductCard]:
    """Return a card for each product of this sponsor: six queries."""
    cards = {p.pk: ProductCard(p) for p in Product.objects.visible_to(user).order_by("name")}
    for version in (
        ProcessVersion.objects.visible_to(user).select_related("site").order_by("version", "pk")
    ):
        if version.product_id in cards:
            cards[version.product_id].stage = (
                f"Process version {version.version}, "
                f"{version.get_status_display().lower()}, {version.site.name}"
            )
    _batches(cards, user, at)
    for certificate in (
        Certificate.objects.visible_to(user)
        .select_related("batch", "document")
        .order_by("batch__product_id", "-issued_at", "-pk")
        .distinct("batch__product_id")
    ):
        cards[certificate.batch.product_id].certificate = certificate
    _gates(cards, user, at)
    return sorted(cards.values(), key=lambda card: (not card.batches, card.product.name))


def _batches(cards, user, at) -> None:
    recent = (
        Batch.objects.visible_to(user)
        .select_related("site", "product")
        .annotate(
            place=Window(RowNumber(), partition_by=F("product_id"), order_by=F("pk").desc()),
            in_all=Window(Count("pk"), partition_by=F("product_id")),
        )
        .filter(place__lte=ON_A_LINE)
        .order_by("-pk")
    )
    for batch in recent:
        card = cards[batch.product_id]
        card.batches.append(batch)
        card.count = batch.in_all
        if batch.execution in {Execution.PLANNED, Execution.ISSUED} and batch.planned_start_at:
            if batch.planned_start_at > at:
                card.expects(batch.planned_start_at, f"start of {batch.number}", batch.site)
        elif batch.expires_at and batch.expires_at > at and state_of(batch) != "stopped":
            card.expects(batch.expires_at, f"{batch.number} expires", batch.site)
    released = Q(disposition=Disposition.RELEASED)
    for row in (
        Batch.objects.visible_to(user)
        .order_by()
        .values("product_id")
        .annotate(certified=Count("pk", filter=released))
    ):
        cards[row["product_id"]].certified = row["certified"]


def _gates(cards, user, at) -> None:
    gates = (
        Gate.objects.visible_to(user)
        .filter(status__in=[GateStatus.OPEN, GateStatus.HOLD])
        .exclude(transfer__status__in=OVER)
        .select_related("transfer")
        .prefetch_related("decisions")
        .order_by("transfer__code", "code")
    )
    for gate in gates:
        card = cards.get(gate.transfer.product_id)
        if card is None:
            continue
        card.gate = card.gate or gate
        card.questions += waits_for_sender(gate)
        due = gate.forecast_on or gate.target_on
        if due and due >= at.date():
            card.expects(due, f"gate {gate.code} of {gate.transfer.code}")


def waits_for_sender(gate) -> bool:
    """Whether nothing stands in the way and the sending unit has not said its word this round."""
    return not gate.blockers and not any(
        said.unit == Unit.SENDING and said.round == gate.round and said.voided_at is None
        for said in gate.decisions.all()
    )


@dataclass(frozen=True)
class BatchView:
    """What a sponsor's page about one batch shows."""

    check: ReleaseCheck | None
    certifications: list
    certificates: list
    dossier: Dossier | None
    results: list
    events: list


def batch_view(batch, user) -> BatchView:
    """Gather a batch's page. Of results the approved ones, as over REST, certified or not."""
    certifications = list(Certification.objects.visible_to(user).filter(batch=batch))
    certificates = list(
        Certificate.objects.visible_to(user)
        .filter(batch=batch)
        .select_related("document", "superseded_by")
        .order_by("-issue")
    )
    return BatchView(
        check=ReleaseCheck.objects.visible_to(user).latest().filter(batch=batch).first(),
        certifications=certifications,
        certificates=certificates,
        dossier=Dossier.objects.visible_to(user)
        .filter(batch=batch)
        .select_related("json", "pdf")
        .order_by("-pk")
        .first(),
        results=results_of(batch, user),
        events=list(
            AuditEvent.objects.visible_to(user)
            .filter(shared=True)
            .filter(
                Q(record_type="batch", record_id=batch.pk)
                | Q(record_type="certificate", record_id__in=[c.pk for c in certificates])
            )
            .order_by("-at", "-id")
        ),
    )


def results_of(batch, user) -> list[Result]:
    """Return the approved results in the specification's order, those beside it last."""
    return list(
        Result.objects.visible_to(user)
        .filter(batch=batch)
        .select_related("line__specification", "sample")
        .order_by("line__specification__code", "line__position", "sample__number", "pk")
    )


def transfers_of(user):
    return (
        TransferProject.objects.visible_to(user)
        .select_related("product", "sending_unit", "receiving_unit", "site")
        .order_by("code")
    )
