"""Every change of materials, lots and their use: one file a noun."""

from batches.materials.services.consumptions import cancel_consumption, record_consumption
from batches.materials.services.lots import (
    expire_lots,
    recall_lot,
    receive_lot,
    reject_lot,
    release_lot,
)
from batches.materials.services.materials import create_material

__all__ = [
    "cancel_consumption",
    "create_material",
    "expire_lots",
    "recall_lot",
    "receive_lot",
    "record_consumption",
    "reject_lot",
    "release_lot",
]
