"""REST: release checks. A sponsor reads verdict and outcomes of those that are done."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound

from batches.manufacture.models import Batch
from cdmo.api.serializers import Input, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from qc.release import services
from qc.release.models import CheckEvidence, ReleaseCheck
from qc.release.readiness import public_finding, public_verdict


class RecordRef(serializers.Serializer):
    record_type = serializers.CharField()
    record = serializers.CharField()


class FindingSerializer(serializers.Serializer):
    """One rule's answer. Read only."""

    rule = serializers.CharField(help_text="RC-01 …")
    title = serializers.CharField()
    outcome = serializers.CharField(help_text="pass, fail, not_applicable, pending")
    message = serializers.CharField()
    records = RecordRef(many=True)
    owner = serializers.CharField(required=False, help_text="Role that has to act")
    since = serializers.DateTimeField(required=False)
    action = serializers.CharField(required=False)
    justified = serializers.DictField(required=False)

    def get_fields(self):
        # `class` is no name for a Python attribute.
        help_text = "hard, justifiable, may_follow"
        return {**super().get_fields(), "class": serializers.CharField(help_text=help_text)}


class ReleaseCheckSerializer(RecordSerializer):
    id = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()

    class Meta:
        model = ReleaseCheck
        fields = [
            "id",
            "batch",
            "status",
            "verdict",
            "cause",
            "queued_at",
            "started_at",
            "evaluated_at",
            "attempts",
            "rules_version",
            "evidence_sha256",
            "findings",
            "error",
        ]

    @extend_schema_field(OpenApiTypes.INT)
    def get_id(self, check):
        return check.pk

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, check):
        if self.context["request"].user.is_sponsor_side:
            return [public_finding(finding) for finding in check.digest]
        seen = getattr(check, "seen", None)
        return seen.findings if seen is not None else []

    def to_representation(self, check):
        data = super().to_representation(check)
        if self.context["request"].user.is_sponsor_side:
            data.update(cause="", error="", verdict=public_verdict(data["verdict"]))
        return data


class NewReleaseCheck(Input):
    batch = KeyField(Batch)
    reason = ReasonField()


class Justify(Input):
    rule = serializers.CharField(max_length=10)
    rationale = serializers.CharField(max_length=4000, allow_blank=True)


class ReleaseCheckViewSet(RecordViewSet):
    """Evaluations of batches against the release rules. POST asks for one and answers at once."""

    model = ReleaseCheck
    serializer_class = ReleaseCheckSerializer
    filterset_fields = {"batch": ["exact"], "status": ["exact"], "verdict": ["exact"]}
    staff_only_filters = ("verdict",)
    create_input = NewReleaseCheck

    def get_queryset(self):
        queryset = super().get_queryset().select_related("batch")
        if getattr(self.request.user, "is_sponsor_side", True):
            return queryset
        return queryset.select_related("seen").defer("seen__evidence")

    @extend_schema(request=NewReleaseCheck, responses={202: ReleaseCheckSerializer})
    def create(self, request, *args, **kwargs):
        data = self.read(NewReleaseCheck)
        check = services.request_check(by=request.user, at=self.at, **data)
        return self.respond(self.fresh(check), status=202, headers=self.location(check))

    @verb(input=Justify, signed=True)
    def justify(self, record, *, data, by, at, proof):
        services.justify_finding(check=record, by=by, at=at, proof=proof, **data)
        return record

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"])
    def evidence(self, request, *args, **kwargs):
        """What the check saw, byte for byte: its SHA-256 is `evidence_sha256`."""
        check = self.get_record()
        if request.user.is_sponsor_side:
            raise NotFound("There is no such record, or you may not see it.")
        seen = CheckEvidence.objects.filter(check_row=check).first()
        if seen is None:
            raise NotFound("This check has not ended, so it has seen nothing yet.")
        return HttpResponse(seen.evidence.encode(), content_type="application/json")
