"""REST: the dossier of a batch, as JSON and as PDF/A. Each answer is an export of its own."""

from django.http import HttpResponse
from django.urls import path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound

from batches.manufacture.models import Batch
from cdmo.api.serializers import RecordSerializer
from cdmo.api.views import RecordViewSet
from cdmo.archive import services
from cdmo.archive.dossier import opened, signing
from cdmo.archive.dossier.paper import paper
from cdmo.archive.models import Dossier
from cdmo.archive.states import Edition
from cdmo.records.canonical import sha256
from cdmo.records.services import read_document


class DossierSerializer(RecordSerializer):
    class Meta:
        model = Dossier
        fields = ["number", "batch", "edition", "status", "asked_at", "done_at", "sha256"]


class BatchDossierViewSet(RecordViewSet):
    """The dossier as of now. A sponsor's person gets the last one that was made for the sponsor."""

    model = Batch
    serializer_class = DossierSerializer
    select = ("product", "sponsor", "site")

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def dossier(self, request, *args, **kwargs):
        """Everything about the batch, with audit trail, signatures and hashes, as canonical JSON.

        The detached Ed25519 signature of these bytes stands in the header X-Signature.
        """
        return self.answer("json")

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def paper(self, request, *args, **kwargs):
        """The same for people, as PDF/A."""
        return self.answer("pdf")

    def answer(self, form: str) -> HttpResponse:
        batch = self.get_record()
        if self.request.user.is_sponsor_side:
            return self.made_for_the_sponsor(batch, form)
        by = self.request.user
        data = services.export_now(batch=batch, by=by, at=self.at, form=form)
        if form == "json":
            response = as_file(data, f"{batch.number}.json", "application/json")
            response["X-Signature"] = signing.sign(data)
            response["X-Signing-Key"] = signing.own_key()
            return response
        found = opened(data)
        sheet = paper(found.parts, manifest=found.manifest, digest=found.sha256)
        return as_file(sheet, f"{batch.number}.pdf", "application/pdf")

    def made_for_the_sponsor(self, batch, form: str) -> HttpResponse:
        dossier = (
            Dossier.objects.visible_to(self.request.user)
            .filter(batch=batch, edition=Edition.SPONSOR)
            .select_related("json", "pdf")
            .order_by("-pk")
            .first()
        )
        if dossier is None:
            raise NotFound("No dossier of this batch was made for its sponsor yet.")
        document = getattr(dossier, form)
        response = as_file(read_document(document), document.filename, document.media_type)
        if form == "json":
            response["X-Signature"] = dossier.signature
            response["X-Signing-Key"] = dossier.signing_key
        return response


def as_file(data: bytes, filename: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, filename)
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Content-SHA256"] = sha256(data)
    response["Cache-Control"] = "private, no-store"
    return response


def register(router):
    """Nothing of its own: the dossier stands below its batch."""


urlpatterns = [
    path(
        "batches/<str:key>/dossier/",
        BatchDossierViewSet.as_view({"get": "dossier"}),
        name="batch-dossier",
    ),
    path(
        "batches/<str:key>/dossier/pdf/",
        BatchDossierViewSet.as_view({"get": "paper"}),
        name="batch-dossier-pdf",
    ),
]
