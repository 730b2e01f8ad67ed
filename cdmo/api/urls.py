"""Every REST resource, from every room. The composition root of the REST door."""

from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

import batches.deviations.api
import batches.identity.api
import batches.manufacture.api
import batches.materials.api
import cdmo.archive.api
import cdmo.incidents.api
import cdmo.people.api
import cdmo.portfolio.api
import cdmo.records.api
import cdmo.training.api
import qc.instruments.api
import qc.laboratory.api
import qc.release.api
import qc.specifications.api
import techtransfer.projects.api
from cdmo.api.permissions import DocumentationReaders

app_name = "api"

ROOMS = (
    cdmo.portfolio.api,
    techtransfer.projects.api,
    batches.materials.api,
    batches.identity.api,
    batches.manufacture.api,
    batches.deviations.api,
    qc.specifications.api,
    qc.instruments.api,
    qc.laboratory.api,
    qc.release.api,
    cdmo.records.api,
    cdmo.archive.api,
    cdmo.people.api,
    cdmo.training.api,
    cdmo.incidents.api,
)


class Router(DefaultRouter):
    include_format_suffixes = False

    def register(self, prefix, viewset, basename=None):
        basename = basename or viewset.model.record_type.replace("_", "-")
        super().register(prefix, viewset, basename=basename)


@extend_schema(exclude=True)
class NoSuchResource(APIView):
    """Any other address below /api/v1/: a problem document, not a page."""

    def _missing(self, request, *args, **kwargs):
        raise NotFound("There is no such resource.")

    get = post = put = patch = delete = _missing


router = Router()
for room in ROOMS:
    room.register(router)

urlpatterns = [
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=[DocumentationReaders]),
        name="schema",
    ),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema", permission_classes=[DocumentationReaders]
        ),
        name="docs",
    ),
    path("", include(router.urls)),
    *(url for room in ROOMS for url in getattr(room, "urlpatterns", ())),
    re_path(r"^.*$", NoSuchResource.as_view(), name="nothing"),
]
