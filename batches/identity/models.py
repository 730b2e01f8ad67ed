"""Chain of identity: one patient's pseudonym through every container, scan by scan."""

import pgtrigger
from django.db import models
from django.db.models import Q

from batches.identity.states import Handover
from cdmo.accounts.models import SponsorOwned
from cdmo.history import kept, refuse, sponsor_guards


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
        constraints = [
            models.CheckConstraint(
                name="batches_identitychain_pseudonym",
                condition=Q(pseudonym__regex=r"^[A-Z0-9-]{4,40}$") & Q(pseudonym__regex=r"[0-9]"),
            ),
            models.UniqueConstraint(
                fields=["product", "pseudonym"], name="batches_identitychain_one_a_patient"
            ),
        ]


# Nobody decides whether a scan matched: it is what was read, against what the chain says.
MATCHED_IS_READ = """
    IF NEW.matched IS DISTINCT FROM
        (SELECT c.coi = NEW.scanned FROM batches_identitychain c WHERE c.id = NEW.chain_id) THEN
        RAISE EXCEPTION 'A scan matches when it reads the chain''s identifier, and only then.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_identityscan_matched';
    END IF;
    IF NEW.chain_id IS DISTINCT FROM
        (SELECT b.coi_id FROM batches_batch b WHERE b.id = NEW.batch_id) THEN
        RAISE EXCEPTION 'The scan belongs to the chain of its batch.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_identityscan_own_chain';
    END IF;
    RETURN NEW;
"""


class IdentityScan(SponsorOwned):
    """One handover: what was scanned against what was expected. A mismatch stops the work."""

    Handover = Handover

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
        triggers = [
            *kept(),
            *sponsor_guards(),
            refuse("no_update", pgtrigger.Update, "A scan is what was read: it is never changed."),
            pgtrigger.Trigger(
                name="matched_is_read",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=MATCHED_IS_READ,
            ),
        ]
