"""REST: documents, audit events, signatures. Read only; nothing here can be written."""

from django.db.models import Q
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django_filters.rest_framework import BooleanFilter, CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from cdmo.accounts.roles import Right
from cdmo.api.filters import RecordFilterSet
from cdmo.api.serializers import InstantField, RecordSerializer
from cdmo.api.views import RecordViewSet
from cdmo.records.belonging import of_batch
from cdmo.records.models import AuditEvent, Document, Seal, Signature
from cdmo.records.services import read_document, record_download


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
        if not request.user.is_sponsor_side:
            record_download(document=document, by=request.user, at=self.at)
        response["Content-Disposition"] = content_disposition_header(True, document.filename)
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

    def to_representation(self, event):
        """To a sponsor: what happened and when. Who of the staff did it and why stays inside."""
        data = super().to_representation(event)
        if self.context["request"].user.is_sponsor_side:
            data.update(by=event.role, reason="", old=None, new=None, request_id="")
        return data


class AuditEventFilters(RecordFilterSet):
    """As on the page: by person, role, record, kind, act, time, sponsor, and all of one batch."""

    batch = CharFilter(method="of_one_batch", max_length=120)
    record__startswith = CharFilter(field_name="record", lookup_expr="startswith", max_length=120)
    role = CharFilter(field_name="role", lookup_expr="contains", max_length=120)
    outside = BooleanFilter(
        method="from_outside", help_text="Changes that no service of the application made."
    )

    class Meta:
        model = AuditEvent
        fields = {
            "kind": ["exact"],
            "verb": ["exact"],
            "record_type": ["exact"],
            "record": ["exact"],
            "by_name": ["exact"],
            "sponsor": ["exact"],
            "at": ["gte", "lt"],
        }

    def of_one_batch(self, queryset, name, value):
        if "\x00" in value:
            return queryset.none()
        return queryset.filter(of_batch(value, user=self.request.user))

    def from_outside(self, queryset, name, value):
        where = Q(kind="change", by_name="")
        return queryset.filter(where) if value else queryset.exclude(where)


class AuditEventViewSet(RecordViewSet):
    """Staff with the right see all; others their own acts; sponsors the milestones shared."""

    model = AuditEvent
    serializer_class = AuditEventSerializer
    filterset_class = AuditEventFilters
    search_fields = ("record", "verb", "by_name", "reason", "role")
    staff_only_filters = ("by_name", "batch", "outside")
    staff_only_search = ("by_name", "reason")
    ordering_fields = ("id", "at", "by_name", "record", "verb")
    staff_only_ordering = ("by_name",)

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
    voided_at = InstantField(read_only=True, allow_null=True)

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

    def to_representation(self, signature):
        """A sponsor reads the printed name, as on a certificate; reasons stay inside."""
        data = super().to_representation(signature)
        if self.context["request"].user.is_sponsor_side:
            data.update(by=signature.printed_name, reason="")
        return data


class SignatureViewSet(RecordViewSet):
    model = Signature
    serializer_class = SignatureSerializer
    select = ("void",)
    filterset_fields = ("record_type", "record", "verb", "email")
    staff_only_filters = ("email",)
    search_fields = ("record", "printed_name", "meaning")
    ordering_fields = ("id", "at")


class SealSerializer(RecordSerializer):
    class Meta:
        model = Seal
        fields = [
            "number",
            "sealed_at",
            "app_version",
            "rows",
            "previous_sha256",
            "sha256",
            "content",
        ]


class SealViewSet(RecordViewSet):
    """The chain over all rows written once, for whoever may read the audit trail.

    `sha256` is that of `content` in UTF-8. docs/verify_seals.py checks the chain.
    """

    model = Seal
    serializer_class = SealSerializer
    staff_only = True
    filterset_fields = {"sealed_at": ["gte", "lt"]}
    ordering_fields = ("number",)

    def get_queryset(self):
        queryset = super().get_queryset()
        user = self.request.user
        if user.is_authenticated and user.may(Right.READ_AUDIT):
            return queryset
        return queryset.none()


def register(router):
    router.register("documents", DocumentViewSet, basename="document")
    router.register("audit-events", AuditEventViewSet, basename="audit-event")
    router.register("signatures", SignatureViewSet, basename="signature")
    router.register("seals", SealViewSet, basename="seal")
