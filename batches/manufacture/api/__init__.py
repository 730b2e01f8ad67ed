"""REST of manufacture. `BatchViewSet` is completed and registered by QC's release room."""

from batches.manufacture.api.batches import BatchViewSet
from batches.manufacture.api.masters import MasterViewSet

__all__ = ["BatchViewSet", "MasterViewSet", "register"]


def register(router):
    router.register("master-batch-records", MasterViewSet)
