"""REST: documents, audit events, signatures. Read only; nothing here can be written."""

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from cdmo.accounts.roles import Right
from cdmo.api.serializers import InstantField, RecordSerializer
from cdmo.api.views import RecordViewSet
from cdmo.records.models import AuditEvent, Document, Signature
from cdmo.records.services import read_document


class DocumentSerializer(RecordSerializer):
    class Meta:
        model = Document
        fields = [
            "number",
            "kind",
            "title",
            "filename",
            "media_type",
            "size",
            "sha256",
            "sponsor",
            "record_type",
            "record",
            "created_at",
        ]


class DocumentViewSet(RecordViewSet):
    model = Document
    serializer_class = DocumentSerializer
    select = ("sponsor",)
    filterset_fields = ("kind", "record_type", "record", "sha256")
    search_fields = ("number", "title", "filename")
    ordering_fields = ("id", "created_at", "number")

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def content(self, request, *args, **kwargs):
        """The bytes as they came, proven against their SHA-256, always as a download."""
        document = self.get_record()
        response = HttpResponse(read_document(document), content_type=document.media_type)
        name = document.filename.encode("ascii", "replace").decode().replace('"', "")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-SHA256"] = document.sha256
        return response


class AuditEventSerializer(RecordSerializer):
    by = serializers.CharField(source="by_name")

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "kind",
            "at",
            "by",
            "role",
            "verb",
            "record_type",
            "record",
            "reason",
            "old",
            "new",
            "request_id",
            "app_version",
        ]


class AuditEventViewSet(RecordViewSet):
    """Staff with the right see all; others their own acts; sponsors the milestones shared."""

    model = AuditEvent
    serializer_class = AuditEventSerializer
    filterset_fields = {
        "kind": ["exact"],
        "verb": ["exact"],
        "record_type": ["exact"],
        "record": ["exact"],
        "by_name": ["exact"],
        "at": ["gte", "lt"],
    }
    search_fields = ("record", "verb", "by_name", "reason")
    ordering_fields = ("id", "at")

    def get_queryset(self):
        queryset = super().get_queryset()
        user = self.request.user
        if not user.is_authenticated or user.is_sponsor_side:
            return queryset.filter(shared=True)
        if user.may(Right.READ_AUDIT):
            return queryset
        return queryset.filter(Q(by_id=user.pk) | Q(shared=True))


class SignatureSerializer(RecordSerializer):
    by = serializers.CharField(source="email")
    voided_at = InstantField(read_only=True)

    class Meta:
        model = Signature
        fields = [
            "id",
            "by",
            "printed_name",
            "role",
            "meaning",
            "verb",
            "record_type",
            "record",
            "at",
            "reason",
            "content_sha256",
            "voided_at",
        ]


class SignatureViewSet(RecordViewSet):
    model = Signature
    serializer_class = SignatureSerializer
    select = ("void",)
    filterset_fields = ("record_type", "record", "verb", "email")
    search_fields = ("record", "printed_name", "meaning")
    ordering_fields = ("id", "at")


def register(router):
    router.register("documents", DocumentViewSet, basename="document")
    router.register("audit-events", AuditEventViewSet, basename="audit-event")
    router.register("signatures", SignatureViewSet, basename="signature")
