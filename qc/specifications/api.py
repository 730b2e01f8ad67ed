"""REST: specifications with their lines."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers

from cdmo.api.serializers import Input, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.portfolio.api import CodeField
from cdmo.portfolio.models import Product
from qc.calculations.criteria import NotACriterion, parse_criterion
from qc.specifications import services
from qc.specifications.models import Specification, SpecificationLine
from qc.specifications.states import Stage


def a_criterion(text: str) -> None:
    """Refuse what the grammar does not know, in its own sentence."""
    try:
        parse_criterion(text)
    except NotACriterion as error:
        raise serializers.ValidationError(str(error), code="not_a_criterion") from None


class SensibleDay(serializers.DateField):
    """A calendar day that a plant may mean."""

    def __init__(self, **options):
        options.setdefault(
            "validators",
            [MinValueValidator(date(1990, 1, 1)), MaxValueValidator(date(2200, 1, 1))],
        )
        super().__init__(**options)


class LineSerializer(RecordSerializer):
    class Meta:
        model = SpecificationLine
        fields = [
            "position",
            "test",
            "method",
            "unit",
            "criterion",
            "rounding",
            "required",
            "may_follow_release",
            "surrogate",
            "turnaround_hours",
            "citation",
            "illustrative",
        ]


class SpecificationSerializer(RecordSerializer):
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = Specification
        fields = [
            "code",
            "product",
            "sponsor",
            "stage",
            "version",
            "title",
            "status",
            "effective_from",
            "effective_until",
            "written_at",
            "approved_at",
            "source",
            "illustrative",
            "lines",
        ]


class NewLine(Input):
    test = serializers.CharField(max_length=120)
    criterion = serializers.CharField(max_length=120, validators=[a_criterion])
    method = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    unit = serializers.CharField(max_length=30, required=False, allow_blank=True, default="")
    rounding = serializers.ChoiceField(["usp"], required=False, default="usp")
    required = serializers.BooleanField(required=False, default=True)
    may_follow_release = serializers.BooleanField(required=False, default=False)
    surrogate = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    turnaround_hours = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=100_000
    )
    citation = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class NewSpecification(Input):
    code = CodeField(max_length=60, required=False, default="", allow_blank=True)
    product = KeyField(model=Product)
    stage = serializers.ChoiceField(Stage.choices, required=False, default=Stage.DRUG_PRODUCT)
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=1_000_000
    )
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    effective_from = SensibleDay()
    source = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")
    lines = NewLine(many=True)
    reason = ReasonField()


class ChangeSpecification(Input):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    effective_from = SensibleDay(required=False)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True)
    lines = NewLine(many=True, required=False)
    reason = ReasonField()


class SpecificationViewSet(RecordViewSet):
    """Versions of requirements. Two people approve; drafts are changed, approved ones never."""

    model = Specification
    serializer_class = SpecificationSerializer
    select = ("product", "sponsor")
    prefetch = ("lines",)
    filterset_fields = {
        "product": ["exact"],
        "stage": ["exact"],
        "status": ["exact"],
        "version": ["exact"],
    }
    search_fields = ("code", "title", "product__code")
    ordering_fields = ("id", "code", "version", "effective_from")
    create_input = NewSpecification
    update_input = ChangeSpecification

    def create_record(self, *, data, by, at):
        return services.write_specification(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_specification(specification=record, by=by, at=at, **data)

    @verb(signed=True)
    def approve(self, record, *, data, by, at, proof):
        return services.approve_specification(
            specification=record, by=by, at=at, proof=proof, **data
        )


def register(router):
    router.register("specifications", SpecificationViewSet)
