"""Master batch records and their typed steps; batches and the steps as executed."""

from batches.manufacture.models.batches import Batch, BatchStep
from batches.manufacture.models.masters import MasterBatchRecord, MasterStep

__all__ = ["Batch", "BatchStep", "MasterBatchRecord", "MasterStep"]
