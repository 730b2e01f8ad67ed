"""What a person types in the laboratory. Shapes only: rules are the services'."""

from django import forms
from django.core.exceptions import ValidationError

from batches.manufacture.models import Batch
from cdmo.portfolio.forms import CodeField
from cdmo.web.forms import Instant, VerbForm
from qc.calculations.criteria import Criterion
from qc.calculations.values import MAX_LENGTH, NotAValue, parse_value
from qc.laboratory.states import OosConclusion, Validation


class ValueField(forms.CharField):
    """A value as text: 95.0, <1.0, >2e6, no growth."""

    def __init__(self, **options):
        options.setdefault("max_length", MAX_LENGTH)
        super().__init__(**options)

    def clean(self, value):
        value = super().clean(value)
        if value:
            try:
                parse_value(value)
            except NotAValue as error:
                raise ValidationError(str(error)) from None
        return value


class TakeSampleForm(VerbForm):
    batch = forms.ModelChoiceField(queryset=Batch.objects.none(), to_field_name="number")
    number = forms.CharField(
        max_length=80,
        required=False,
        help_text="As it will stand in the instruments' files. Left empty, the next one is given.",
    )
    kind = forms.CharField(max_length=60, initial="release")
    taken_at = Instant(label="Taken at", required=False, help_text="Left empty: now.")
    storage = forms.CharField(max_length=120, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        # Whoever opens the form from a batch's page chooses nothing; a list of all is never sent.
        batches = Batch.objects.visible_to(user).order_by("-id")
        self.fields["batch"].queryset = batches
        self.fields["batch"].widget = forms.TextInput()


class MethodForm(VerbForm):
    code = CodeField(max_length=60)
    name = forms.CharField(max_length=200)
    version = forms.IntegerField(min_value=1, max_value=1_000_000, initial=1)
    technique = forms.CharField(max_length=80, required=False)
    validation = forms.ChoiceField(choices=Validation.choices)
    needs_instrument = forms.BooleanField(required=False)
    citation = forms.CharField(max_length=200, required=False)


class ChangeResultForm(VerbForm):
    value = ValueField()


class RetestForm(VerbForm):
    value = ValueField(label="New value")


class ConcludeForm(VerbForm):
    conclusion = forms.ChoiceField(
        choices=[("", "Choose…"), *((c.value, c.label) for c in OosConclusion if c.value)],
        help_text="A laboratory error invalidates the result; confirmed, it stands and the batch "
        "fails the test; not confirmed, a retest may supersede it.",
    )
    rationale = forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))


def limits_of(criterion: Criterion, unit: str) -> str:
    """Return what stands under the field of a value: the criterion, in words where it helps."""
    if criterion.is_report:
        return "Reported only, no limit"
    if not criterion.is_numeric:
        return f"Passes: {criterion.expected}"
    return f"{criterion.text} {unit}".strip()


class EntryForm(VerbForm):
    """One field for every line of the specification that has no value on this sample yet."""

    submit_now = forms.BooleanField(required=False, initial=True, label="Submit for review at once")

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = list(lines)
        for line, criterion in self.lines:
            attrs = {
                "class": "form-control",
                "aria-label": line.test,
                "aria-describedby": f"limits-{line.pk}",
                "autocomplete": "off",
                "data-grid": "",
                **({"inputmode": "decimal"} if criterion.is_numeric else {}),
            }
            self.fields[f"line-{line.pk}"] = ValueField(
                label=line.test, required=False, widget=forms.TextInput(attrs=attrs)
            )

    def rows(self):
        """Yield each line with its field and what stands under it."""
        for line, criterion in self.lines:
            yield line, self[f"line-{line.pk}"], limits_of(criterion, line.unit)

    def clean(self):
        data = super().clean()
        if not self.errors and not self.values(data):
            raise ValidationError("Type at least one value.")
        return data

    def values(self, data) -> dict:
        return {
            line.test: data[f"line-{line.pk}"]
            for line, _ in self.lines
            if data.get(f"line-{line.pk}")
        }

    def data_for_service(self) -> dict:
        data = self.cleaned_data
        return {"values": self.values(data), "submit_now": data["submit_now"]}


class PickResultsForm(VerbForm):
    """The results that a reviewer has ticked."""

    results = forms.ModelMultipleChoiceField(
        queryset=None, widget=forms.CheckboxSelectMultiple, error_messages={"required": "Tick one."}
    )

    def __init__(self, *args, results, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["results"].queryset = results


class ConfirmForm(VerbForm):
    """For each reading of a file: whether it becomes a result, of which sample and test."""

    def __init__(self, *args, proposals, **kwargs):
        super().__init__(*args, **kwargs)
        self.proposals = list(proposals)
        for proposal in self.proposals:
            self._add(proposal)

    def _add(self, proposal):
        pk = proposal.measurement.pk
        fits = bool(proposal.sample and proposal.test and proposal.measurement.value)
        what = f"{proposal.measurement.sample_text} {proposal.measurement.quantity}"
        self.fields[f"pick-{pk}"] = forms.BooleanField(
            required=False,
            initial=fits,
            widget=forms.CheckboxInput(
                attrs={"class": "form-check-input", "aria-label": f"Confirm {what}"}
            ),
        )
        self.fields[f"sample-{pk}"] = forms.CharField(
            max_length=80,
            required=False,
            initial=proposal.sample.number if proposal.sample else "",
            widget=forms.TextInput(
                attrs={"class": "form-control", "aria-label": f"Sample of {what}"}
            ),
        )
        self.fields[f"test-{pk}"] = forms.CharField(
            max_length=120,
            required=False,
            initial=proposal.test,
            widget=forms.TextInput(
                attrs={
                    "class": "form-control",
                    "aria-label": f"Test of {what}",
                    "list": f"tests-{proposal.sample.batch_id}" if proposal.sample else "",
                }
            ),
        )

    def rows(self):
        """Yield each proposal with its bound fields."""
        for proposal in self.proposals:
            pk = proposal.measurement.pk
            yield proposal, self[f"pick-{pk}"], self[f"sample-{pk}"], self[f"test-{pk}"]

    def clean(self):
        data = super().clean()
        for proposal in self.proposals:
            pk = proposal.measurement.pk
            if data.get(f"pick-{pk}"):
                for part in ("sample", "test"):
                    if not data.get(f"{part}-{pk}"):
                        self.add_error(f"{part}-{pk}", f"Say which {part}.")
        return data

    def data_for_service(self) -> dict:
        data = self.cleaned_data
        picked = [p.measurement.pk for p in self.proposals if data.get(f"pick-{p.measurement.pk}")]
        return {
            "mapping": {pk: (data[f"sample-{pk}"], data[f"test-{pk}"]) for pk in picked},
            "reason": data.get("reason", ""),
        }
