"""Instruments with their calibration; their files as they came; the readings in them.

A file mixes samples of several sponsors, so these tables belong to the laboratory: the sponsors'
database role has no access to them at all. What a sponsor may know stands in approved results.
"""

from django.db import models
from django.db.models import Q

from cdmo.accounts.models import Regulated, Site
from qc.instruments.states import FileStatus, InstrumentStatus, MeasurementStatus


class ExactDecimalField(models.DecimalField):
    """A number with exactly the digits it was given: 7.80 stays 7.80, at any scale."""

    def __init__(self, **options):
        # What `reading.Reading` lets through: 60 digits, exponents to ±100.
        super().__init__(**{"max_digits": 262, "decimal_places": 160, **options})

    def db_type(self, connection):
        return "numeric"


class Instrument(Regulated):
    """A registered instrument. Its vendor decides the reader, never a guess from the file."""

    record_type = "instrument"
    key_field = "code"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=40, help_text="Reader profile, e.g. vicell_xr")
    model = models.CharField(max_length=120, blank=True)
    serial = models.CharField(max_length=80, blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="instruments")
    timezone = models.CharField(max_length=60, default="UTC")
    day_first = models.BooleanField(default=True)
    status = models.CharField(
        max_length=12, choices=InstrumentStatus, default=InstrumentStatus.IN_USE, editable=False
    )
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["code"]


class Calibration(Regulated):
    """A calibration performed, good until its due date."""

    record_type = "calibration"

    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="calibrations"
    )
    performed_on = models.DateField()
    due_on = models.DateField()
    passed = models.BooleanField(default=True)
    certificate = models.CharField(max_length=120, blank=True)
    recorded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["-due_on"]
        constraints = [
            models.CheckConstraint(
                name="qc_calibration_due_after", condition=Q(due_on__gt=models.F("performed_on"))
            )
        ]


class InstrumentFile(Regulated):
    """A file as the instrument wrote it: kept byte for byte, whether it can be read or not."""

    record_type = "instrument_file"
    key_field = "number"

    number = models.CharField(max_length=40, unique=True)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="files")
    vendor = models.CharField(max_length=40)
    document = models.OneToOneField(
        "records.Document", on_delete=models.PROTECT, related_name="instrument_file"
    )
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    status = models.CharField(
        max_length=8, choices=FileStatus, default=FileStatus.QUEUED, editable=False
    )
    error = models.TextField(blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    claimed_at = models.DateTimeField(null=True, editable=False)
    flags = models.JSONField(
        default=list, help_text="[{code, message, needs_reason}] against the whole file"
    )
    facts = models.JSONField(default=dict)
    duplicate_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, editable=False)

    class Meta(Regulated.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["status"],
                name="qc_instrumentfile_waiting",
                condition=Q(status__in=["queued", "reading"]),
            ),
            models.Index(fields=["sha256"], name="qc_instrumentfile_sha256"),
        ]
        constraints = [
            models.CheckConstraint(
                name="qc_instrumentfile_status", condition=Q(status__in=FileStatus.values)
            )
        ]


class ParseRun(Regulated):
    """One reader's attempt at a file. A newer reader's attempt is a row of its own."""

    record_type = "parse_run"

    file = models.ForeignKey(InstrumentFile, on_delete=models.PROTECT, related_name="runs")
    role = models.CharField(max_length=8, choices=[("first", "First"), ("second", "Second")])
    reader = models.CharField(max_length=60)
    reader_version = models.CharField(max_length=40)
    ok = models.BooleanField()
    error = models.TextField(blank=True)
    readings = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list)
    seconds = models.DecimalField(max_digits=8, decimal_places=3)
    at = models.DateTimeField()

    class Meta(Regulated.Meta):
        ordering = ["id"]


class Measurement(Regulated):
    """One reading: the text exactly as printed, its place in the file, the number it means.

    Texts are as long as the file has them: a shortened text would be no evidence.
    """

    record_type = "measurement"

    file = models.ForeignKey(InstrumentFile, on_delete=models.PROTECT, related_name="measurements")
    run = models.ForeignKey(ParseRun, on_delete=models.PROTECT, related_name="measurements")
    ordinal = models.PositiveIntegerField()
    locator = models.TextField()
    sample_text = models.TextField()
    quantity = models.TextField()
    value = models.TextField(blank=True)
    number = ExactDecimalField(null=True)
    qualifier = models.CharField(max_length=2, blank=True)
    unit = models.TextField(blank=True)
    measured_text = models.TextField(blank=True)
    measured_at = models.DateTimeField(null=True)
    device_serial = models.TextField(blank=True)
    group = models.TextField(blank=True)
    operator = models.TextField(blank=True)
    reading_status = models.CharField(max_length=14, default="ok")
    flags = models.JSONField(default=list)
    status = models.CharField(
        max_length=10,
        choices=MeasurementStatus,
        default=MeasurementStatus.PROPOSED,
        editable=False,
    )
    proposed_sample = models.ForeignKey(
        "qc.Sample", null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_test = models.CharField(max_length=120, blank=True)

    class Meta(Regulated.Meta):
        ordering = ["file_id", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="qc_measurement_ordinal"),
        ]

    @property
    def quantity_text(self) -> str:
        return self.quantity.replace("_", " ").capitalize()
