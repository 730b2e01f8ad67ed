"""Master batch records and their typed steps."""

from django.db import models
from django.db.models import F, Q

from batches.manufacture.states import MasterStatus, StepKind
from batches.materials.models import QuantityField, within_bounds
from cdmo.accounts.models import SponsorOwned, SponsorOwnedQuerySet


def plain(number) -> str | None:
    """Return a decimal as it is signed for: its value, without exponent and trailing zeros.

    What was entered as 10.50 is shown as 10.50 and signed for as 10.5, so that a signature stands
    on the value alone.
    """
    return None if number is None else f"{number.normalize():f}"


class MasterQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """A sponsor reads instructions once they were approved."""
        return self.filter(sponsor_id=organisation_id).exclude(status=MasterStatus.DRAFT)


class MasterBatchRecord(SponsorOwned):
    """A version of the instructions for a process version: typed steps with limits."""

    record_type = "master_batch_record"
    key_field = "code"
    sponsor_parents = ("product", "process_version")
    sponsor_sees = "status <> 'draft'"

    code = models.CharField(max_length=60, unique=True)
    product = models.ForeignKey(
        "portfolio.Product", on_delete=models.PROTECT, related_name="masters"
    )
    process_version = models.ForeignKey(
        "portfolio.ProcessVersion", on_delete=models.PROTECT, related_name="masters"
    )
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    status = models.CharField(
        max_length=10, choices=MasterStatus, default=MasterStatus.DRAFT, editable=False
    )
    effective_from = models.DateField(null=True, blank=True)
    yield_unit = models.CharField(max_length=20, blank=True)
    yield_lower = QuantityField(null=True, blank=True)
    yield_upper = QuantityField(null=True, blank=True)
    written_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    illustrative = models.BooleanField(default=False)

    objects = MasterQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["process_version", "version"], name="batches_master_version_once"
            ),
            models.UniqueConstraint(
                fields=["process_version"],
                condition=Q(status="effective"),
                name="batches_master_one_effective",
            ),
            models.CheckConstraint(
                name="batches_master_status", condition=Q(status__in=MasterStatus.values)
            ),
            within_bounds("batches_master_yield_bounds", "yield_lower", "yield_upper"),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "code": self.code,
            "version": self.version,
            "process_version": self.process_version.code,
            "yield_unit": self.yield_unit,
            "yield_lower": plain(self.yield_lower),
            "yield_upper": plain(self.yield_upper),
            "steps": [step.content() for step in self.steps.order_by("position")],
        }


class MasterStepQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        return self.filter(sponsor_id=organisation_id).exclude(master__status=MasterStatus.DRAFT)


class MasterStep(SponsorOwned):
    """One step of the instructions.

    A step that a draft no longer has keeps its row, moved from `master` to `withdrawn_from`:
    whoever reads the steps of a master batch record cannot meet it.
    """

    record_type = "master_step"
    sponsor_parents = ("master", "withdrawn_from")
    sponsor_sees = (
        "EXISTS (SELECT 1 FROM batches_masterbatchrecord m"
        " WHERE m.id = master_id AND m.status <> 'draft')"
    )

    master = models.ForeignKey(
        MasterBatchRecord, null=True, on_delete=models.PROTECT, related_name="steps"
    )
    withdrawn_from = models.ForeignKey(
        MasterBatchRecord, null=True, on_delete=models.PROTECT, related_name="withdrawn_steps"
    )
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    instruction = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=StepKind, default=StepKind.CHECK)
    unit = models.CharField(max_length=20, blank=True)
    lower = QuantityField(null=True, blank=True)
    upper = QuantityField(null=True, blank=True)
    expected = models.CharField(max_length=120, blank=True)
    critical = models.BooleanField(default=False, help_text="Needs a second person's verification.")
    mandatory = models.BooleanField(default=True)

    objects = MasterStepQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["position"]
        constraints = [
            # Looked at when the change is whole: steps that change places meet on the way.
            models.UniqueConstraint(
                fields=["master", "position"],
                name="batches_masterstep_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=["master", "code"], name="batches_masterstep_code"),
            models.CheckConstraint(
                name="batches_masterstep_one_home",
                condition=Q(master__isnull=True) ^ Q(withdrawn_from__isnull=True),
            ),
            models.CheckConstraint(
                name="batches_masterstep_limits",
                condition=Q(lower__isnull=True) | Q(upper__isnull=True) | Q(upper__gte=F("lower")),
            ),
            within_bounds("batches_masterstep_bounds", "lower", "upper"),
        ]

    def content(self) -> dict:
        return {
            "position": self.position,
            "code": self.code,
            "title": self.title,
            "instruction": self.instruction,
            "kind": self.kind,
            "unit": self.unit,
            "lower": plain(self.lower),
            "upper": plain(self.upper),
            "expected": self.expected,
            "critical": self.critical,
            "mandatory": self.mandatory,
        }
