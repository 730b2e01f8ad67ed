"""Chain of identity: one patient's pseudonym through every container, scan by scan."""

from django.db import models
from django.db.models import Q

from cdmo.accounts.models import SponsorOwned


class IdentityChain(SponsorOwned):
    """A chain-of-identity identifier made before the first collection. Holds no patient data."""

    record_type = "identity_chain"
    key_field = "coi"
    sponsor_parents = ("product",)

    coi = models.CharField(max_length=40, unique=True)
    product = models.ForeignKey("portfolio.Product", on_delete=models.PROTECT, related_name="+")
    pseudonym = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    illustrative = models.BooleanField(default=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["coi"]


class IdentityScan(SponsorOwned):
    """One handover: what was scanned against what was expected. A mismatch stops the work."""

    class Handover(models.TextChoices):
        COLLECTION = "collection", "Collection"
        RECEIPT = "receipt", "Receipt at the site"
        START = "start", "Start of manufacture"
        FILL = "fill", "Filling and labelling"
        DISPATCH = "dispatch", "Dispatch"
        ADMINISTRATION = "administration", "Administration"

    record_type = "identity_scan"
    sponsor_parents = ("chain", "batch")

    chain = models.ForeignKey(IdentityChain, on_delete=models.PROTECT, related_name="scans")
    batch = models.ForeignKey("batches.Batch", on_delete=models.PROTECT, related_name="scans")
    handover = models.CharField(max_length=16, choices=Handover)
    scanned = models.CharField(max_length=80)
    matched = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")

    class Meta(SponsorOwned.Meta):
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(name="batches_identityscan_scanned", condition=~Q(scanned="")),
        ]
