"""What a person types about materials, lots and their use. Shapes only: rules are the services'."""

from django import forms
from rest_framework.exceptions import ValidationError as NotANumber

from batches.materials.models import Consumption, Lot, Material
from batches.materials.states import Origin
from cdmo.accounts.models import Organisation
from cdmo.api.serializers import DecimalText
from cdmo.portfolio.forms import Chosen, CodeField, ScopedForm
from cdmo.web.forms import Instant, VerbForm

Batch = Consumption._meta.get_field("batch").related_model
UNIT_RULE = "A unit is a UCUM code without spaces, like mL, mg or 10*6."


class QuantityField(forms.CharField):
    """A quantity above zero, read as the REST door reads it: one grammar for both."""

    def __init__(self, **options):
        options.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        super().__init__(max_length=40, **options)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return DecimalText(positive=True).run_validation(text)
        except NotANumber as refused:
            raise forms.ValidationError([str(error) for error in refused.detail]) from None


class UnitField(forms.RegexField):
    def __init__(self, **options):
        super().__init__(
            r"\A[!-~]{1,20}\Z", error_messages={"invalid": UNIT_RULE}, max_length=20, **options
        )


class NewMaterialForm(VerbForm):
    code = CodeField()
    name = forms.CharField(max_length=200)
    unit = UnitField(help_text="UCUM: mL, mg, 10*6, {vial}.")
    kind = forms.ChoiceField(
        choices=[
            ("raw_material", "Raw material"),
            ("cell_bank", "Cell bank"),
            ("donation", "Donation"),
            ("component", "Component"),
            ("consumable", "Single-use or consumable"),
        ]
    )
    critical = forms.BooleanField(required=False, label="Critical for the quality of the product")


class ReceiveLotForm(ScopedForm):
    material = Chosen(Material)
    number = CodeField(
        max_length=60, required=False, help_text="Left empty, the next number is given."
    )
    quantity = QuantityField()
    unit = UnitField(required=False, help_text="Left empty: the material's own unit.")
    expires_at = Instant(label="Expires", required=False)
    origin = forms.ChoiceField(choices=Origin.choices)
    supplier = Chosen(Organisation, required=False)
    supplier_lot = forms.CharField(max_length=80, required=False, label="Supplier's lot")
    donation_number = forms.CharField(
        max_length=40,
        required=False,
        help_text="ISBT 128, typed or scanned. Needed for a donation.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    produced_by = forms.CharField(
        max_length=60, required=False, label="Produced by batch", help_text="The batch's number."
    )
    sponsor = Chosen(
        Organisation, required=False, label="Owner", help_text="Left empty: the CDMO's own stock."
    )
    storage = forms.CharField(max_length=120, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        self.user = user
        self.fields["supplier"].scope(user, roles__contains=[Organisation.Kind.SUPPLIER])

    def clean_produced_by(self):
        number = self.cleaned_data["produced_by"]
        if not number:
            return None
        batch = Batch.objects.visible_to(self.user).filter(number=number).first()
        if batch is None:
            raise forms.ValidationError(f"There is no batch “{number}”.")
        return batch


class UseForm(VerbForm):
    """A use, with a scanner in hand: the source first, its unit by itself, now as the time."""

    source = forms.CharField(
        max_length=60,
        label="Lot or batch",
        help_text="Scan its label or type its number.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    quantity = QuantityField()
    unit = UnitField()
    used_at = Instant(label="Used at")
    step = forms.ChoiceField(required=False)

    def __init__(self, *args, batch, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.batch, self.user = batch, user
        self.steps = {step.code: step for step in batch.steps.order_by("position")}
        choices = [(code, f"{code} · {step.title}") for code, step in self.steps.items()]
        self.fields["step"].choices = [("", "—"), *choices]

    def clean_source(self):
        source = find_source(self.cleaned_data["source"], user=self.user)
        if source is None:
            raise forms.ValidationError(
                f"There is no lot or batch “{self.cleaned_data['source']}”."
            )
        return source

    def data_for_service(self):
        data = super().data_for_service()
        source = data.pop("source")
        key = "lot" if isinstance(source, Lot) else "source_batch"
        return {**data, key: source, "step": self.steps.get(data["step"])}


def find_source(number: str, *, user):
    """Return the lot or batch with this number that the person may see; lots and batches share
    one space of numbers.
    """
    number = number.strip()
    lots = Lot.objects.visible_to(user).with_available().select_related("material")
    return (
        lots.filter(number=number).first()
        or Batch.objects.visible_to(user).filter(number=number).first()
    )
