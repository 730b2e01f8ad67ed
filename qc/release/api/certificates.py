"""REST: certificates of analysis, their PDF, their re-issue."""

import json

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer

from cdmo.api.serializers import Input, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.records.services import read_document, record_download
from qc.release import services
from qc.release.downloads import as_attachment
from qc.release.models import Certificate


class CertificateSerializer(RecordSerializer):
    superseded_by = KeyField(Certificate, read_only=True, allow_null=True, default=None)
    issued_by = serializers.CharField(source="issued_by_name", read_only=True)
    sha256 = serializers.CharField(source="document.sha256", read_only=True)
    media_type = serializers.CharField(source="document.media_type", read_only=True)

    class Meta:
        model = Certificate
        fields = [
            "number",
            "batch",
            "issue",
            "document",
            "sha256",
            "media_type",
            "specification",
            "conditional",
            "supersedes",
            "superseded_by",
            "reason",
            "content_sha256",
            "issued_at",
            "issued_by",
        ]


class Reissue(Input):
    reason = ReasonField(required=True)


class PdfRenderer(BaseRenderer):
    """Lets a client say that it accepts PDF; what it renders itself is a problem document."""

    media_type = "application/pdf"
    format = "pdf"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return json.dumps(data, default=str).encode()


class CertificateViewSet(RecordViewSet):
    """Certificates of analysis as issued. A re-issue supersedes the one before."""

    model = Certificate
    serializer_class = CertificateSerializer
    select = ("batch", "document", "specification", "supersedes", "superseded_by")
    filterset_fields = {"batch": ["exact"], "conditional": ["exact"]}
    search_fields = ("number", "batch__number")
    ordering_fields = ("id", "number", "issued_at")

    @verb(input=Reissue)
    def reissue(self, record, *, data, by, at):
        return services.reissue_certificate(certificate=record, by=by, at=at, **data)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer, PdfRenderer])
    def download(self, request, *args, **kwargs):
        """The PDF as issued, proven against its SHA-256."""
        document = self.get_record().document
        response = as_attachment(document, read_document(document))
        if not request.user.is_sponsor_side:
            record_download(document=document, by=request.user, at=self.at)
        return response
