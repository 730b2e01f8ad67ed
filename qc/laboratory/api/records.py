"""REST: methods, samples, out-of-specification investigations."""

from rest_framework import serializers

from batches.manufacture.models import Batch
from cdmo.api.serializers import (
    Input,
    InstantField,
    KeyField,
    ReasonField,
    RecordSerializer,
)
from cdmo.api.views import RecordViewSet, verb
from cdmo.portfolio.api import CodeField
from qc.laboratory import services
from qc.laboratory.models import Method, OosInvestigation, Sample
from qc.laboratory.states import OosConclusion, Validation


class ForStaffToo:
    """Serve sponsors from their own serializer: their database role cannot read people."""

    sponsor_serializer_class = None
    staff_select: tuple[str, ...] = ()

    @property
    def is_for_sponsor(self) -> bool:
        return getattr(self.request.user, "is_sponsor_side", False)

    def get_serializer_class(self):
        if self.request is not None and self.is_for_sponsor:
            return self.sponsor_serializer_class
        return self.serializer_class

    def get_queryset(self):
        found = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or self.is_for_sponsor:
            return found
        return found.select_related(*self.select, *self.staff_select)


class MethodSerializer(RecordSerializer):
    class Meta:
        model = Method
        fields = [
            "code",
            "name",
            "version",
            "technique",
            "validation",
            "status",
            "needs_instrument",
            "written_by",
            "approved_at",
            "citation",
            "illustrative",
        ]


class NewMethod(Input):
    code = CodeField(max_length=60)
    name = serializers.CharField(max_length=200)
    version = serializers.IntegerField(required=False, default=1, min_value=1, max_value=1_000_000)
    technique = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    validation = serializers.ChoiceField(
        Validation.choices, required=False, default=Validation.DEVELOPMENT
    )
    needs_instrument = serializers.BooleanField(required=False, default=False)
    citation = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    reason = ReasonField()


class MethodViewSet(RecordViewSet):
    """The laboratory's methods; sponsors never see them as records."""

    model = Method
    serializer_class = MethodSerializer
    staff_only = True
    select = ("written_by",)
    filterset_fields = {"status": ["exact"], "validation": ["exact"]}
    search_fields = ("code", "name", "technique")
    ordering_fields = ("id", "code")
    create_input = NewMethod

    def create_record(self, *, data, by, at):
        return services.write_method(by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        return services.approve_method(method=record, by=by, at=at, proof=proof, **data)


class SponsorSampleSerializer(RecordSerializer):
    class Meta:
        model = Sample
        fields = ["number", "batch", "sponsor", "kind", "taken_at", "storage", "illustrative"]


class SampleSerializer(SponsorSampleSerializer):
    class Meta(SponsorSampleSerializer.Meta):
        fields = [*SponsorSampleSerializer.Meta.fields, "taken_by"]


class NewSample(Input):
    number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default="", trim_whitespace=False
    )
    batch = KeyField(model=Batch)
    kind = serializers.CharField(max_length=60, required=False, default="release")
    taken_at = InstantField(required=False, allow_null=True, default=None)
    storage = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    reason = ReasonField()


class SampleViewSet(ForStaffToo, RecordViewSet):
    model = Sample
    serializer_class = SampleSerializer
    sponsor_serializer_class = SponsorSampleSerializer
    select = ("batch", "sponsor")
    staff_select = ("taken_by",)
    filterset_fields = {"batch": ["exact"], "kind": ["exact"]}
    search_fields = ("number", "batch__number")
    ordering_fields = ("id", "number", "taken_at")
    create_input = NewSample

    def create_record(self, *, data, by, at):
        return services.take_sample(by=by, at=at, **data)


class SponsorOosSerializer(RecordSerializer):
    # By id: a sponsor may not see the result itself, once it is invalid.
    result = serializers.IntegerField(source="result_id", read_only=True)

    class Meta:
        model = OosInvestigation
        fields = [
            "number",
            "batch",
            "result",
            "status",
            "opened_at",
            "conclusion",
            "rationale",
            "closed_at",
        ]


class OosSerializer(SponsorOosSerializer):
    class Meta(SponsorOosSerializer.Meta):
        fields = [*SponsorOosSerializer.Meta.fields, "closed_by"]


class ConcludeOos(Input):
    conclusion = serializers.ChoiceField([c for c in OosConclusion.choices if c[0]])
    rationale = serializers.CharField(max_length=4000)
    reason = ReasonField()


class OosViewSet(ForStaffToo, RecordViewSet):
    """Out-of-specification investigations; a sponsor sees concluded ones."""

    model = OosInvestigation
    serializer_class = OosSerializer
    sponsor_serializer_class = SponsorOosSerializer
    select = ("batch",)
    staff_select = ("closed_by",)
    filterset_fields = {"batch": ["exact"], "status": ["exact"], "conclusion": ["exact"]}
    search_fields = ("number", "batch__number")
    ordering_fields = ("id", "number", "opened_at")

    @verb(input=ConcludeOos, signed=True)
    def conclude(self, record, *, data, by, at, proof):
        return services.conclude_oos(oos=record, by=by, at=at, proof=proof, **data)
