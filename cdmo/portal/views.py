"""The sponsor's pages. They only read, as the sponsors' database role; the staff has its own."""

from django.db.models import Q
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from batches.manufacture.models import Batch
from batches.manufacture.states import Disposition, Execution
from cdmo.accounts.roles import SPONSOR_ROLES, Role
from cdmo.archive.models import Dossier
from cdmo.portal.gathering import (
    ON_A_LINE,
    batch_view,
    cards_of,
    transfers_of,
    waits_for_sender,
)
from cdmo.portal.words import STATES, digest_of, label_of, milestone, state_of
from cdmo.portfolio.models import Product
from cdmo.records.models import Document
from cdmo.web.lists import Column, Filter, RecordListMixin, Tab
from cdmo.web.pages.house import download
from cdmo.web.views import RecordMixin, visible
from qc.release.models import Certificate
from qc.specifications.models import Specification
from qc.specifications.states import SpecificationStatus
from techtransfer.projects.models import TransferProject
from techtransfer.projects.picture import gates_of, pictures
from techtransfer.projects.states import GateStatus


class SponsorRequired:
    """Pages of a sponsor's own people, with a role. To everybody else they do not exist."""

    def setup(self, request, *args, **kwargs):
        user = request.user
        if not user.is_authenticated or not user.is_sponsor_side or not user.roles & SPONSOR_ROLES:
            raise Http404
        super().setup(request, *args, **kwargs)


class Home(SponsorRequired, TemplateView):
    """One card a product."""

    template_name = "portal/home.html"

    def get_context_data(self, **kwargs):
        user, at = self.request.user, timezone.now()
        return super().get_context_data(cards=cards_of(user, at=at), shown=ON_A_LINE, **kwargs)


class ProductPage(SponsorRequired, RecordMixin, TemplateView):
    """A product: its specifications in force and where its batches are."""

    model = Product
    template_name = "portal/product.html"

    def get_context_data(self, **kwargs):
        specifications = (
            Specification.objects.visible_to(self.request.user)
            .filter(product=self.record, status=SpecificationStatus.APPROVED)
            .prefetch_related("lines")
            .order_by("stage", "-version")
        )
        card = next(
            c for c in cards_of(self.request.user, at=timezone.now()) if c.product == self.record
        )
        return super().get_context_data(card=card, specifications=specifications, **kwargs)


def products(request):
    """Return the choices of the product filter."""
    own = Product.objects.visible_to(request.user).order_by("code")
    return tuple((p.code, p.name) for p in own)


class PortalList(SponsorRequired, RecordListMixin, TemplateView):
    """A table of the sponsor's own records."""

    scoped = True  # get_records starts at visible_to

    def get_records(self):
        return visible(self.model, self.request.user).select_related(*self.select)


PENDING = Q(disposition=Disposition.PENDING)


class BatchList(PortalList):
    model = Batch
    title = "Batches"
    select = ("product", "site")
    tabs = (
        Tab("all", "All", Q()),
        Tab("planned", "Planned", PENDING & Q(execution__in=[Execution.PLANNED, Execution.ISSUED])),
        Tab(
            "in_process",
            "In process",
            PENDING & Q(execution__in=[Execution.IN_PROCESS, Execution.ON_HOLD]),
        ),
        Tab("in_review", "Under review", PENDING & Q(execution=Execution.COMPLETED)),
        Tab("conditional", "Conditional", Q(disposition=Disposition.CONDITIONAL)),
        Tab("released", "Certified", Q(disposition=Disposition.RELEASED)),
        Tab(
            "stopped",
            "Stopped",
            Q(disposition__in=[Disposition.REJECTED, Disposition.RECALLED])
            | Q(execution=Execution.ABORTED),
        ),
    )
    filters = (
        Filter("product", "Product", "product__code", kind="choice", choices=products),
        Filter("purpose", "Purpose", "purpose", kind="choice", choices=Batch.purpose.field.choices),
        Filter("since", "Started from", "started_at", kind="since"),
        Filter("until", "Started to", "started_at", kind="until"),
    )
    search = ("number", "product__name")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("product", "Product", "product.name", order="product__name"),
        Column("purpose", "Purpose", "get_purpose_display"),
        Column("state", "State", state_of, kind="portal_state", options={"label": label_of}),
        Column("site", "Site", "site.name"),
        Column("started_at", "Started", kind="instant", order="started_at"),
        Column("completed_at", "Completed", kind="instant", order="completed_at"),
        Column("expires_at", "Expires", kind="instant", order="expires_at"),
    )
    empty_icon = "flask"
    empty_title = "No batches yet"
    empty_text = "Batches of your products stand here from the day they are planned."


class BatchPage(SponsorRequired, RecordMixin, TemplateView):
    """One batch: where it is, what is open, what was found and approved."""

    model = Batch
    select = ("product", "site", "process_version", "coi")
    template_name = "portal/batch.html"

    def get_context_data(self, **kwargs):
        found = batch_view(self.record, self.request.user)
        state = state_of(self.record)
        return super().get_context_data(
            found=found,
            state=state,
            state_label=STATES[state],
            digest=digest_of(found.check),
            events=[milestone(event) for event in found.events],
            **kwargs,
        )


class CertificateList(PortalList):
    model = Certificate
    title = "Certificates"
    lead = "Certificates of analysis as issued; a re-issue supersedes the one before."
    select = ("batch__product", "batch__site", "document", "superseded_by")
    filters = (
        Filter("product", "Product", "batch__product__code", kind="choice", choices=products),
    )
    tabs = (
        Tab("current", "Current", Q(superseded_by__isnull=True)),
        Tab("all", "All", Q()),
    )
    search = ("number", "batch__number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("batch", "Batch", "batch", kind="record", order="batch__number"),
        Column("product", "Product", "batch.product.name"),
        Column("issue", "Issue", kind="number"),
        Column("issued_at", "Issued", kind="instant", order="issued_at"),
        Column(
            "standing",
            "State",
            lambda c: (
                "superseded" if c.is_superseded else "conditional" if c.conditional else "final"
            ),
            kind="status",
        ),
        Column("document", "File", "document", kind="download"),
    )
    empty_icon = "certificate"
    empty_title = "No certificates yet"
    empty_text = "When a batch of yours is certified, its certificate of analysis stands here."

    def rows(self, records):
        found = list(records)
        for certificate in found:
            certificate.is_superseded = hasattr(certificate, "superseded_by")
        return found


class CertificateFile(SponsorRequired, RecordMixin, View):
    """The certificate as it was issued, byte for byte."""

    model = Certificate
    select = ("document",)

    def get(self, request, *args, **kwargs):
        return download(request, self.record.document)


class DossierFile(SponsorRequired, RecordMixin, View):
    """One file of a batch's dossier in the sponsor's edition, as it was exported."""

    model = Dossier
    select = ("json", "pdf")
    form = "pdf"

    def get(self, request, *args, **kwargs):
        return download(request, getattr(self.record, self.form))


class DocumentFile(SponsorRequired, RecordMixin, View):
    """A document of this sponsor; row-level security leaves certificates and dossiers."""

    model = Document
    lookup = "number"

    def get(self, request, *args, **kwargs):
        return download(request, self.record)


class TransferList(SponsorRequired, TemplateView):
    """The sponsor's transfers, gate by gate, and what waits for its own unit."""

    template_name = "portal/transfers.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        transfers = list(transfers_of(user))
        gates = pictures(transfers, by=user, at=timezone.now())
        return super().get_context_data(
            transfers=[
                {
                    "transfer": t,
                    "gates": gates[t.pk],
                    "here": (here := open_gate(gates[t.pk])),
                    "my_turn": here is not None and waits_for_sender(here.gate),
                }
                for t in transfers
            ],
            **kwargs,
        )


class TransferPage(SponsorRequired, RecordMixin, TemplateView):
    """One transfer: eight gates on a line, the open one with what stands in its way."""

    model = TransferProject
    select = ("product", "sending_unit", "receiving_unit", "site")
    template_name = "portal/transfer.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        gates = gates_of(self.record, by=user, at=timezone.now())
        here = open_gate(gates)
        return super().get_context_data(
            gates=gates,
            here=here,
            my_turn=here is not None and waits_for_sender(here.gate),
            decide_url=self.decide_url(here) if here and Role.SPONSOR_LEAD in user.roles else "",
            **kwargs,
        )

    def decide_url(self, picture) -> str:
        return reverse(
            "techtransfer:gate_decide", kwargs={"key": self.record.key, "gate": picture.gate.code}
        )


def open_gate(gates):
    open_ones = (p for p in gates if p.gate.status in {GateStatus.OPEN, GateStatus.HOLD})
    return next(open_ones, None)
