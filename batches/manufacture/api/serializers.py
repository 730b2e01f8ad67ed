"""Shapes of batches, steps and master batch records."""

from decimal import Decimal

from rest_framework import serializers

from batches.identity.models import IdentityChain
from batches.manufacture.models import Batch, BatchStep, MasterBatchRecord, MasterStep
from batches.manufacture.states import Purpose, StepKind
from cdmo.accounts.models import User
from cdmo.api.serializers import (
    DecimalText,
    Input,
    InstantField,
    KeyField,
    ReasonField,
    RecordSerializer,
    SignatureInput,
)
from cdmo.portfolio.models import ProcessVersion, Product


class ForStaff:
    """Leave out, for a sponsor's person, fields that name people or are internal."""

    staff_fields: tuple[str, ...] = ()

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and getattr(request.user, "is_sponsor_side", False):
            for name in self.staff_fields:
                fields.pop(name, None)
        return fields


class BatchSerializer(ForStaff, RecordSerializer):
    master_batch_record = KeyField(source="master", read_only=True, allow_null=True)
    staff_fields = ("reviewed_by", "held_at", "hold_reason")

    class Meta:
        model = Batch
        fields = [
            "number",
            "sponsor",
            "product",
            "process_version",
            "master_batch_record",
            "site",
            "purpose",
            "objective",
            "execution",
            "disposition",
            "inventory",
            "custody",
            "coi",
            "planned_at",
            "planned_start_at",
            "issued_at",
            "started_at",
            "completed_at",
            "reviewed_at",
            "reviewed_by",
            "disposed_at",
            "held_at",
            "hold_reason",
            "expires_at",
            "yield_value",
            "yield_unit",
            "illustrative",
        ]


class StepSerializer(ForStaff, RecordSerializer):
    key = serializers.CharField(read_only=True)
    deviations = serializers.SerializerMethodField()
    staff_fields = ("performed_by", "verified_by", "corrected_by", "comment", "deviations")

    class Meta:
        model = BatchStep
        fields = [
            "key",
            "position",
            "code",
            "title",
            "instruction",
            "kind",
            "unit",
            "lower",
            "upper",
            "expected",
            "critical",
            "mandatory",
            "status",
            "value",
            "in_limits",
            "was_out",
            "first_value",
            "comment",
            "performed_by",
            "performed_at",
            "recorded_at",
            "verified_by",
            "verified_at",
            "corrected_by",
            "corrected_at",
            "deviations",
        ]

    def get_deviations(self, step) -> list[str]:
        return [deviation.number for deviation in step.deviations.all()]


class NewBatch(Input):
    product = KeyField(model=Product)
    purpose = serializers.ChoiceField(Purpose.choices)
    process_version = KeyField(model=ProcessVersion, required=False, allow_null=True)
    number = serializers.CharField(max_length=60, required=False, allow_blank=True)
    coi = serializers.CharField(
        max_length=40,
        required=False,
        allow_null=True,
        help_text="Chain of identity. One that is not known yet is registered with the batch.",
    )
    planned_start_at = InstantField(required=False, allow_null=True)
    objective = serializers.CharField(max_length=400, required=False, allow_blank=True)
    illustrative = serializers.BooleanField(required=False)
    reason = ReasonField()


class ChangeBatch(Input):
    objective = serializers.CharField(max_length=400, required=False, allow_blank=True)
    planned_start_at = InstantField(required=False, allow_null=True)
    coi = KeyField(model=IdentityChain, required=False, allow_null=True)
    reason = ReasonField(required=True, allow_blank=False)


class BatchReason(Input):
    reason = ReasonField(required=True, allow_blank=False)


class StartBatch(Input):
    verified_by = KeyField(
        model=User, required=False, allow_null=True, help_text="The second person present, if any."
    )
    witness_signature = SignatureInput(
        required=False, help_text="Of `verified_by`: their own password. Needed once one is named."
    )
    reason = ReasonField()


class CompleteBatch(Input):
    yield_value = DecimalText(required=False, allow_null=True)
    yield_unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    reason = ReasonField()

    def validate_yield_value(self, value):
        if value is not None and value < 0:
            raise serializers.ValidationError("A yield is not below zero.")
        return value


class RecordYield(Input):
    yield_value = DecimalText()
    yield_unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    reason = ReasonField(required=True, allow_blank=False)

    validate_yield_value = CompleteBatch.validate_yield_value


class StepText(serializers.CharField):
    """What was typed: text, or a number or yes/no in JSON, kept as it was written."""

    def __init__(self, **options):
        super().__init__(max_length=400, allow_blank=True, **options)

    def to_internal_value(self, data):
        if isinstance(data, bool):
            data = "yes" if data else "no"
        elif isinstance(data, Decimal):
            data = str(data)
        return super().to_internal_value(data)


class PerformStep(Input):
    value = StepText(required=False, default="")
    comment = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    performed_at = InstantField(required=False, allow_null=True)
    reason = ReasonField()


class RecordStep(PerformStep):
    step = serializers.CharField(max_length=120, help_text="CODE, or BATCH/CODE.")


class VerifyStep(Input):
    comment = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    reason = ReasonField()


class CorrectStep(Input):
    value = StepText()
    comment = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    reason = ReasonField(required=True, allow_blank=False)


class EntrySerializer(ForStaff, serializers.Serializer):
    """One line of a batch's timeline."""

    at = InstantField(read_only=True)
    by = serializers.CharField(read_only=True)
    role = serializers.CharField(read_only=True)
    verb = serializers.CharField(read_only=True)
    sentence = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(["event", "signature"], read_only=True)
    record_type = serializers.CharField(read_only=True)
    record = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    voided_at = InstantField(read_only=True, allow_null=True)
    staff_fields = ("reason", "by")


class MasterStepSerializer(RecordSerializer):
    class Meta:
        model = MasterStep
        fields = [
            "position",
            "code",
            "title",
            "instruction",
            "kind",
            "unit",
            "lower",
            "upper",
            "expected",
            "critical",
            "mandatory",
        ]


class MasterSerializer(RecordSerializer):
    steps = MasterStepSerializer(many=True, read_only=True)

    class Meta:
        model = MasterBatchRecord
        fields = [
            "code",
            "product",
            "process_version",
            "version",
            "title",
            "status",
            "effective_from",
            "yield_unit",
            "yield_lower",
            "yield_upper",
            "illustrative",
            "steps",
        ]


class NewMasterStep(Input):
    code = serializers.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
        max_length=40,
        error_messages={"invalid": "A code has letters, digits, points and dashes only."},
    )
    title = serializers.CharField(max_length=200)
    instruction = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    kind = serializers.ChoiceField(StepKind.choices, default=StepKind.CHECK)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    lower = DecimalText(required=False, allow_null=True)
    upper = DecimalText(required=False, allow_null=True)
    expected = serializers.CharField(max_length=120, required=False, allow_blank=True)
    critical = serializers.BooleanField(required=False, default=False)
    mandatory = serializers.BooleanField(required=False, default=True)


class MasterCode(serializers.RegexField):
    def __init__(self, **options):
        super().__init__(
            r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
            max_length=60,
            required=False,
            allow_blank=True,
            help_text="Left out, it is made of the process version and the version.",
            error_messages={"invalid": "A code has letters, digits, points and dashes only."},
            **options,
        )


class NewMaster(Input):
    code = MasterCode()
    process_version = KeyField(model=ProcessVersion)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    effective_from = serializers.DateField(required=False, allow_null=True)
    yield_unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    yield_lower = DecimalText(required=False, allow_null=True)
    yield_upper = DecimalText(required=False, allow_null=True)
    illustrative = serializers.BooleanField(required=False)
    steps = NewMasterStep(many=True)
    reason = ReasonField()


class ChangeMaster(Input):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    effective_from = serializers.DateField(required=False, allow_null=True)
    yield_unit = serializers.CharField(max_length=20, required=False, allow_blank=True)
    yield_lower = DecimalText(required=False, allow_null=True)
    yield_upper = DecimalText(required=False, allow_null=True)
    steps = NewMasterStep(
        many=True, required=False, help_text="All steps, in order: one left out is withdrawn."
    )
    reason = ReasonField(required=True, allow_blank=False)


class CopyMaster(Input):
    code = MasterCode()
    process_version = KeyField(
        model=ProcessVersion,
        required=False,
        allow_null=True,
        help_text="Another one of the same product; left out, the same.",
    )
    reason = ReasonField()
