"""REST: instruments, their calibrations, instrument files.

A file's door is completed upstairs: confirming its readings needs samples and specifications, so
`qc.laboratory.api` extends `InstrumentFileViewSet` and registers it.
"""

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from cdmo.accounts.models import Site, known_timezone
from cdmo.api.parsers import StrictJSONParser
from cdmo.api.problems import Problem
from cdmo.api.serializers import Input, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.portfolio.api import CodeField
from cdmo.records.services import read_document, record_download
from qc.instruments import rules, services
from qc.instruments.models import Calibration, Instrument, InstrumentFile, Measurement, ParseRun
from qc.instruments.registry import VENDORS, vendor_called

# Beyond this nothing is even received: the largest export there is, and its envelope.
LARGEST_BODY = max(vendor.max_bytes for vendor in VENDORS.values()) + rules.MEGABYTE


class VendorField(serializers.CharField):
    """A kind of instrument, by its code, its title or its allotropy name."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        known = vendor_called(text)
        if known is None:
            raise serializers.ValidationError(
                f"{rules.unknown_vendor(text)} It reads: {', '.join(VENDORS)}.", code="unknown"
            )
        return known.code


class CalibrationSerializer(RecordSerializer):
    class Meta:
        model = Calibration
        fields = [
            "id",
            "instrument",
            "performed_on",
            "due_on",
            "passed",
            "certificate",
            "recorded_by",
            "recorded_at",
            "illustrative",
        ]


class NewCalibration(Input):
    performed_on = serializers.DateField()
    due_on = serializers.DateField()
    passed = serializers.BooleanField(default=True)
    certificate = serializers.CharField(max_length=120, default="", allow_blank=True)
    reason = ReasonField()

    def validate(self, data):
        if data["due_on"] <= data["performed_on"]:
            raise serializers.ValidationError(
                {"due_on": "The due date comes after the day the calibration was performed on."}
            )
        return data


class InstrumentSerializer(RecordSerializer):
    class Meta:
        model = Instrument
        fields = [
            "code",
            "name",
            "vendor",
            "model",
            "serial",
            "site",
            "timezone",
            "day_first",
            "status",
            "illustrative",
        ]


class NewInstrument(Input):
    code = CodeField()
    name = serializers.CharField(max_length=200)
    vendor = VendorField(max_length=100)
    site = KeyField(model=Site)
    model = serializers.CharField(max_length=120, default="", allow_blank=True)
    serial = serializers.CharField(max_length=80, default="", allow_blank=True)
    timezone = serializers.CharField(
        max_length=60, required=False, default="", validators=[known_timezone]
    )
    day_first = serializers.BooleanField(default=True)


class ChangeInstrument(Input):
    name = serializers.CharField(max_length=200, required=False)
    model = serializers.CharField(max_length=120, required=False, allow_blank=True)
    serial = serializers.CharField(max_length=80, required=False, allow_blank=True)
    timezone = serializers.CharField(max_length=60, required=False, validators=[known_timezone])
    day_first = serializers.BooleanField(required=False)
    reason = ReasonField(required=True)


class WithReason(Input):
    reason = ReasonField(required=True)


class InstrumentViewSet(RecordViewSet):
    """Registered instruments. The vendor decides which reader an instrument's files meet."""

    model = Instrument
    serializer_class = InstrumentSerializer
    staff_only = True
    select = ("site",)
    filterset_fields = ("vendor", "status", "site", "serial")
    search_fields = ("code", "name", "serial")
    ordering_fields = ("id", "code", "name")
    create_input = NewInstrument
    update_input = ChangeInstrument

    def create_record(self, *, data, by, at):
        return services.register_instrument(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_instrument(instrument=record, by=by, at=at, **data)

    @verb(input=WithReason)
    def take_out_of_use(self, record, *, data, by, at):
        return services.take_out_of_use(instrument=record, by=by, at=at, **data)

    @verb(input=WithReason)
    def put_in_use(self, record, *, data, by, at):
        return services.put_in_use(instrument=record, by=by, at=at, **data)

    @extend_schema(
        methods=["GET"], responses=CalibrationSerializer(many=True), filters=False, parameters=[]
    )
    @extend_schema(methods=["POST"], request=NewCalibration, responses={201: CalibrationSerializer})
    @action(detail=True, methods=["get", "post"], filterset_fields=[], search_fields=())
    def calibrations(self, request, *args, **kwargs):
        """Every calibration of the instrument, newest first; POST records one."""
        instrument = self.get_record()
        context = self.get_serializer_context()
        if request.method == "POST":
            made = services.record_calibration(
                instrument=instrument, by=request.user, at=self.at, **self.read(NewCalibration)
            )
            return Response(CalibrationSerializer(made, context=context).data, status=201)
        rows = instrument.calibrations.select_related("instrument", "recorded_by").order_by("-id")
        page = self.paginate_queryset(rows)
        found = CalibrationSerializer(page, many=True, context=context)
        return self.get_paginated_response(found.data)


class ParseRunSerializer(RecordSerializer):
    class Meta:
        model = ParseRun
        fields = [
            "id",
            "role",
            "reader",
            "reader_version",
            "ok",
            "error",
            "readings",
            "warnings",
            "seconds",
            "at",
        ]


class MeasurementSerializer(RecordSerializer):
    class Meta:
        model = Measurement
        fields = [
            "id",
            "ordinal",
            "sample_text",
            "quantity",
            "value",
            "number",
            "qualifier",
            "unit",
            "measured_at",
            "measured_text",
            "device_serial",
            "operator",
            "group",
            "locator",
            "reading_status",
            "flags",
            "status",
        ]


class InstrumentFileRow(RecordSerializer):
    """A file in a list: without its readings."""

    class Meta:
        model = InstrumentFile
        fields = [
            "number",
            "instrument",
            "vendor",
            "filename",
            "size",
            "sha256",
            "document",
            "status",
            "error",
            "flags",
            "facts",
            "duplicate_of",
            "uploaded_by",
            "uploaded_at",
            "read_at",
        ]


class InstrumentFileSerializer(InstrumentFileRow):
    runs = ParseRunSerializer(many=True, read_only=True)
    measurements = MeasurementSerializer(many=True, read_only=True)

    class Meta(InstrumentFileRow.Meta):
        fields = [*InstrumentFileRow.Meta.fields, "runs", "measurements"]


class NewInstrumentFile(Input):
    file = serializers.FileField(
        allow_empty_file=True, max_length=None, help_text="The export, as the instrument wrote it."
    )
    instrument = KeyField(model=Instrument)
    vendor = VendorField(
        max_length=100, required=False, allow_blank=True, help_text="The instrument's, if given."
    )

    def validate(self, data):
        vendor, instrument = data.get("vendor") or data["instrument"].vendor, data["instrument"]
        if vendor != instrument.vendor:
            raise serializers.ValidationError(
                {
                    "vendor": f"{instrument.code} is registered for {instrument.vendor}, not for "
                    f"{vendor}. Choose the instrument that this file comes from."
                },
                code="wrong_vendor",
            )
        return data


class InstrumentFileViewSet(RecordViewSet):
    """Files as the instruments wrote them. POST answers 202: reading follows within seconds."""

    model = InstrumentFile
    serializer_class = InstrumentFileSerializer
    staff_only = True
    parser_classes = [StrictJSONParser, MultiPartParser]
    select = ("instrument", "document", "duplicate_of", "uploaded_by")
    filterset_fields = {
        "instrument": ["exact"],
        "vendor": ["exact"],
        "status": ["exact"],
        "sha256": ["exact"],
        "uploaded_at": ["gte", "lt"],
    }
    search_fields = ("number", "filename")
    ordering_fields = ("id", "number", "uploaded_at")
    create_input = NewInstrumentFile

    def initial(self, request, *args, **kwargs):
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdigit() and int(declared) > LARGEST_BODY:
            raise Problem(413, "No instrument writes so large a file. Nothing was stored.")
        super().initial(request, *args, **kwargs)

    def get_serializer_class(self):
        return InstrumentFileRow if self.action == "list" else InstrumentFileSerializer

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.action == "list":
            return queryset
        return queryset.prefetch_related("runs", "measurements")

    @extend_schema(
        request={"multipart/form-data": NewInstrumentFile},
        responses={202: InstrumentFileSerializer},
    )
    def create(self, request, *args, **kwargs):
        data = self.read(NewInstrumentFile)
        upload, instrument = data["file"], data["instrument"]
        # The size is known before the bytes are taken into memory: large uploads lie on disk.
        if sentence := rules.too_large(upload.size, vendor_called(instrument.vendor)):
            raise Problem(413, sentence)
        file = services.upload_file(
            instrument=instrument,
            vendor=data.get("vendor", ""),
            filename=upload.name,
            data=upload.read(),
            by=request.user,
            at=self.at,
        )
        return self.respond(self.fresh(file), status=202, headers=self.location(file))

    @verb(input=WithReason, status=202)
    def read_again(self, record, *, data, by, at):
        """Queue a file again that could not be read."""
        return services.read_file_again(file=record, by=by, at=at, **data)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def content(self, request, *args, **kwargs):
        """The bytes as they came, proven against their SHA-256, always as a download."""
        file = self.get_record()
        data = read_document(file.document)
        if not request.user.is_sponsor_side:
            record_download(document=file.document, by=request.user, at=self.at)
        response = HttpResponse(data, content_type="application/octet-stream")
        response["Content-Disposition"] = content_disposition_header(True, file.filename)
        response["X-Content-SHA256"] = file.sha256
        return response


def register(router):
    router.register("instruments", InstrumentViewSet)
