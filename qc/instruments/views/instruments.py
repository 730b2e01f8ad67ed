"""Pages of instruments: list with the state of calibration, one instrument, its changes."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.states import move_blockers
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView
from qc.instruments import forms, rules, services
from qc.instruments.models import Calibration, Instrument
from qc.instruments.registry import VENDORS, vendor_named
from qc.instruments.states import PUT_IN_USE, TAKE_OUT_OF_USE, InstrumentStatus

LOOKS = {
    "valid": ("green", "circle-check"),
    "due_soon": ("amber", "calendar-due"),
    "overdue": ("red", "calendar-x"),
    "failed": ("red", "circle-x"),
    "none": ("amber", "help"),
}


@dataclass(frozen=True, slots=True)
class CalibrationMark:
    """The state of an instrument's calibration today: colour, icon and word."""

    state: str
    due_on: date | None

    colour = property(lambda self: LOOKS[self.state][0])
    icon = property(lambda self: LOOKS[self.state][1])

    def __str__(self):
        return rules.CALIBRATION_STATES[self.state]


def mark_of(instrument, calibrations, at) -> CalibrationMark:
    today = instrument.site.day(at)
    newest = rules.calibration_in_force(calibrations, today)
    state = rules.calibration_state(calibrations, today)
    return CalibrationMark(state, newest.due_on if newest else None)


def vendor_title(record) -> str:
    vendor = vendor_named(record.vendor)
    return vendor.title if vendor else record.vendor


class InstrumentList(RecordList):
    model = Instrument
    title = "Instruments"
    lead = "What measures here, and whether its calibration is in force."
    select = ("site",)
    tabs = (
        Tab("in_use", "In use", Q(status=InstrumentStatus.IN_USE)),
        Tab("out_of_use", "Out of use", Q(status=InstrumentStatus.OUT_OF_USE)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter(
            "vendor",
            "Kind",
            "vendor",
            kind="choice",
            choices=tuple((vendor.code, vendor.title) for vendor in VENDORS.values()),
        ),
        Filter("site", "Site", "site__code"),
    )
    search = ("code", "name", "serial", "model")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("name", "Name", order="name"),
        Column("vendor", "Kind", vendor_title),
        Column("serial", "Serial number"),
        Column("site", "Site", "site.code"),
        Column("calibration", "Calibration", kind="calibration"),
        Column("due_on", "Due", "calibration.due_on", kind="date"),
        Column("status", "Status", kind="status"),
        Column("model", "Model", hidden=True),
        Column("timezone", "Clock", hidden=True),
    )
    ordering = "code"
    empty_title = "No instruments here"
    empty_text = "Registered instruments stand here. A QC reviewer or quality assurance adds them."
    empty_icon = "device-desktop-analytics"
    new_label = "Register an instrument"

    @property
    def new_url(self):
        return reverse("qc:instrument_new")

    def may_make(self):
        return self.request.user.may(Right.MANAGE_INSTRUMENT)

    def rows(self, records):
        rows, at = list(records), timezone.now()
        by_instrument = {}
        for one in Calibration.objects.filter(instrument__in=rows):
            by_instrument.setdefault(one.instrument_id, []).append(one)
        for row in rows:
            row.calibration = mark_of(row, by_instrument.get(row.pk, []), at)
        return rows


class InstrumentPage(RecordPage):
    model = Instrument
    select = ("site",)
    template_name = "qc/instruments/instrument.html"

    def get_context_data(self, **kwargs):
        record = self.record
        calibrations = list(
            record.calibrations.select_related("recorded_by").order_by("-performed_on", "-id")
        )
        return super().get_context_data(
            vendor_title=vendor_title(record),
            extensions=getattr(vendor_named(record.vendor), "extensions", ()),
            calibrations=calibrations,
            calibration=mark_of(record, calibrations, timezone.now()),
            files=record.files.select_related("uploaded_by").order_by("-id")[:20],
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            )[:20],
            may_manage=self.request.user.may(Right.MANAGE_INSTRUMENT),
            may_upload=self.request.user.may(Right.UPLOAD_FILE),
            **kwargs,
        )


class InstrumentNew(NewRecord):
    title = "Register an instrument"
    button = "Register"
    verb = "register"
    form_class = forms.NewInstrumentForm
    right = Right.MANAGE_INSTRUMENT
    done = "The instrument is registered. Record its calibration next."

    def act(self, *, by, at, data, proof):
        return services.register_instrument(by=by, at=at, **data)


class InstrumentVerb(VerbView):
    model = Instrument
    select = ("site",)
    right = Right.MANAGE_INSTRUMENT


class InstrumentChange(InstrumentVerb):
    verb = "change"
    title = "Change the instrument's facts"
    button = "Save the change"
    form_class = forms.ChangeInstrumentForm
    reason = "required"
    done = "The change is saved."

    def get_initial(self):
        return {
            name: getattr(self.record, name) for name in ("name", "model", "serial", "timezone")
        }

    def act(self, *, by, at, data, proof):
        return services.change_instrument(instrument=self.record, by=by, at=at, **data)


class InstrumentOut(InstrumentVerb):
    verb = "take-out-of-use"
    title = "Take out of use"
    meaning = "Files of this instrument are still kept, and every reading of them needs a reason."
    reason = "required"
    danger = True
    done = "The instrument is out of use."

    def blockers(self):
        return move_blockers(self.record, (TAKE_OUT_OF_USE,))

    def act(self, *, by, at, data, proof):
        return services.take_out_of_use(instrument=self.record, by=by, at=at, **data)


class InstrumentIn(InstrumentVerb):
    verb = "put-in-use"
    title = "Put back into use"
    reason = "required"
    done = "The instrument is in use again."

    def blockers(self):
        return move_blockers(self.record, (PUT_IN_USE,))

    def act(self, *, by, at, data, proof):
        return services.put_in_use(instrument=self.record, by=by, at=at, **data)


class CalibrationNew(InstrumentVerb):
    verb = "calibrate"
    title = "Record a calibration"
    button = "Record"
    form_class = forms.CalibrationForm
    done = "The calibration is recorded."

    def act(self, *, by, at, data, proof):
        services.record_calibration(instrument=self.record, by=by, at=at, **data)
