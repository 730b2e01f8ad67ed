"""Materials, lots, and consumptions: the edges of the genealogy graph."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from batches.materials.states import LotStatus, Origin
from cdmo.accounts.models import Organisation, Regulated, SponsorOwned, SponsorOwnedQuerySet
from cdmo.records.canonical import instant
from cdmo.history import kept, sponsor_guards

QUANTITY = {"max_digits": 20, "decimal_places": 6}

# What a sponsor may know of the CDMO's own stock: that its batches used it.
USED_BY_MINE = (
    "EXISTS (SELECT 1 FROM batches_consumption c"
    " WHERE c.lot_id = batches_lot.id AND c.sponsor_id = {mine})"
)


class Material(Regulated):
    """A kind of thing lots are of: a medium, a cell bank, a single-use set."""

    record_type = "material"
    key_field = "code"
    sponsor_sees = "EXISTS (SELECT 1 FROM batches_lot l WHERE l.material_id = batches_material.id)"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=20, help_text="UCUM code")
    kind = models.CharField(max_length=40, default="raw_material")
    critical = models.BooleanField(default=False)
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["code"]


class LotQuerySet(SponsorOwnedQuerySet):
    def shown_to_sponsor(self, organisation_id):
        """A sponsor's own lots, and the CDMO's stock that its own batches used."""
        used = Consumption.objects.filter(sponsor_id=organisation_id, lot_id=models.OuterRef("pk"))
        return self.filter(Q(sponsor_id=organisation_id) | models.Exists(used))

    def with_available(self):
        """Annotate `available`: what was received less what was consumed."""
        used = (
            Consumption.objects.filter(lot_id=models.OuterRef("pk"), cancelled_at__isnull=True)
            .order_by()
            .values("lot_id")
            .annotate(total=models.Sum("quantity"))
            .values("total")
        )
        return self.annotate(
            available=F("quantity")
            - models.functions.Coalesce(
                models.Subquery(used), 0, output_field=models.DecimalField(**QUANTITY)
            )
        )


class Lot(SponsorOwned):
    """A received or produced quantity of one material, in quarantine by default."""

    record_type = "lot"
    key_field = "number"
    sponsor_also_sees = USED_BY_MINE

    number = models.CharField(max_length=60, unique=True)
    material = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="lots")
    supplier = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    supplier_lot = models.CharField(max_length=80, blank=True)
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.SUPPLIER)
    produced_by = models.ForeignKey(
        "batches.Batch", null=True, blank=True, on_delete=models.PROTECT, related_name="output_lots"
    )
    donation_number = models.CharField(max_length=20, blank=True)
    quantity = models.DecimalField(**QUANTITY)
    unit = models.CharField(max_length=20)
    status = models.CharField(
        max_length=12, choices=LotStatus, default=LotStatus.QUARANTINE, editable=False
    )
    received_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, editable=False)
    # The instant from which the lot was no longer good (rejected, recalled, expired).
    stopped_at = models.DateTimeField(null=True, editable=False)
    storage = models.CharField(max_length=120, blank=True)
    illustrative = models.BooleanField(default=False)

    objects = LotQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-received_at", "number"]
        constraints = [
            models.CheckConstraint(name="batches_lot_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="batches_lot_status", condition=Q(status__in=LotStatus.values)
            ),
            models.CheckConstraint(
                name="batches_lot_produced_by_a_batch",
                condition=(Q(origin="produced") & Q(produced_by__isnull=False))
                | (~Q(origin="produced") & Q(produced_by__isnull=True)),
            ),
        ]

    def signed_content(self, verb: str) -> dict:
        return {
            "record_type": self.record_type,
            "number": self.number,
            "material": self.material.code,
            "quantity": f"{self.quantity.normalize():f}",
            "unit": self.unit,
            "expires_at": instant(self.expires_at),
            "supplier_lot": self.supplier_lot,
        }


# The service locks the lot and says it in words; this holds against raw SQL and forgotten locks.
WITHIN_STOCK = """
    IF NEW.lot_id IS NOT NULL AND NEW.cancelled_at IS NULL THEN
        PERFORM 1 FROM batches_lot WHERE id = NEW.lot_id FOR UPDATE;
        IF (SELECT COALESCE(SUM(c.quantity), 0) FROM batches_consumption c
            WHERE c.lot_id = NEW.lot_id AND c.cancelled_at IS NULL AND c.id IS DISTINCT FROM NEW.id)
            + NEW.quantity > (SELECT l.quantity FROM batches_lot l WHERE l.id = NEW.lot_id) THEN
            RAISE EXCEPTION 'More would be consumed than the lot holds.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_within_stock';
        END IF;
    END IF;
    RETURN NEW;
"""

# One advisory lock for all edges between batches: two transactions adding A<-B and B<-A at once
# would each see no cycle. Plain lots are leaves and never wait for it.
NO_CYCLE = """
    DECLARE source bigint;
    BEGIN
        source := COALESCE(NEW.source_batch_id,
            (SELECT l.produced_by_id FROM batches_lot l WHERE l.id = NEW.lot_id));
        IF source IS NULL THEN RETURN NEW; END IF;
        PERFORM pg_advisory_xact_lock(7301);
        IF EXISTS (
            WITH RECURSIVE back(batch_id) AS (
                SELECT source
                UNION
                SELECT COALESCE(c.source_batch_id, l.produced_by_id)
                FROM back b
                JOIN batches_consumption c ON c.batch_id = b.batch_id AND c.cancelled_at IS NULL
                LEFT JOIN batches_lot l ON l.id = c.lot_id
                WHERE COALESCE(c.source_batch_id, l.produced_by_id) IS NOT NULL
            )
            SELECT 1 FROM back WHERE batch_id = NEW.batch_id
        ) THEN
            RAISE EXCEPTION 'A batch cannot descend from itself.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_no_cycle';
        END IF;
        RETURN NEW;
    END;
"""


class Consumption(SponsorOwned):
    """A batch took a quantity of a lot, or of another batch, at an instant, in a step."""

    record_type = "consumption"
    sponsor_parents = ("batch",)

    batch = models.ForeignKey(
        "batches.Batch", on_delete=models.PROTECT, related_name="consumptions"
    )
    lot = models.ForeignKey(
        Lot, null=True, blank=True, on_delete=models.PROTECT, related_name="consumptions"
    )
    source_batch = models.ForeignKey(
        "batches.Batch", null=True, blank=True, on_delete=models.PROTECT, related_name="uses"
    )
    quantity = models.DecimalField(**QUANTITY)
    unit = models.CharField(max_length=20)
    used_at = models.DateTimeField()
    step = models.ForeignKey(
        "batches.BatchStep", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_reason = models.CharField(max_length=400, blank=True, editable=False)

    class Meta(SponsorOwned.Meta):
        ordering = ["used_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="batches_consumption_quantity", condition=Q(quantity__gt=0)
            ),
            models.CheckConstraint(
                name="batches_consumption_one_source",
                condition=Q(lot__isnull=False, source_batch__isnull=True)
                | Q(lot__isnull=True, source_batch__isnull=False),
            ),
        ]
        triggers = [
            *kept(),
            *sponsor_guards(),
            pgtrigger.Trigger(
                name="within_stock",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=WITHIN_STOCK,
            ),
            pgtrigger.Trigger(
                name="no_cycle",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=NO_CYCLE,
            ),
        ]
