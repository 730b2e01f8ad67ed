"""Deviations: what did not go as the batch record says."""

from django.db import models
from django.db.models import Q

from batches.deviations.states import Classification, DeviationStatus
from cdmo.accounts.models import SponsorOwned, SponsorOwnedQuerySet


class DeviationQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """Interim findings stay inside; a sponsor reads a deviation once QA has closed it."""
        return self.filter(sponsor_id=organisation_id, status=DeviationStatus.CLOSED)


class Deviation(SponsorOwned):
    """A departure from the record, raised on a batch, classified and closed by QA."""

    record_type = "deviation"
    key_field = "number"
    sponsor_parents = ("batch", "step")
    sponsor_sees = "status = 'closed'"

    number = models.CharField(max_length=40, unique=True)
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="deviations")
    step = models.ForeignKey(
        "batches.BatchStep",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deviations",
    )
    concerns_yield = models.BooleanField(
        default=False, help_text="The yield is outside the limits of the master batch record."
    )
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    classification = models.CharField(max_length=8, choices=Classification, blank=True, default="")
    status = models.CharField(
        max_length=14, choices=DeviationStatus, default=DeviationStatus.OPEN, editable=False
    )
    raised_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    raised_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True, blank=True)
    conclusion = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    objects = DeviationQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="batches_deviation_closed_pair",
                condition=Q(closed_by__isnull=True, closed_at__isnull=True)
                | Q(closed_by__isnull=False, closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batches_deviation_status", condition=Q(status__in=DeviationStatus.values)
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "batch": self.batch.number,
            "step": self.step.code if self.step_id else None,
            "title": self.title,
            "description": self.description,
            "classification": self.classification,
            "conclusion": self.conclusion,
        }
