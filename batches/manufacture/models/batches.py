"""Batches and the steps as executed."""

from django.db import models
from django.db.models import F, Q

from batches.manufacture.models.masters import MasterBatchRecord, MasterStep, plain
from batches.manufacture.states import (
    Custody,
    Disposition,
    Execution,
    Inventory,
    Purpose,
    Stage,
    StepKind,
    StepStatus,
    stage_of,
)
from batches.materials.models import QUANTITY, QuantityField, within_bounds
from cdmo.accounts.models import Site, SponsorOwned, SponsorOwnedQuerySet
from cdmo.records.canonical import instant
from cdmo.records.signatures import standing_signatures


class Batch(SponsorOwned):
    """One batch of one process version, from planning to disposition. Four axes, four columns."""

    record_type = "batch"
    key_field = "number"
    sponsor_parents = ("product", "process_version", "master", "coi")

    number = models.CharField(max_length=60, unique=True)
    product = models.ForeignKey(
        "portfolio.Product", on_delete=models.PROTECT, related_name="batches"
    )
    process_version = models.ForeignKey(
        "portfolio.ProcessVersion", on_delete=models.PROTECT, related_name="batches"
    )
    master = models.ForeignKey(
        MasterBatchRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="batches"
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="batches")
    purpose = models.CharField(max_length=12, choices=Purpose)
    objective = models.CharField(max_length=400, blank=True)
    execution = models.CharField(
        max_length=10, choices=Execution, default=Execution.PLANNED, editable=False
    )
    disposition = models.CharField(
        max_length=12, choices=Disposition, default=Disposition.PENDING, editable=False
    )
    inventory = models.CharField(
        max_length=10, choices=Inventory, default=Inventory.QUARANTINE, editable=False
    )
    custody = models.CharField(max_length=12, choices=Custody, default=Custody.SITE, editable=False)
    coi = models.ForeignKey(
        "batches.IdentityChain",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="batches",
    )
    planned_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    planned_at = models.DateTimeField()
    planned_start_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    reviewed_at = models.DateTimeField(null=True, editable=False)
    reviewed_by = models.ForeignKey(
        "accounts.User", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    disposed_at = models.DateTimeField(null=True, editable=False)
    held_at = models.DateTimeField(null=True, editable=False)
    hold_reason = models.CharField(max_length=400, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    yield_value = QuantityField(null=True, blank=True)
    yield_unit = models.CharField(max_length=20, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["sponsor", "execution"], name="batches_batch_sponsor_exec"),
            models.Index(fields=["disposition", "execution"], name="batches_batch_state"),
            # Orders of the REST list as they are asked for: newest first, soonest to expire first.
            models.Index(fields=["planned_at", "id"], name="batches_batch_planned"),
            models.Index(
                F("started_at").desc(nulls_last=True), F("id").desc(), name="batches_batch_started"
            ),
            models.Index(fields=["expires_at", "id"], name="batches_batch_expires"),
        ]
        constraints = [
            models.CheckConstraint(
                name="batches_batch_execution", condition=Q(execution__in=Execution.values)
            ),
            models.CheckConstraint(
                name="batches_batch_disposition", condition=Q(disposition__in=Disposition.values)
            ),
            models.CheckConstraint(
                name="batches_batch_inventory", condition=Q(inventory__in=Inventory.values)
            ),
            models.CheckConstraint(
                name="batches_batch_custody", condition=Q(custody__in=Custody.values)
            ),
            models.CheckConstraint(
                name="batches_batch_undecided_is_in_quarantine",
                condition=~Q(disposition="pending") | Q(inventory__in=["quarantine", "destroyed"]),
            ),
            within_bounds("batches_batch_yield_bounds", "yield_value"),
            models.CheckConstraint(
                name="batches_batch_reviewed_pair",
                condition=Q(reviewed_by__isnull=True, reviewed_at__isnull=True)
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
            ),
        ]

    @property
    def stage(self) -> Stage:
        """The one badge that the four axes make together."""
        return stage_of(
            execution=self.execution,
            disposition=self.disposition,
            is_reviewed=self.reviewed_at is not None,
        )

    def get_stage_display(self) -> str:
        return self.stage.label

    def signed_content(self, verb: str) -> dict | None:
        """What a signature stands for: on issue the instructions, on review the executed record.

        Decisions on disposition are bound to the release check's evidence, not to this.
        """
        if verb == "issue":
            return {
                "record_type": self.record_type,
                "number": self.number,
                "master": self.master.signed_content("approve"),
            }
        if verb == "record-yield":
            return {
                "record_type": self.record_type,
                "number": self.number,
                "yield": plain(self.yield_value),
                "yield_unit": self.yield_unit,
            }
        if verb not in {"complete", "review"}:
            return None
        # A yield added afterwards stands under its own signature: what was signed before it was
        # known says nothing of it, and stays what it is.
        added = standing_signatures(self, verb="record-yield").exists()
        return {
            "record_type": self.record_type,
            "number": self.number,
            "product": self.product.code,
            "process_version": self.process_version.code,
            "purpose": self.purpose,
            "master": self.master.code if self.master_id else None,
            "coi": self.coi.coi if self.coi_id else None,
            "started_at": instant(self.started_at),
            "completed_at": instant(self.completed_at),
            "yield": None if added else plain(self.yield_value),
            "yield_unit": "" if added else self.yield_unit,
            "steps": [
                step.content()
                for step in self.steps.select_related("performed_by", "verified_by", "corrected_by")
            ],
            "consumptions": [
                {
                    "source": c.lot.number if c.lot_id else c.source_batch.number,
                    "quantity": plain(c.quantity),
                    "unit": c.unit,
                    "used_at": instant(c.used_at),
                }
                for c in self.consumptions.filter(cancelled_at__isnull=True)
                .select_related("lot", "source_batch")
                .order_by("id")
            ],
        }


class BatchStepQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """The executed record is the CDMO's until the batch record has been reviewed."""
        return self.filter(sponsor_id=organisation_id, batch__reviewed_at__isnull=False)


class BatchStep(SponsorOwned):
    """One step of one batch: a copy of the instruction as issued, and what was done."""

    record_type = "step"
    sponsor_parents = ("batch", "master_step")
    sponsor_sees = (
        "EXISTS (SELECT 1 FROM batches_batch b WHERE b.id = batch_id AND b.reviewed_at IS NOT NULL)"
    )

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="steps")
    master_step = models.ForeignKey(MasterStep, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    instruction = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=StepKind)
    unit = models.CharField(max_length=20, blank=True)
    lower = QuantityField(null=True)
    upper = QuantityField(null=True)
    expected = models.CharField(max_length=120, blank=True)
    critical = models.BooleanField()
    mandatory = models.BooleanField()
    status = models.CharField(
        max_length=14, choices=StepStatus, default=StepStatus.OPEN, editable=False
    )
    value = models.CharField(max_length=400, blank=True)
    number = models.DecimalField(**QUANTITY, null=True)
    comment = models.TextField(blank=True)
    in_limits = models.BooleanField(null=True)
    performed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    performed_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    verified_at = models.DateTimeField(null=True)
    # When it was written down; `performed_at` is when it was done (a late entry has both).
    recorded_at = models.DateTimeField(null=True, editable=False)
    # A value once out of its limits stays marked, also after it was corrected.
    was_out = models.BooleanField(default=False, editable=False)
    first_value = models.CharField(max_length=400, blank=True, editable=False)
    corrected_by = models.ForeignKey(
        "accounts.User", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True, editable=False)

    objects = BatchStepQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["batch_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "position"], name="batches_batchstep_position"
            ),
            models.UniqueConstraint(fields=["batch", "code"], name="batches_batchstep_code"),
            models.CheckConstraint(
                name="batches_batchstep_two_people",
                condition=Q(verified_by__isnull=True)
                | Q(performed_by__isnull=True)
                | ~Q(verified_by=F("performed_by")),
            ),
            models.CheckConstraint(
                name="batches_batchstep_performed_pair",
                condition=Q(performed_by__isnull=True, performed_at__isnull=True)
                | Q(performed_by__isnull=False, performed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batches_batchstep_verified_pair",
                condition=Q(verified_by__isnull=True, verified_at__isnull=True)
                | Q(verified_by__isnull=False, verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batches_batchstep_corrected_pair",
                condition=Q(corrected_by__isnull=True, corrected_at__isnull=True)
                | Q(corrected_by__isnull=False, corrected_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batches_batchstep_status", condition=Q(status__in=StepStatus.values)
            ),
            within_bounds("batches_batchstep_bounds", "lower", "upper"),
        ]

    @property
    def key(self) -> str:
        return f"{self.batch.number}/{self.code}"

    def content(self) -> dict:
        return {
            "code": self.code,
            "status": self.status,
            "value": self.value,
            "unit": self.unit,
            "comment": self.comment,
            "in_limits": self.in_limits,
            "performed_by": self.performed_by.email if self.performed_by_id else None,
            "performed_at": instant(self.performed_at),
            "verified_by": self.verified_by.email if self.verified_by_id else None,
            "verified_at": instant(self.verified_at),
            "recorded_at": instant(self.recorded_at),
            "first_value": self.first_value,
            "corrected_by": self.corrected_by.email if self.corrected_by_id else None,
            "corrected_at": instant(self.corrected_at),
        }
