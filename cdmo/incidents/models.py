"""Incidents of the system: found, classified, explained, closed with a signature."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Regulated
from cdmo.incidents.states import IncidentStatus, Severity
from cdmo.records.canonical import instant


class Incident(Regulated):
    """A failure, a data error, a misuse: of the system, not of a batch (that is a deviation)."""

    record_type = "incident"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    classification = models.CharField(max_length=8, choices=Severity)
    status = models.CharField(
        max_length=6, choices=IncidentStatus, default=IncidentStatus.OPEN, editable=False
    )
    occurred_at = models.DateTimeField()
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    raised_at = models.DateTimeField()
    root_cause = models.TextField(blank=True)
    action = models.TextField(blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    class Meta(Regulated.Meta):
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="incidents_critical_closed_with_root_cause",
                condition=~Q(status=IncidentStatus.CLOSED, classification=Severity.CRITICAL)
                | ~Q(root_cause=""),
            ),
            models.CheckConstraint(
                name="incidents_closed_by_somebody",
                condition=Q(status=IncidentStatus.OPEN)
                | Q(closed_by__isnull=False, closed_at__isnull=False),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "title": self.title,
            "description": self.description,
            "classification": self.classification,
            "occurred_at": instant(self.occurred_at),
            "root_cause": self.root_cause,
            "action": self.action,
        }
