"""What people type about instruments and choose when they upload."""

from django import forms

from cdmo.accounts.models import Site, known_timezone
from cdmo.web.forms import Day, VerbForm
from qc.instruments.models import Instrument
from qc.instruments.registry import VENDORS


class InstrumentFacts(VerbForm):
    name = forms.CharField(max_length=200)
    model = forms.CharField(label="Model", max_length=120, required=False)
    serial = forms.CharField(
        label="Serial number",
        max_length=80,
        required=False,
        help_text="As the instrument writes it into its files: they are compared.",
    )
    timezone = forms.CharField(
        label="Time zone of its clock",
        max_length=60,
        required=False,
        validators=[known_timezone],
        help_text="Like Asia/Jerusalem. Empty: the site's.",
    )


class NewInstrumentForm(InstrumentFacts):
    field_order = ("code", "name", "vendor", "site")
    code = forms.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
        max_length=40,
        help_text="Letters, digits, points and dashes, like VICELL-01.",
    )
    vendor = forms.ChoiceField(
        label="Kind of files it writes",
        choices=[(vendor.code, vendor.title) for vendor in VENDORS.values()],
        help_text="Decides which reader its files meet. It cannot be changed later.",
    )
    site = forms.ModelChoiceField(Site.objects.none(), to_field_name="code")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.order_by("code")


class ChangeInstrumentForm(InstrumentFacts):
    def clean_timezone(self):
        return self.cleaned_data["timezone"] or self.initial["timezone"]


class CalibrationForm(VerbForm):
    performed_on = Day(label="Performed on")
    due_on = Day(label="Due again on")
    passed = forms.TypedChoiceField(
        label="Outcome",
        choices=[("yes", "Passed"), ("no", "Failed")],
        coerce=lambda text: text == "yes",
        widget=forms.RadioSelect,
        initial="yes",
    )
    certificate = forms.CharField(label="Certificate number", max_length=120, required=False)


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files, empty ones too: they are kept, and reading them says what is wrong."""

    def __init__(self, **kwargs):
        super().__init__(widget=ManyFiles(), allow_empty_file=True, **kwargs)

    def clean(self, data, initial=None):
        chosen = data if isinstance(data, (list, tuple)) else [data]
        return [super(FilesField, self).clean(one, initial) for one in chosen or [None]]


class InstrumentChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        vendor = VENDORS[obj.vendor].title if obj.vendor in VENDORS else obj.vendor
        return f"{obj.code} · {obj.name} ({vendor})"


class UploadForm(forms.Form):
    instrument = InstrumentChoice(
        Instrument.objects.none(),
        to_field_name="code",
        empty_label="Choose the instrument",
        help_text="Where the files come from. It decides how they are read.",
    )
    files = FilesField(label="Files")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["instrument"].queryset = Instrument.objects.order_by("code")
