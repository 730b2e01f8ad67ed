"""The REST door of lots, batches' materials and identity, without the rooms above."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from batches.identity.api import BatchIdentityMixin
from batches.identity.api import register as register_identity
from batches.manufacture.models import Batch
from batches.materials.api import BatchMaterialsMixin
from batches.materials.api import register as register_materials
from cdmo.api.serializers import RecordSerializer
from cdmo.api.views import RecordViewSet


class BatchOut(RecordSerializer):
    class Meta:
        model = Batch
        fields = ("number", "execution")


class BatchViewSet(BatchMaterialsMixin, BatchIdentityMixin, RecordViewSet):
    model = Batch
    serializer_class = BatchOut


class Router(SimpleRouter):
    def register(self, prefix, viewset):
        super().register(prefix, viewset, basename=viewset.model.record_type.replace("_", "-"))


router = Router()
register_materials(router)
register_identity(router)
router.register("batches", BatchViewSet)
urlpatterns = [path("api/v1/", include((router.urls, "api")))]
