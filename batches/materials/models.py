"""Materials, lots, and consumptions: the edges of the genealogy graph."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q

from batches.materials.states import LotStatus, Origin
from cdmo.accounts.models import Organisation, Regulated, SponsorOwned, SponsorOwnedQuerySet
from cdmo.history import kept, sponsor_guards
from cdmo.records.canonical import instant

QUANTITY = {"max_digits": 20, "decimal_places": 6}
BELOW = 10**14  # what 20 digits with 6 decimals can hold


class QuantityField(models.DecimalField):
    """A decimal kept with the digits it was entered with: 12.50 stays 12.50.

    PostgreSQL keeps them in a `numeric` without scale, which has no bounds and would take NaN and
    Infinity too: a table with such a column bounds it by `within_bounds`.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **{**QUANTITY, **options})

    def db_type(self, connection):
        return "numeric"


def within_bounds(name: str, *fields: str) -> models.CheckConstraint:
    """Return a constraint that these quantities, where given, are finite and of a usable size."""
    condition = Q()
    for field in fields:
        condition &= Q(**{f"{field}__gt": -BELOW, f"{field}__lt": BELOW})
    return models.CheckConstraint(name=name, condition=condition)


# What a sponsor may know of the CDMO's own stock: that its batches used it.
USED_BY_MINE = (
    "EXISTS (SELECT 1 FROM batches_consumption c"
    " WHERE c.lot_id = batches_lot.id AND c.sponsor_id = {mine})"
)


class MaterialQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return what this person may see: staff all, a sponsor what lots it sees are of."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if not user.is_sponsor_side:
            return self if user.roles else self.none()
        return self.filter(
            models.Exists(Lot.objects.visible_to(user).filter(material_id=models.OuterRef("pk")))
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

    objects = MaterialQuerySet.as_manager()

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

    def due_to_expire(self, at):
        """Lots that still count as released though their time is over."""
        return self.filter(status=LotStatus.RELEASED, expires_at__lte=at)


# What was received is what people signed for; a mistake is rejected and received again.
FACTS_FIXED = """
    IF (NEW.number, NEW.material_id, NEW.quantity, NEW.unit, NEW.origin, NEW.produced_by_id,
        NEW.donation_number, NEW.supplier_lot, NEW.received_at) IS DISTINCT FROM
       (OLD.number, OLD.material_id, OLD.quantity, OLD.unit, OLD.origin, OLD.produced_by_id,
        OLD.donation_number, OLD.supplier_lot, OLD.received_at) THEN
        RAISE EXCEPTION 'What was received is never rewritten.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_lot_facts_fixed';
    END IF;
    RETURN NEW;
"""


class Lot(SponsorOwned):
    """A received or produced quantity of one material, in quarantine by default."""

    record_type = "lot"
    key_field = "number"
    sponsor_parents = ("produced_by",)
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
    quantity = QuantityField()
    unit = models.CharField(max_length=20)
    status = models.CharField(
        max_length=12, choices=LotStatus, default=LotStatus.QUARANTINE, editable=False
    )
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, editable=False)
    # The instant from which the lot was no longer good (rejected, recalled, expired).
    stopped_at = models.DateTimeField(null=True, editable=False)
    storage = models.CharField(max_length=120, blank=True)
    illustrative = models.BooleanField(default=False)

    objects = LotQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["-received_at", "number"]
        indexes = [
            models.Index(fields=["received_at", "id"], name="batches_lot_received"),
            models.Index(fields=["expires_at", "id"], name="batches_lot_expires"),
        ]
        constraints = [
            models.CheckConstraint(
                name="batches_lot_quantity", condition=Q(quantity__gt=0, quantity__lt=BELOW)
            ),
            models.CheckConstraint(
                name="batches_lot_status", condition=Q(status__in=LotStatus.values)
            ),
            models.CheckConstraint(
                name="batches_lot_produced_by_a_batch",
                condition=(Q(origin="produced") & Q(produced_by__isnull=False))
                | (~Q(origin="produced") & Q(produced_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="batches_lot_released_since",
                condition=~Q(status__in=["released", "recalled", "expired"])
                | Q(released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="batches_lot_donation_has_its_number",
                condition=~Q(origin="donation") | ~Q(donation_number=""),
            ),
        ]
        triggers = [
            *kept(),
            *sponsor_guards(),
            pgtrigger.Trigger(
                name="facts_fixed",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=FACTS_FIXED,
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


# The service locks the source and says it in words; this holds against raw SQL and forgotten locks.
WITHIN_STOCK = """
    DECLARE held numeric; used numeric;
    BEGIN
        IF NEW.cancelled_at IS NOT NULL THEN RETURN NEW; END IF;
        IF NEW.lot_id IS NOT NULL THEN
            SELECT l.quantity INTO held FROM batches_lot l WHERE l.id = NEW.lot_id FOR UPDATE;
            SELECT SUM(c.quantity) INTO used FROM batches_consumption c
            WHERE c.lot_id = NEW.lot_id AND c.cancelled_at IS NULL;
        ELSE
            SELECT b.yield_value INTO held FROM batches_batch b
            WHERE b.id = NEW.source_batch_id FOR UPDATE;
            SELECT SUM(c.quantity) INTO used FROM batches_consumption c
            WHERE c.source_batch_id = NEW.source_batch_id AND c.cancelled_at IS NULL;
        END IF;
        IF held IS NULL THEN
            RAISE EXCEPTION 'Nothing is taken from a batch whose yield is not recorded.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_known_stock';
        END IF;
        IF NEW.quantity + COALESCE(used, 0) > held THEN
            RAISE EXCEPTION 'More would be consumed than there is.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_within_stock';
        END IF;
        RETURN NEW;
    END;
"""

# Confidentiality in the graph: an edge would show one sponsor's work in another's trace.
SAME_SPONSOR = """
    IF NOT EXISTS (
        SELECT 1 FROM accounts_organisation o
        WHERE (o.id = NEW.sponsor_id OR o.roles @> ARRAY['cdmo']::varchar[])
            AND o.id = COALESCE(
                (SELECT l.sponsor_id FROM batches_lot l WHERE l.id = NEW.lot_id),
                (SELECT b.sponsor_id FROM batches_batch b WHERE b.id = NEW.source_batch_id))
    ) THEN
        RAISE EXCEPTION 'What belongs to one sponsor never goes into a batch of another.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_consumption_same_sponsor';
    END IF;
    IF NEW.step_id IS NOT NULL AND NEW.batch_id IS DISTINCT FROM
        (SELECT s.batch_id FROM batches_batchstep s WHERE s.id = NEW.step_id) THEN
        RAISE EXCEPTION 'The step belongs to another batch.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_consumption_own_step';
    END IF;
    RETURN NEW;
"""

# An edge is written once and may be cancelled once. So the guards below need only watch inserts.
USE_FIXED = """
    IF OLD.cancelled_at IS NOT NULL OR (to_jsonb(NEW) - 'cancelled_at' - 'cancelled_reason')
        IS DISTINCT FROM (to_jsonb(OLD) - 'cancelled_at' - 'cancelled_reason') THEN
        RAISE EXCEPTION 'A consumption is never rewritten, only cancelled, once.'
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'batches_consumption_fixed';
    END IF;
    RETURN NEW;
"""

# One advisory lock for all edges between batches: two transactions adding A<-B and B<-A at once
# would each see no cycle. Plain lots are leaves and never wait for it. The walk goes forward from
# the batch that takes, since nothing has come of a batch in process: it ends where it starts.
NO_CYCLE = """
    DECLARE source bigint;
    BEGIN
        source := COALESCE(NEW.source_batch_id,
            (SELECT l.produced_by_id FROM batches_lot l WHERE l.id = NEW.lot_id));
        IF source IS NULL THEN RETURN NEW; END IF;
        PERFORM pg_advisory_xact_lock(7301);
        IF EXISTS (
            WITH RECURSIVE ahead(batch_id) AS (
                SELECT NEW.batch_id
                UNION
                SELECT n.batch_id FROM ahead a CROSS JOIN LATERAL (
                    SELECT c.batch_id FROM batches_consumption c
                    WHERE c.source_batch_id = a.batch_id AND c.cancelled_at IS NULL
                    UNION ALL
                    SELECT c.batch_id FROM batches_lot l
                    JOIN batches_consumption c ON c.lot_id = l.id AND c.cancelled_at IS NULL
                    WHERE l.produced_by_id = a.batch_id
                    OFFSET 0
                ) n
            )
            SELECT 1 FROM ahead WHERE batch_id = source
        ) THEN
            RAISE EXCEPTION 'A batch cannot descend from itself.'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'batches_consumption_no_cycle';
        END IF;
        RETURN NEW;
    END;
"""


class ConsumptionQuerySet(SponsorOwnedQuerySet):
    def standing(self):
        """Consumptions that were not cancelled."""
        return self.filter(cancelled_at__isnull=True)

    def total(self):
        """Return the sum of the quantities."""
        return self.aggregate(total=models.Sum("quantity"))["total"] or Decimal(0)


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
    quantity = QuantityField()
    unit = models.CharField(max_length=20)
    used_at = models.DateTimeField()
    step = models.ForeignKey(
        "batches.BatchStep", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_reason = models.CharField(max_length=2000, blank=True, editable=False)

    objects = ConsumptionQuerySet.as_manager()

    class Meta(SponsorOwned.Meta):
        ordering = ["used_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="batches_consumption_quantity",
                condition=Q(quantity__gt=0, quantity__lt=BELOW),
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
                operation=pgtrigger.Insert,
                func=WITHIN_STOCK,
            ),
            pgtrigger.Trigger(
                name="same_sponsor",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=SAME_SPONSOR,
            ),
            pgtrigger.Trigger(
                name="fixed", when=pgtrigger.Before, operation=pgtrigger.Update, func=USE_FIXED
            ),
            pgtrigger.Trigger(
                name="no_cycle",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=NO_CYCLE,
            ),
        ]
