"""What a person types about a batch and its steps. Shapes only: rules are the services'."""

from decimal import Decimal

from django import forms

from batches.identity.models import IdentityChain
from batches.manufacture.rules.yields import measured_yield
from batches.manufacture.states import MEANINGS, Purpose
from batches.manufacture.values import NotAValue, read_number, read_value
from cdmo.accounts.models import User
from cdmo.portfolio.forms import Chosen, ScopedForm
from cdmo.portfolio.models import ProcessVersion, Product
from cdmo.portfolio.states import ProcessStatus
from cdmo.web.forms import Instant, VerbForm


class PlanForm(ScopedForm):
    product = Chosen(Product, empty_label="Choose one")
    purpose = forms.ChoiceField(choices=[("", "Choose one"), *Purpose.choices])
    process_version = Chosen(
        ProcessVersion,
        required=False,
        empty_label="The newest that may be used",
        help_text="Its site is where the batch is made.",
    )
    planned_start_at = Instant(
        required=False, label="Planned start", help_text="In UTC: the site is not chosen yet."
    )
    coi = Chosen(
        IdentityChain,
        required=False,
        label="Chain of identity",
        empty_label="None: not for one patient",
    )
    objective = forms.CharField(max_length=400, required=False)
    number = forms.CharField(
        max_length=60, required=False, help_text="Left empty, the next number is given."
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        versions = self.fields["process_version"]
        versions.queryset = versions.queryset.exclude(status=ProcessStatus.RETIRED)


class ChangeForm(VerbForm):
    objective = forms.CharField(max_length=400, required=False)
    planned_start_at = Instant(required=False, label="Planned start")
    coi = Chosen(IdentityChain, required=False, label="Chain of identity", empty_label="None")

    def __init__(self, *args, batch, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["coi"].scope(user, product_id=batch.product_id)
        if not batch.product.is_for_one_patient:
            del self.fields["coi"]
        if batch.issued_at is not None:
            for name in {"planned_start_at", "coi"} & set(self.fields):
                del self.fields[name]


class WitnessField(forms.ModelChoiceField):
    def label_from_instance(self, person):
        return person.full_name


class StartForm(VerbForm):
    verified_by = WitnessField(
        queryset=User.objects.none(),
        required=False,
        label="Second person present",
        empty_label="Nobody named",
    )
    witness_password = forms.CharField(
        label="Their password",
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=f"Whoever is named signs here themselves: “{MEANINGS['witness-start']}”",
    )

    witness_otp = forms.CharField(
        label="Their one-time code",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        help_text="Where they sign with one.",
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        colleagues = User.objects.filter(
            is_active=True,
            organisation_id=user.organisation_id,
            appointments__role__in=["operator", "supervisor"],
        )
        self.fields["verified_by"].queryset = colleagues.exclude(pk=user.pk).distinct()


class NumberText(forms.CharField):
    """A decimal typed as text and taken exactly."""

    def __init__(self, **options):
        options.setdefault("max_length", 40)
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value) -> Decimal | None:
        text = super().clean(value)
        if text in self.empty_values:
            return None
        try:
            return read_number(text)
        except NotAValue as refused:
            raise forms.ValidationError(str(refused)) from refused


class YieldForm(VerbForm):
    """The yield of a batch; its unit is asked for only where the master names none."""

    yield_value = NumberText(label="Yield")
    yield_unit = forms.CharField(
        max_length=20, required=False, label="Unit of the yield", help_text="A UCUM code, like mL."
    )

    def __init__(self, *args, batch, **kwargs):
        super().__init__(*args, **kwargs)
        master = batch.master
        if master is not None and master.yield_unit:
            del self.fields["yield_unit"]
            self.fields["yield_value"].widget.attrs["data-unit"] = master.yield_unit

    def clean_yield_value(self):
        value = self.cleaned_data["yield_value"]
        if value is not None and value < 0:
            raise forms.ValidationError("A yield is not below zero.")
        return value


class CompleteForm(YieldForm):
    """Asks for the yield, unless a step of the record has measured it."""

    yield_value = NumberText(required=False, label="Yield")

    def __init__(self, *args, batch, **kwargs):
        super().__init__(*args, batch=batch, **kwargs)
        field, master = self.fields["yield_value"], batch.master
        if master is None:
            return
        if measured_yield(batch.steps.all(), unit=master.yield_unit) is not None:
            for name in ("yield_value", "yield_unit"):
                self.fields.pop(name, None)
            return
        limits = [
            f"{word} {value:f}"
            for word, value in (("at least", master.yield_lower), ("at most", master.yield_upper))
            if value is not None
        ]
        if limits:
            field.required = batch.yield_value is None
            field.widget.attrs["data-limits"] = (
                f"Limits: {' and '.join(limits)} {master.yield_unit}"
            )


class ValueForm(VerbForm):
    """The value of one step, read as its kind asks."""

    value = forms.CharField(required=False, max_length=400)

    def __init__(self, *args, step, **kwargs):
        super().__init__(*args, **kwargs)
        self.step = step
        field = self.fields["value"]
        field.label = _LABELS[step.kind]
        if step.kind == "check":
            yes = step.expected or "done"
            field.widget = forms.RadioSelect(choices=[(yes, yes.capitalize()), ("no", "No")])
        elif step.kind == "number":
            field.widget.attrs.update(inputmode="decimal", autocomplete="off")
        else:
            field.widget.attrs["autocomplete"] = "off"
        field.widget.attrs["data-unit"] = step.unit
        field.widget.attrs["data-limits"] = limits_of(step)
        field.required = step.kind in {"number", "text", "scan", "check"}

    def clean_value(self):
        value = self.cleaned_data["value"]
        try:
            read_value(self.step, value)
        except NotAValue as refused:
            raise forms.ValidationError(str(refused)) from refused
        return value


_LABELS = {
    "check": "Done as the instruction says",
    "number": "Measured value",
    "text": "What was found",
    "scan": "Scan or type the code",
    "consumption": "Remark",
}


def limits_of(step) -> str:
    """Return the limits of a step in words, or nothing."""
    unit = f" {step.unit}" if step.unit else ""
    low, high = step.lower, step.upper
    if low is not None and high is not None:
        return f"Limits: {low:f} to {high:f}{unit}"
    if low is not None:
        return f"Limit: at least {low:f}{unit}"
    if high is not None:
        return f"Limit: at most {high:f}{unit}"
    return f"Expected: {step.expected}" if step.expected else ""


class PerformForm(ValueForm):
    comment = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    performed_at = Instant(
        required=False, label="Done at", help_text="Only when it was done earlier than now."
    )


class VerifyForm(VerbForm):
    comment = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
