"""Specifications and their lines: what a batch is judged against."""

from django.db import models
from django.db.models import F, Q

from cdmo.accounts.models import SponsorOwned, SponsorOwnedQuerySet
from qc.specifications.states import SpecificationStatus, Stage


class SpecificationQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """Never a draft: it is the CDMO's until two people have approved it."""
        return self.filter(sponsor_id=organisation_id).exclude(status=SpecificationStatus.DRAFT)

    def effective(self, product_id, on):
        """Versions in force for a product on a day of manufacture, of whatever stage."""
        return (
            self.filter(product_id=product_id, effective_from__lte=on)
            .exclude(status=SpecificationStatus.DRAFT)
            .filter(Q(effective_until__isnull=True) | Q(effective_until__gte=on))
        )


class Specification(SponsorOwned):
    """A version of the requirements on a product at a stage. Two people approve it; then it stays.

    A batch is judged on the version effective at its start of manufacture; later versions never
    re-judge it silently (domain.md section 4).
    """

    record_type = "specification"
    key_field = "code"
    sponsor_parents = ("product",)
    sponsor_sees = "status <> 'draft'"

    code = models.CharField(max_length=60, unique=True)
    product = models.ForeignKey(
        "portfolio.Product", on_delete=models.PROTECT, related_name="specifications"
    )
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.DRUG_PRODUCT)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    status = models.CharField(
        max_length=10,
        choices=SpecificationStatus,
        default=SpecificationStatus.DRAFT,
        editable=False,
    )
    effective_from = models.DateField()
    effective_until = models.DateField(null=True, blank=True, editable=False)
    written_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, editable=False)
    source = models.CharField(max_length=400, blank=True)
    illustrative = models.BooleanField(default=False)

    objects = SpecificationQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "stage", "version"], name="qc_specification_version_once"
            ),
            models.CheckConstraint(
                name="qc_specification_status", condition=Q(status__in=SpecificationStatus.values)
            ),
            models.CheckConstraint(
                name="qc_specification_ends_after_start",
                condition=Q(effective_until__isnull=True)
                | Q(effective_until__gte=F("effective_from")),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "code": self.code,
            "product": self.product.code,
            "stage": self.stage,
            "version": self.version,
            "title": self.title,
            "effective_from": self.effective_from.isoformat(),
            "lines": [line.content() for line in self.lines.order_by("position")],
        }


class SpecificationLine(SponsorOwned):
    """One requirement: a test, its method, its criterion in the grammar of `qc.calculations`.

    A line that a draft no longer has keeps its row, moved from `specification` to
    `withdrawn_from`: whoever reads the lines of a specification cannot meet it.
    """

    record_type = "specification_line"
    sponsor_parents = ("specification", "withdrawn_from")
    sponsor_sees = (
        "EXISTS (SELECT 1 FROM qc_specification s WHERE s.id = specification_id"
        " AND s.status <> 'draft')"
    )

    specification = models.ForeignKey(
        Specification, null=True, on_delete=models.PROTECT, related_name="lines"
    )
    withdrawn_from = models.ForeignKey(
        Specification, null=True, on_delete=models.PROTECT, related_name="withdrawn_lines"
    )
    position = models.PositiveIntegerField()
    test = models.CharField(max_length=120)
    method = models.CharField(max_length=60, blank=True, help_text="Code of the method.")
    unit = models.CharField(max_length=30, blank=True, help_text="UCUM code")
    criterion = models.CharField(max_length=120)
    rounding = models.CharField(max_length=10, default="usp")
    required = models.BooleanField(default=True)
    may_follow_release = models.BooleanField(default=False)
    surrogate = models.CharField(
        max_length=120, blank=True, help_text="Test that stands in until this one is final."
    )
    turnaround_hours = models.PositiveIntegerField(null=True, blank=True)
    citation = models.CharField(max_length=200, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["specification_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["specification", "test"], name="qc_specificationline_test_once"
            ),
            models.UniqueConstraint(
                fields=["specification", "position"], name="qc_specificationline_position"
            ),
            models.CheckConstraint(
                name="qc_specificationline_one_home",
                condition=Q(specification__isnull=True) ^ Q(withdrawn_from__isnull=True),
            ),
        ]

    @property
    def key(self) -> str:
        return f"{(self.specification or self.withdrawn_from).code}/{self.test}"

    def content(self) -> dict:
        return {
            "test": self.test,
            "method": self.method,
            "unit": self.unit,
            "criterion": self.criterion,
            "rounding": self.rounding,
            "required": self.required,
            "may_follow_release": self.may_follow_release,
            "surrogate": self.surrogate,
        }
