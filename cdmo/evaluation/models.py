"""A periodic evaluation: a period, what was found in it as it was shown, and what was concluded."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cdmo.accounts.models import Regulated
from cdmo.evaluation.states import EvaluationStatus
from cdmo.history import final, kept
from cdmo.records.canonical import instant


class PeriodicEvaluation(Regulated):
    """One look at the state of the system. `found` is frozen when drawn up, never recomputed."""

    record_type = "periodic_evaluation"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    status = models.CharField(
        max_length=9,
        choices=EvaluationStatus,
        default=EvaluationStatus.DRAWN_UP,
        editable=False,
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    found = models.JSONField(editable=False, help_text="Sections, each with facts and a table.")
    drawn_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    drawn_up_at = models.DateTimeField()
    conclusion = models.TextField(blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    concluded_at = models.DateTimeField(null=True)

    class Meta(Regulated.Meta):
        ordering = ["-id"]
        triggers = [
            *kept(),
            final(
                "concluded_is_final",
                EvaluationStatus.CONCLUDED.value,
                "An evaluation that was concluded is never changed.",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="evaluation_period", condition=Q(until__gt=F("since"))),
            models.CheckConstraint(
                name="evaluation_concluded_by_somebody",
                condition=Q(status=EvaluationStatus.DRAWN_UP)
                | (Q(concluded_by__isnull=False, concluded_at__isnull=False) & ~Q(conclusion="")),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        """Everything that was listed, and what was concluded from it."""
        return {
            "record_type": self.record_type,
            "number": self.number,
            "since": instant(self.since),
            "until": instant(self.until),
            "drawn_up_at": instant(self.drawn_up_at),
            "found": self.found,
            "conclusion": self.conclusion,
        }
