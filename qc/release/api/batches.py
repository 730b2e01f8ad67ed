"""REST: batches with QC's word: readiness, release checks, certification."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from batches.manufacture.api import BatchViewSet
from batches.manufacture.evidence import QualityReadiness
from cdmo.api.serializers import Input, InstantField, Nothing, ReasonField
from cdmo.api.views import verb
from qc.release import services
from qc.release.api.checks import FindingSerializer, ReleaseCheckSerializer
from qc.release.dossier import quality_readiness, rows_of_quality
from qc.release.models import ReleaseCheck
from qc.release.readiness import digest_for_sponsor, readiness_of
from qc.release.services.trail import exceptions_of


class ActionSerializer(serializers.Serializer):
    what = serializers.CharField()
    owner_role = serializers.CharField()
    record_type = serializers.CharField()
    record = serializers.CharField()
    rule = serializers.CharField()


class ReadinessSerializer(serializers.Serializer):
    """May this batch be released, and if not, what stands in the way. Read only."""

    verdict = serializers.CharField(help_text="ready, conditional, pending, blocked")
    is_stale = serializers.BooleanField()
    findings = FindingSerializer(many=True)
    next_actions = ActionSerializer(many=True)
    expected_release_at = InstantField(allow_null=True)


class TrailEntrySerializer(serializers.Serializer):
    """One exception; `line` is the id of the audit event, 0 for what shows in no single one."""

    line = serializers.IntegerField()
    kind = serializers.CharField(
        help_text="outside, administrator, changed, overridden, refused, late"
    )
    record_type = serializers.CharField()
    record = serializers.CharField()
    text = serializers.CharField()
    who = serializers.CharField()
    role = serializers.CharField()
    at = InstantField()
    explained = serializers.CharField(help_text="The reason on record, empty for none.")
    needs_words = serializers.BooleanField()


class Explanation(Input):
    line = serializers.IntegerField(min_value=1)
    explanation = serializers.CharField(max_length=2000)


class ReviewTrail(Input):
    accepted = serializers.BooleanField()
    explanations = Explanation(many=True, required=False)
    remarks = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    reason = ReasonField()


class ReleaseMixin:
    """What the release room adds to a batch."""

    def quality_readiness(self, batch, *, at) -> QualityReadiness:
        return quality_readiness(batch, at=at)

    def also_in_timeline(self, batch):
        return rows_of_quality(batch)

    @extend_schema(responses=ReadinessSerializer)
    @action(detail=True, methods=["get"])
    def readiness(self, request, *args, **kwargs):
        """The last check's verdict and findings, who must act, and when release may be expected."""
        batch = self.get_record()
        if request.user.is_sponsor_side:
            found = digest_for_sponsor(batch, by=request.user)
        else:
            found = readiness_of(batch, at=self.at)
        data = found.as_json()
        if found.expected_release_at is not None:
            data["expected_release_at"] = InstantField().to_representation(
                found.expected_release_at
            )
        return Response(data)

    @extend_schema(responses=ReleaseCheckSerializer(many=True))
    @action(
        detail=True,
        methods=["get", "post"],
        url_path="release-checks",
        pagination_class=BatchViewSet.pagination_class,
    )
    def release_checks(self, request, *args, **kwargs):
        """The checks of this batch, newest first; POST asks for one."""
        batch = self.get_record()
        context = self.get_serializer_context()
        if request.method == "POST":
            data = self.read(Nothing)
            check = services.request_check(batch=batch, by=request.user, at=self.at, **data)
            return Response(ReleaseCheckSerializer(check, context=context).data, status=202)
        checks = ReleaseCheck.objects.visible_to(request.user).filter(batch=batch)
        checks = checks.select_related("batch")
        if not request.user.is_sponsor_side:
            checks = checks.select_related("seen").defer("seen__evidence")
        page = self.paginate_queryset(checks)
        return self.get_paginated_response(
            ReleaseCheckSerializer(page, many=True, context=context).data
        )

    @extend_schema(responses=TrailEntrySerializer(many=True))
    @action(
        detail=True,
        methods=["get"],
        url_path="trail-exceptions",
        url_name="trail-exceptions",
        pagination_class=None,  # the document says what is answered: all of them, as a plain list
    )
    def trail_exceptions(self, request, *args, **kwargs):
        """The lines of the batch's audit trail that a reviewer looks at first."""
        batch = self.get_record()
        if request.user.is_sponsor_side:
            raise NotFound("There is no such record, or you may not see it.")
        found = exceptions_of(batch, by=request.user)
        return Response(TrailEntrySerializer(found, many=True).data)

    @verb(input=ReviewTrail, signed=True)
    def review_audit_trail(self, record, *, data, by, at, proof):
        words = {one["line"]: one["explanation"] for one in data.pop("explanations", ())}
        services.review_audit_trail(
            batch=record, explanations=words, by=by, at=at, proof=proof, **data
        )
        return record

    @verb(signed=True)
    def certify(self, record, *, data, by, at, proof):
        return services.certify(batch=record, by=by, at=at, proof=proof, **data)

    @verb(signed=True)
    def certify_conditionally(self, record, *, data, by, at, proof):
        return services.certify_conditionally(batch=record, by=by, at=at, proof=proof, **data)


class ReleasableBatchViewSet(ReleaseMixin, BatchViewSet):
    """One batch of one product, from planning to disposition."""
