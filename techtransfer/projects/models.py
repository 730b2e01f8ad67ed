"""Transfers of a process from a sending to a receiving unit, their gates and decisions."""

from django.db import models
from django.db.models import F, Q

from cdmo.accounts.models import Organisation, Site, SponsorOwned
from techtransfer.projects.states import GATES, Decision, GateStatus, TransferStatus, Unit


class TransferProject(SponsorOwned):
    """The transfer of one product's process from a sending to a receiving unit."""

    record_type = "transfer"
    key_field = "code"
    sponsor_parents = ("product",)

    code = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200, blank=True)
    product = models.ForeignKey(
        "portfolio.Product", on_delete=models.PROTECT, related_name="transfers"
    )
    sending_unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    receiving_unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT)
    status = models.CharField(
        max_length=8, choices=TransferStatus, default=TransferStatus.PLANNED, editable=False
    )
    planned_batches = models.PositiveSmallIntegerField(
        default=3, help_text="Qualification batches to be certified before G6."
    )
    started_on = models.DateField(null=True, blank=True)
    target_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=400, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="techtransfer_transferproject_two_units",
                condition=~Q(sending_unit=F("receiving_unit")),
            )
        ]


class Gate(SponsorOwned):
    """One gate of a transfer, G0 to G7."""

    record_type = "transfer_gate"
    sponsor_parents = ("transfer",)

    transfer = models.ForeignKey(TransferProject, on_delete=models.PROTECT, related_name="gates")
    code = models.CharField(max_length=2)
    status = models.CharField(
        max_length=14, choices=GateStatus, default=GateStatus.WAITING, editable=False
    )
    target_on = models.DateField(null=True, blank=True)
    forecast_on = models.DateField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, editable=False)
    round = models.PositiveSmallIntegerField(default=1, editable=False)
    # What stands in the way, in words that both units may read. A sponsor's request cannot gather
    # the evidence itself: the sponsors' database role sees none of it before it is approved.
    blockers = models.JSONField(default=list, editable=False)
    judged_at = models.DateTimeField(null=True, editable=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["transfer_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["transfer", "code"], name="techtransfer_gate_once")
        ]

    @property
    def key(self) -> str:
        return f"{self.transfer.code}/{self.code}"

    @property
    def name(self) -> str:
        return GATES[self.code]

    def signed_content(self, verb: str) -> None:
        """Opening again is bound to its own words; decisions are signed as GateDecision."""
        return None


class GateDecision(SponsorOwned):
    """One unit's signed half of a decision. A gate moves when both units have said the same."""

    record_type = "gate_decision"
    sponsor_parents = ("gate",)

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=10, choices=Unit)
    decision = models.CharField(max_length=14, choices=Decision)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)
    conditions = models.JSONField(default=list)
    blockers = models.JSONField(
        default=list, help_text="What stood in the way when this was signed."
    )
    voided_at = models.DateTimeField(
        null=True, editable=False, help_text="When the gate was opened again."
    )

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "round", "unit"], name="techtransfer_gatedecision_once_a_unit"
            ),
            models.UniqueConstraint(
                fields=["gate", "round", "by"], name="techtransfer_gatedecision_two_people"
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "gate": self.gate.key,
            "round": self.round,
            "unit": self.unit,
            "decision": self.decision,
            "conditions": self.conditions,
            "reason": self.reason,
        }


class GateCondition(SponsorOwned):
    """A dated condition of a conditional go; overdue, it blocks the next gate."""

    record_type = "gate_condition"
    sponsor_parents = ("gate",)

    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="conditions")
    text = models.CharField(max_length=400)
    due_on = models.DateField(null=True, blank=True)
    met_at = models.DateTimeField(null=True, editable=False)
    met_by = models.ForeignKey(
        "accounts.User", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    voided_at = models.DateTimeField(null=True, editable=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["id"]
