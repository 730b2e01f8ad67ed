"""Statuses of lots: in quarantine until somebody releases them."""

from django.db.models import TextChoices

from cdmo.states import Move


class LotStatus(TextChoices):
    QUARANTINE = "quarantine", "Quarantine"
    RELEASED = "released", "Released"
    REJECTED = "rejected", "Rejected"
    RECALLED = "recalled", "Recalled"
    EXPIRED = "expired", "Expired"


class Origin(TextChoices):
    """Where a lot comes from: the ends of every backward trace."""

    SUPPLIER = "supplier", "Supplier"
    CELL_BANK = "cell_bank", "Cell bank"
    DONATION = "donation", "Donation"
    PRODUCED = "produced", "Produced here"


RELEASE = Move("release", LotStatus.QUARANTINE, LotStatus.RELEASED, signed=True)
REJECT = Move("reject", LotStatus.QUARANTINE, LotStatus.REJECTED, signed=True)
RECALL = Move("recall", LotStatus.RELEASED, LotStatus.RECALLED, signed=True)
# What was used before it expired can still turn out to be bad.
RECALL_EXPIRED = Move("recall", LotStatus.EXPIRED, LotStatus.RECALLED, signed=True)
RECALLS = (RECALL, RECALL_EXPIRED)
EXPIRE = Move("expire", LotStatus.RELEASED, LotStatus.EXPIRED)
LOT_MOVES = (RELEASE, REJECT, *RECALLS, EXPIRE)
