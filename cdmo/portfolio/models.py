"""Agreements and their scope, products, processes and process versions."""

from django.db import models
from django.db.models import F, Q

from cdmo.accounts.models import Site, SponsorOwned
from cdmo.portfolio.states import (
    AgreementKind,
    AgreementStatus,
    ProcessStatus,
    ScopeStatus,
    Work,
)


class Agreement(SponsorOwned):
    """A contract between the CDMO and a sponsor. A memorandum never authorises GMP work."""

    record_type = "agreement"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=AgreementKind)
    status = models.CharField(
        max_length=12, choices=AgreementStatus, default=AgreementStatus.DRAFT, editable=False
    )
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, editable=False)
    terminated_at = models.DateTimeField(null=True, editable=False)
    source = models.CharField(max_length=400, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                name="portfolio_agreement_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="portfolio_agreement_status", condition=Q(status__in=AgreementStatus.values)
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        """The text of the agreement; under an option taken up or declined also which one."""
        if verb.startswith("option-"):
            item = self.scope.get(pk=int(verb.rpartition("-")[2]))
            return {**self.signed_content("sign"), "option": item.content()}
        return {
            "record_type": self.record_type,
            "number": self.number,
            "kind": self.kind,
            "sponsor": self.sponsor.code,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "scope": [
                item.content() for item in self.scope.select_related("product").order_by("id")
            ],
        }


class ScopeItem(SponsorOwned):
    """One thing an agreement covers, or may cover once an option is exercised."""

    record_type = "scope_item"
    sponsor_parents = ("agreement", "product")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="scope")
    item = models.CharField(max_length=200)
    work = models.CharField(max_length=20, choices=Work, default=Work.OTHER)
    product = models.ForeignKey(
        "portfolio.Product", null=True, blank=True, on_delete=models.PROTECT
    )
    status = models.CharField(max_length=10, choices=ScopeStatus, default=ScopeStatus.IN_SCOPE)

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]

    @property
    def product_code(self) -> str | None:
        return self.product.code if self.product_id else None

    def content(self) -> dict:
        return {"item": self.item, "work": self.work, "product": self.product_code}


class Product(SponsorOwned):
    """A cell or gene therapy product, or a component of one. Holds no efficacy claims as facts."""

    class Modality(models.TextChoices):
        ALLOGENEIC = "allogeneic", "Allogeneic"
        AUTOLOGOUS = "autologous", "Autologous"
        PATIENT_DIRECTED = "patient_directed", "Allogeneic, patient-directed"
        COMPONENT = "component", "Component"

    class ClaimStatus(models.TextChoices):
        NONE = "none", "No claim recorded"
        SPONSOR_CLAIM = "sponsor_claim", "Sponsor's own claim"
        INDEPENDENT = "independent_statement", "Independent statement"

    record_type = "product"
    key_field = "code"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    modality = models.CharField(max_length=20, choices=Modality)
    gene_modified = models.BooleanField(default=False)
    route = models.CharField(max_length=40, blank=True)
    description = models.TextField(blank=True)
    family = models.CharField(max_length=60, blank=True)
    shelf_life_minutes = models.PositiveIntegerField(null=True, blank=True)
    allows_conditional_release = models.BooleanField(default=False)
    claim_status = models.CharField(max_length=24, choices=ClaimStatus, default=ClaimStatus.NONE)
    claim_text = models.TextField(blank=True)
    claim_source = models.CharField(max_length=200, blank=True)
    claim_date = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=400, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]
        constraints = [
            # A text about clinical outcome needs whose it is, where it stood and when (S1, S2).
            models.CheckConstraint(
                name="portfolio_product_claim_has_source",
                condition=Q(claim_text="")
                | (~Q(claim_status="none") & ~Q(claim_source="") & Q(claim_date__isnull=False)),
            ),
        ]

    @property
    def is_for_one_patient(self) -> bool:
        return self.modality in {self.Modality.AUTOLOGOUS, self.Modality.PATIENT_DIRECTED}


class Process(SponsorOwned):
    """What is transferred: how a product is made."""

    record_type = "process"
    key_field = "code"
    sponsor_parents = ("product",)

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="processes")

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]


class ProcessVersion(SponsorOwned):
    """One version of a process at one site."""

    record_type = "process_version"
    key_field = "code"
    sponsor_parents = ("process", "product")

    code = models.CharField(max_length=60, unique=True)
    process = models.ForeignKey(Process, on_delete=models.PROTECT, related_name="versions")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="process_versions")
    version = models.PositiveIntegerField()
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    status = models.CharField(
        max_length=12, choices=ProcessStatus, default=ProcessStatus.DEVELOPMENT, editable=False
    )
    description = models.TextField(blank=True)
    written_by = models.ForeignKey("accounts.User", null=True, on_delete=models.PROTECT)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["process", "version", "site"], name="portfolio_processversion_once"
            ),
            models.CheckConstraint(
                name="portfolio_processversion_status", condition=Q(status__in=ProcessStatus.values)
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "code": self.code,
            "process": self.process.code,
            "version": self.version,
            "site": self.site.code,
            "description": self.description,
        }
