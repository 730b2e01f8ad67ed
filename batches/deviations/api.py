"""REST: deviations."""

from rest_framework import serializers

from batches.deviations import services
from batches.deviations.models import Deviation
from batches.deviations.states import Classification
from cdmo.api.serializers import Input, InstantField, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb

# Batches and their steps live in a room above; the foreign keys know them.
Batch = Deviation._meta.get_field("batch").related_model
BatchStep = Deviation._meta.get_field("step").related_model


class DeviationSerializer(RecordSerializer):
    """People are named to the staff only: a sponsor's requests cannot read their table."""

    raised_by = serializers.SerializerMethodField()
    closed_by = serializers.SerializerMethodField()

    class Meta:
        model = Deviation
        fields = [
            "number",
            "batch",
            "step",
            "title",
            "description",
            "concerns_yield",
            "classification",
            "status",
            "raised_by",
            "raised_at",
            "occurred_at",
            "conclusion",
            "closed_by",
            "closed_at",
        ]

    def _person(self, deviation, field) -> str | None:
        if self.context["request"].user.is_sponsor_side:
            return None
        person = getattr(deviation, field)
        return person.email if person is not None else None

    def get_raised_by(self, deviation) -> str | None:
        return self._person(deviation, "raised_by")

    def get_closed_by(self, deviation) -> str | None:
        return self._person(deviation, "closed_by")


class NewDeviation(Input):
    batch = KeyField(model=Batch)
    step = serializers.CharField(
        max_length=120, required=False, allow_null=True, help_text="CODE, or BATCH/CODE."
    )
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    occurred_at = InstantField(required=False, allow_null=True)
    concerns_yield = serializers.BooleanField(required=False)
    reason = ReasonField()

    def validate(self, attrs):
        code = attrs.get("step")
        if code:
            batch = attrs["batch"]
            code = code.removeprefix(f"{batch.number}/")
            attrs["step"] = batch.steps.filter(code=code).first()
            if attrs["step"] is None:
                raise serializers.ValidationError(
                    {"step": f"{batch.number} has no step {code[:60]}."}
                )
            attrs["step"].batch = batch
        elif "step" in attrs:
            del attrs["step"]
        return attrs


class ChangeDeviation(Input):
    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    reason = ReasonField(required=True, allow_blank=False)


class ClassifyDeviation(Input):
    classification = serializers.ChoiceField(
        [choice for choice in Classification.choices if choice[0]]
    )
    reason = ReasonField()


class CloseDeviation(Input):
    conclusion = serializers.CharField(max_length=20_000)
    reason = ReasonField()


class DeviationViewSet(RecordViewSet):
    """What did not go as the batch record says. A sponsor reads closed ones."""

    model = Deviation
    serializer_class = DeviationSerializer
    select = ("batch", "step__batch")
    filterset_fields = {
        "batch": ["exact"],
        "classification": ["exact"],
        "status": ["exact"],
        "sponsor": ["exact"],
        "raised_at": ["gte", "lt"],
    }
    search_fields = ("number", "title", "batch__number")
    ordering_fields = ("id", "number", "raised_at")
    create_input = NewDeviation
    update_input = ChangeDeviation

    def get_queryset(self):
        queryset = super().get_queryset()
        if getattr(self.request.user, "is_sponsor_side", True):
            return queryset
        return queryset.select_related("raised_by", "closed_by")

    def create_record(self, *, data, by, at):
        return services.raise_deviation(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_deviation(deviation=record, by=by, at=at, **data)

    @verb(input=ClassifyDeviation, signed=None)
    def classify(self, record, *, data, by, at, proof):
        return services.classify_deviation(deviation=record, by=by, at=at, **data)

    @verb(input=CloseDeviation, signed=True)
    def close(self, record, *, data, by, at, proof):
        return services.close_deviation(deviation=record, by=by, at=at, proof=proof, **data)


def register(router):
    router.register("deviations", DeviationViewSet)
