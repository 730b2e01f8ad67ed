"""Access reviews: who had which access on a day, and what a reviewer decided about it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Appointment, Regulated
from cdmo.people.states import Decision, ReviewStatus
from cdmo.records.canonical import instant


class AccessReview(Regulated):
    """One look at every account. Its lines keep what was seen; a signature attests them."""

    record_type = "access_review"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=10, choices=ReviewStatus, default=ReviewStatus.OPEN)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField()
    attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    attested_at = models.DateTimeField(null=True)
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="people_one_open_review",
                fields=["status"],
                condition=Q(status=ReviewStatus.OPEN),
            ),
            models.CheckConstraint(
                name="people_review_attested_by_somebody",
                condition=Q(status=ReviewStatus.OPEN)
                | Q(attested_by__isnull=False, attested_at__isnull=False),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        """Every access as it was seen, and what was decided about it, by whom."""
        return {
            "record_type": self.record_type,
            "number": self.number,
            "opened_at": instant(self.opened_at),
            "lines": [line.content() for line in self.lines.select_related("decided_by")],
        }


class AccessLine(Regulated):
    """One appointment, or an account that has none, as it stood when the review was opened."""

    record_type = "access_line"

    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="lines")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_lines"
    )
    appointment = models.ForeignKey(Appointment, null=True, on_delete=models.PROTECT)
    seen = models.JSONField(help_text="What the reviewer was shown: frozen, never recomputed.")
    decision = models.CharField(max_length=6, choices=Decision, blank=True)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta(Regulated.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="people_access_line_once",
                fields=["review", "person", "appointment"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="people_access_line_removed_with_reason",
                condition=~Q(decision=Decision.REMOVE) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="people_access_line_not_own",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("person")),
            ),
        ]

    def content(self) -> dict:
        return {
            "seen": self.seen,
            "decision": self.decision,
            "reason": self.reason,
            "decided_by": self.decided_by.email if self.decided_by_id else None,
        }


__all__ = ["AccessLine", "AccessReview"]
