"""The app's tables live in its rooms; this module only makes Django find them."""

from batches.deviations.models import Deviation
from batches.identity.models import IdentityChain, IdentityScan
from batches.manufacture.models import Batch, BatchStep, MasterBatchRecord, MasterStep
from batches.materials.models import Consumption, Lot, Material

__all__ = [
    "Batch",
    "BatchStep",
    "Consumption",
    "Deviation",
    "IdentityChain",
    "IdentityScan",
    "Lot",
    "MasterBatchRecord",
    "MasterStep",
    "Material",
]
