"""Shapes in and out: records by their human keys, decimals as text, instants in UTC with Z."""

import re
from decimal import Decimal

from django.db import models
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cdmo.records.canonical import instant

LONGEST_DECIMAL = 40  # zeros are kept as entered, and nobody enters more of them
_DECIMAL = re.compile(r"-?(0|[0-9]+)(\.[0-9]+)?", re.ASCII)


def exact(value: Decimal | None) -> str | None:
    """Return a decimal as text with the digits it was entered with: 10.50 stays 10.50."""
    return None if value is None else f"{value:f}"


@extend_schema_field({"type": "string", "format": "decimal", "example": "10.50"})
class DecimalText(serializers.Field):
    """A decimal number as text, exactly as entered. No commas, exponents, NaN."""

    default_error_messages = {
        "invalid": "“{value}” is not a number. Write it with digits and a point, like 12.5.",
        "too_large": "“{value}” has too many digits.",
        "too_small": "The number must be at least {limit}.",
        "not_positive": "The number must be above zero.",
    }

    def __init__(self, *, max_digits=20, decimal_places=6, positive=False, **options):
        self.max_digits, self.decimal_places, self.positive = max_digits, decimal_places, positive
        super().__init__(**options)

    def to_internal_value(self, data):
        text = data if isinstance(data, str) else None
        if isinstance(data, (int, Decimal)) and not isinstance(data, bool):
            text = (
                f"{data:f}"
                if isinstance(data, Decimal) and abs(data.adjusted()) < 40
                else str(data)
            )
        text = (text if text is not None else str(data)).strip()
        if not _DECIMAL.fullmatch(text):
            self.fail("invalid", value=text[:40])
        if len(text) > LONGEST_DECIMAL:
            self.fail("too_large", value=text[:40])
        number = Decimal(text)
        whole, _, fraction = text.lstrip("-").partition(".")
        if len(fraction.rstrip("0")) > self.decimal_places or (
            len(whole.lstrip("0")) > self.max_digits - self.decimal_places
        ):
            self.fail("too_large", value=text[:40])
        if self.positive and number <= 0:
            self.fail("not_positive")
        return number

    def to_representation(self, value):
        return exact(value)


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.Field):
    """An instant: ISO 8601 with a zone in, UTC with Z out."""

    default_error_messages = {
        "invalid": "“{value}” is not an instant. Write it like 2026-11-22T17:45:00Z.",
        "naive": "“{value}” has no time zone. Write it like 2026-11-22T17:45:00Z.",
    }

    def to_internal_value(self, data):
        try:
            at = parse_datetime(data) if isinstance(data, str) else None
            if at is not None and at.tzinfo is not None:
                instant(at)
        except (ValueError, OverflowError):
            at = None
        if at is None or not 1900 <= at.year <= 2200:
            self.fail("invalid", value=str(data)[:40])
        if at.tzinfo is None:
            self.fail("naive", value=str(data)[:40])
        return at

    def to_representation(self, value):
        return instant(value)


@extend_schema_field(OpenApiTypes.STR)
class KeyField(serializers.RelatedField):
    """A record by its human key. What the caller may not see does not exist."""

    default_error_messages = {"unknown": "There is no {what} “{value}”."}

    def __init__(self, model=None, **options):
        self.model = model
        if model is not None and not options.get("read_only"):
            options["queryset"] = model._default_manager.all()
        super().__init__(**options)

    def use_pk_only_optimization(self):
        return False

    def get_queryset(self):
        queryset = self.model._default_manager.all()
        user = self.context["request"].user
        return queryset.visible_to(user) if hasattr(queryset, "visible_to") else queryset

    def to_internal_value(self, data):
        found = None
        if isinstance(data, str) or (isinstance(data, int) and not isinstance(data, bool)):
            try:
                found = self.get_queryset().filter(**{self.model.key_field: data}).first()
            except (ValueError, OverflowError):
                found = None
        if found is None:
            what = self.model.record_type.replace("_", " ")
            self.fail("unknown", what=what, value=str(data)[:60])
        return found

    def to_representation(self, value):
        return value.key

    def get_choices(self, cutoff=None):
        return {}


def _read_only(model_field) -> dict:
    """Return a field's options: whether it may be null is told in the OpenAPI document too."""
    return {"read_only": True, "allow_null": bool(model_field is not None and model_field.null)}


class RecordSerializer(serializers.ModelSerializer):
    """Output of a record: references as keys, decimals as text, instants with Z. Read only."""

    serializer_related_field = KeyField
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: DecimalText,
        models.DateTimeField: InstantField,
    }

    def build_relational_field(self, field_name, relation_info):
        return KeyField, _read_only(relation_info.model_field)

    def build_standard_field(self, field_name, model_field):
        if isinstance(model_field, models.DecimalField):
            return DecimalText, _read_only(model_field)
        if isinstance(model_field, models.DateTimeField):
            return InstantField, _read_only(model_field)
        field_class, options = super().build_standard_field(field_name, model_field)
        return field_class, options


class Input(serializers.Serializer):
    """A request body. Unknown fields are refused, so that a misspelt one is not silently lost."""

    def to_internal_value(self, data):
        if isinstance(data, dict):
            unknown = set(data) - set(self.fields)
            if unknown:
                raise serializers.ValidationError(
                    {name: "There is no such field here." for name in sorted(map(str, unknown))}
                )
        return super().to_internal_value(data)

    def update(self, instance, validated_data):
        raise TypeError("Inputs are passed to services, never saved")

    def create(self, validated_data):
        raise TypeError("Inputs are passed to services, never saved")


class ReasonField(serializers.CharField):
    """Why a regulated record is changed."""

    def __init__(self, **options):
        options.setdefault("max_length", 2000)
        if not options.get("required"):
            options = {"allow_blank": True, "default": "", **options, "required": False}
        super().__init__(**options)


class SignatureInput(Input):
    """Re-authentication: the person's own password, and a one-time code where MFA is on."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)
    otp = serializers.CharField(max_length=20, required=False, allow_blank=True, write_only=True)


class Nothing(Input):
    """A verb without a body of its own."""

    reason = ReasonField()
