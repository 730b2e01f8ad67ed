"""The REST door of manufacture alone, with a word of QC that is always there."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from batches.deviations.api import DeviationViewSet
from batches.manufacture.api import BatchViewSet, MasterViewSet
from batches.manufacture.evidence import QualityReadiness


class AnyBatchViewSet(BatchViewSet):
    def quality_readiness(self, batch, *, at):
        return QualityReadiness(specification="SPEC-1", at=at)


router = SimpleRouter()
router.register("batches", AnyBatchViewSet, basename="batch")
router.register("master-batch-records", MasterViewSet, basename="master-batch-record")
router.register("deviations", DeviationViewSet, basename="deviation")
urlpatterns = [path("api/v1/", include((router.urls, "api")))]
