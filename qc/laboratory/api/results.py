"""REST: results, one or a list; submitted, approved, invalidated."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.response import Response

from cdmo.api.serializers import (
    Input,
    InstantField,
    KeyField,
    ReasonField,
    RecordSerializer,
)
from cdmo.api.views import RecordViewSet, verb
from qc.calculations.registry import BadInput, number_text
from qc.calculations.values import NotAValue, parse_value
from qc.instruments.models import Instrument
from qc.laboratory import services
from qc.laboratory.api.records import ForStaffToo
from qc.laboratory.models import Result, Sample

AT_ONCE = 500


@extend_schema_field(OpenApiTypes.STR)
class ValueText(serializers.Field):
    """A value as text, kept digit for digit: 95.0, <1.0, >2e6, no growth. Or a bare number."""

    def to_internal_value(self, data):
        try:
            text = number_text("value", data)
            parse_value(text)
        except BadInput as error:
            raise serializers.ValidationError(error.message) from None
        except NotAValue as error:
            raise serializers.ValidationError(str(error), code="not_a_value") from None
        return text

    def to_representation(self, value):
        return value


class RememberingKeyField(KeyField):
    """A key looked up once a request: a long list of results names few samples."""

    def to_internal_value(self, data):
        known = self.context.setdefault(f"known_{self.model.record_type}", {})
        if not isinstance(data, (str, int)):
            return super().to_internal_value(data)
        if data not in known:
            known[data] = super().to_internal_value(data)
        return known[data]


class SponsorResultSerializer(RecordSerializer):
    specification = serializers.SerializerMethodField()
    criterion = serializers.CharField(
        source="line.criterion", default=None, allow_null=True, read_only=True
    )
    method = serializers.CharField(
        source="line.method", default=None, allow_null=True, read_only=True
    )
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True, read_only=True)

    class Meta:
        model = Result
        fields = [
            "id",
            "sample",
            "batch",
            "sponsor",
            "test",
            "specification",
            "criterion",
            "method",
            "value",
            "unit",
            "status",
            "reportable",
            "verdict",
            "tested_at",
            "entered_at",
            "submitted_at",
            "reviewed_at",
            "supersedes",
            "illustrative",
        ]

    def get_specification(self, result) -> str | None:
        return result.line.specification.code if result.line_id else None


class ResultSerializer(SponsorResultSerializer):
    instrument_file = serializers.CharField(
        source="measurement.file.number", default=None, allow_null=True, read_only=True
    )
    measurement = serializers.IntegerField(source="measurement_id", allow_null=True, read_only=True)
    oos = serializers.CharField(source="oos.number", default=None, allow_null=True, read_only=True)

    class Meta(SponsorResultSerializer.Meta):
        fields = [
            *SponsorResultSerializer.Meta.fields,
            "analyst",
            "reviewer",
            "instrument",
            "instrument_file",
            "measurement",
            "confirm_reason",
            "invalid_reason",
            "oos",
        ]


class NewResult(Input):
    sample = RememberingKeyField(model=Sample)
    test = serializers.CharField(max_length=120)
    value = ValueText()
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True, default="")
    tested_at = InstantField(required=False, allow_null=True, default=None)
    instrument = RememberingKeyField(model=Instrument, required=False, allow_null=True)
    supersedes = KeyField(model=Result, required=False, allow_null=True)
    report_only = serializers.BooleanField(
        required=False,
        default=False,
        help_text="A test beside the specification, recorded for information only.",
    )
    reason = ReasonField()


class ChangeResult(Input):
    value = ValueText(required=False)
    tested_at = InstantField(required=False)
    reason = ReasonField()


def one_or_many(name, serializer):
    """Return the shape `one, or a list of them` for the OpenAPI document."""
    return PolymorphicProxySerializer(
        component_name=name,
        serializers=[serializer, serializer(many=True)],
        resource_type_field_name=None,
        many=False,
    )


class ResultViewSet(ForStaffToo, RecordViewSet):
    """Reportable values. POST takes one or a list (all or none) and answers in the same shape."""

    model = Result
    serializer_class = ResultSerializer
    sponsor_serializer_class = SponsorResultSerializer
    select = ("sample", "batch", "sponsor", "line__specification")
    staff_select = ("analyst", "reviewer", "instrument", "measurement__file", "oos")
    filterset_fields = {
        "sample": ["exact"],
        "batch": ["exact"],
        "test": ["exact"],
        "status": ["exact"],
        "verdict": ["exact"],
    }
    search_fields = ("test", "sample__number", "batch__number")
    ordering_fields = ("id", "tested_at", "entered_at")
    create_input = NewResult
    update_input = ChangeResult

    @extend_schema(
        request=one_or_many("NewResults", NewResult),
        responses={201: one_or_many("MadeResults", ResultSerializer)},
    )
    def create(self, request, *args, **kwargs):
        many = isinstance(request.data, list)
        if many and not 0 < len(request.data) <= AT_ONCE:
            raise serializers.ValidationError({"": f"Send 1 to {AT_ONCE} results at once."})
        form = NewResult(data=request.data, many=many, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        entries = [
            dict(entry) for entry in (form.validated_data if many else [form.validated_data])
        ]
        made = services.enter_results(entries=entries, by=request.user, at=self.at)
        if not many:
            return self.respond(self.fresh(made[0]), status=201, headers=self.location(made[0]))
        rows = {r.pk: r for r in self.get_queryset().filter(pk__in=[r.pk for r in made])}
        return Response([self.represent(rows[r.pk]) for r in made], status=201)

    def update_record(self, record, *, data, by, at):
        return services.change_result(result=record, by=by, at=at, **data)

    @verb()
    def submit(self, record, *, data, by, at):
        services.submit_results(results=[record], by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        services.approve_results(results=[record], by=by, at=at, proof=proof, **data)

    @verb()
    def invalidate(self, record, *, data, by, at):
        services.invalidate_result(result=record, by=by, at=at, **data)
