"""Methods, samples, results and out-of-specification investigations."""

from django.db import models
from django.db.models import F, Q

from cdmo.accounts.models import Regulated, SponsorOwned, SponsorOwnedQuerySet
from qc.laboratory.states import (
    MethodStatus,
    OosConclusion,
    OosStatus,
    ResultStatus,
    Validation,
)
from qc.specifications.states import Verdict


class Method(Regulated):
    """A version of an analytical method of the laboratory."""

    record_type = "method"
    key_field = "code"

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    version = models.PositiveIntegerField(default=1)
    technique = models.CharField(max_length=80, blank=True)
    validation = models.CharField(max_length=12, choices=Validation, default=Validation.DEVELOPMENT)
    status = models.CharField(
        max_length=10, choices=MethodStatus, default=MethodStatus.DRAFT, editable=False
    )
    needs_instrument = models.BooleanField(default=False)
    written_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, editable=False)
    citation = models.CharField(max_length=200, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["code"]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "code": self.code,
            "version": self.version,
            "technique": self.technique,
            "validation": self.validation,
        }


class Sample(SponsorOwned):
    """A sample taken from a batch, named by its identifier in every instrument file."""

    record_type = "sample"
    key_field = "number"
    sponsor_parents = ("batch",)

    number = models.CharField(max_length=80, unique=True)
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="samples")
    kind = models.CharField(max_length=60, default="release")
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    storage = models.CharField(max_length=120, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]


class ResultQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """Approved results only: nothing interim, nothing unreviewed."""
        return self.filter(sponsor_id=organisation_id, status=ResultStatus.APPROVED)


class Result(SponsorOwned):
    """One value of one test on one sample. Superseded or invalidated, never overwritten."""

    record_type = "result"
    sponsor_parents = ("sample", "batch", "line", "supersedes")
    sponsor_sees = "status = 'approved'"

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="results")
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="results")
    test = models.CharField(max_length=120)
    line = models.ForeignKey(
        "qc.SpecificationLine", null=True, on_delete=models.PROTECT, related_name="results"
    )
    method = models.ForeignKey(Method, null=True, on_delete=models.PROTECT, related_name="results")
    instrument = models.ForeignKey(
        "qc.Instrument", null=True, blank=True, on_delete=models.PROTECT, related_name="results"
    )
    measurement = models.ForeignKey(
        "qc.Measurement", null=True, on_delete=models.PROTECT, related_name="results"
    )
    value = models.CharField(max_length=80)
    unit = models.CharField(max_length=30, blank=True)
    status = models.CharField(
        max_length=12, choices=ResultStatus, default=ResultStatus.DRAFT, editable=False
    )
    reportable = models.CharField(max_length=80, blank=True, editable=False)
    verdict = models.CharField(max_length=14, choices=Verdict, blank=True, editable=False)
    tested_at = models.DateTimeField()
    analyst = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, editable=False)
    reviewer = models.ForeignKey(
        "accounts.User", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, editable=False)
    confirm_reason = models.TextField(
        blank=True, help_text="Why a flagged reading was confirmed all the same."
    )
    invalid_reason = models.TextField(blank=True, editable=False)
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    illustrative = models.BooleanField(default=False)

    objects = ResultQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["batch", "test"], name="qc_result_batch_test"),
            models.Index(fields=["tested_at", "id"], name="qc_result_tested"),
            models.Index(fields=["entered_at", "id"], name="qc_result_entered"),
        ]
        constraints = [
            models.CheckConstraint(
                name="qc_result_two_people",
                condition=Q(reviewer__isnull=True) | ~Q(reviewer=F("analyst")),
            ),
            models.CheckConstraint(
                name="qc_result_reviewed_pair",
                condition=Q(reviewer__isnull=True, reviewed_at__isnull=True)
                | Q(reviewer__isnull=False, reviewed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="qc_result_approved_was_reviewed",
                condition=~Q(status="approved") | Q(reviewer__isnull=False),
            ),
            models.CheckConstraint(
                name="qc_result_status", condition=Q(status__in=ResultStatus.values)
            ),
            # One value in force per sample and test; a retest names what it supersedes.
            models.UniqueConstraint(
                fields=["sample", "test"],
                condition=Q(status__in=["draft", "submitted", "approved"]),
                name="qc_result_one_in_force",
            ),
            # A reading becomes one result; after that was invalidated it may be confirmed again.
            models.UniqueConstraint(
                fields=["measurement"],
                condition=Q(status__in=["draft", "submitted", "approved"]),
                name="qc_result_one_of_a_measurement",
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "id": self.pk,
            "sample": self.sample.number,
            "test": self.test,
            "value": self.value,
            "unit": self.unit,
            "reportable": self.reportable,
            "verdict": self.verdict,
            "measurement": self.measurement_id,
        }


class OosQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """Concluded investigations only."""
        return self.filter(sponsor_id=organisation_id, status=OosStatus.CLOSED)


class OosInvestigation(SponsorOwned):
    """An out-of-specification result, from the finding to QA's conclusion."""

    record_type = "oos"
    key_field = "number"
    sponsor_parents = ("batch", "result")
    sponsor_sees = "status = 'closed'"

    number = models.CharField(max_length=40, unique=True)
    result = models.OneToOneField(Result, on_delete=models.PROTECT, related_name="oos")
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="oos")
    status = models.CharField(
        max_length=8, choices=OosStatus, default=OosStatus.OPEN, editable=False
    )
    opened_at = models.DateTimeField()
    conclusion = models.CharField(
        max_length=16, choices=OosConclusion, blank=True, default="", editable=False
    )
    rationale = models.TextField(blank=True, editable=False)
    closed_by = models.ForeignKey(
        "accounts.User", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = OosQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        verbose_name_plural = "OOS investigations"
        constraints = [
            models.CheckConstraint(
                name="qc_oos_closed_has_conclusion",
                condition=~Q(status="closed") | (~Q(conclusion="") & Q(closed_by__isnull=False)),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "result": self.result_id,
            "conclusion": self.conclusion,
            "rationale": self.rationale,
        }
