"""Trainings of people, and the demands of roles, methods and master batch records."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from cdmo.accounts.models import Regulated
from cdmo.training.states import How, Task


def _person(**options):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        **{"related_name": "+", **options},
    )


class DemandQuerySet(models.QuerySet):
    def on(self, at=None):
        """Demands in force at an instant; without one by the database's own clock."""
        at = at or Now()
        return self.filter(demanded_at__lte=at).filter(
            Q(lifted_at__isnull=True) | Q(lifted_at__gt=at)
        )


class TrainingDemand(Regulated):
    """Whoever does this task is trained on this version of this document."""

    record_type = "training_demand"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    task_kind = models.CharField(max_length=20, choices=Task)
    task = models.CharField(max_length=60, help_text="A role, or the code of the record.")
    document = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    demanded_by = _person()
    demanded_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    lifted_by = _person(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.TextField(blank=True)
    illustrative = models.BooleanField(default=False)

    objects = DemandQuerySet.as_manager()

    class Meta(Regulated.Meta):
        ordering = ["task_kind", "task", "document"]
        constraints = [
            # One version at a time: a new one is demanded after the old one was lifted.
            models.UniqueConstraint(
                name="training_demand_once",
                fields=["task_kind", "task", "document"],
                condition=Q(lifted_at__isnull=True),
            )
        ]


class TrainingQuerySet(models.QuerySet):
    def on(self, at=None):
        """Trainings that count at an instant; without one by the database's own clock."""
        at = at or Now()
        return (
            self.filter(valid_from__lte=at)
            .filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at))
            .filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=at))
        )


class Training(Regulated):
    """A person was trained on a version of a document. Taken back with a reason, never deleted."""

    record_type = "training"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    person = _person(related_name="trainings")
    document = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    how = models.CharField(max_length=12, choices=How)
    valid_from = models.DateTimeField(help_text="When the person was trained.")
    valid_until = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True)
    recorded_by = _person()
    recorded_at = models.DateTimeField()
    withdrawn_by = _person(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)
    illustrative = models.BooleanField(default=False)

    objects = TrainingQuerySet.as_manager()

    class Meta(Regulated.Meta):
        ordering = ["-recorded_at", "-id"]
        indexes = [models.Index(fields=["person", "document"], name="training_person_document")]
        constraints = [
            models.CheckConstraint(
                name="training_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="training_not_self_recorded", condition=~Q(recorded_by=F("person"))
            ),
        ]


__all__ = ["Training", "TrainingDemand"]
