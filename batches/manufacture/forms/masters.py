"""What a person types into a master batch record. Shapes only: rules are the services'."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.formsets import DELETION_FIELD_NAME, ORDERING_FIELD_NAME

from batches.manufacture.forms.batches import NumberText
from batches.manufacture.states import StepKind
from cdmo.portfolio.forms import Chosen, CodeField, ScopedForm
from cdmo.portfolio.models import ProcessVersion
from cdmo.portfolio.states import ProcessStatus
from cdmo.web.forms import Day, VerbForm

MOST_STEPS = 300
SENSIBLE = [MinValueValidator(date(1990, 1, 1)), MaxValueValidator(date(2200, 1, 1))]
_TEXTS = ("code", "title", "instruction", "unit", "lower", "upper", "expected")


class MasterStepForm(forms.Form):
    """One step of the instructions; one in which nothing was written is left out."""

    code = CodeField(required=False, help_text="")
    title = forms.CharField(max_length=200, required=False)
    kind = forms.ChoiceField(choices=StepKind.choices, initial=StepKind.CHECK)
    instruction = forms.CharField(
        max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    unit = forms.CharField(max_length=20, required=False)
    lower = NumberText(required=False, label="Lower limit")
    upper = NumberText(required=False, label="Upper limit")
    expected = forms.CharField(max_length=120, required=False)
    critical = forms.BooleanField(required=False, label="Critical: a second person verifies it")
    mandatory = forms.BooleanField(required=False, initial=True, label="Must be done")

    @property
    def is_blank(self) -> bool:
        given = getattr(self, "cleaned_data", {})
        return not self.errors and all(given.get(name) in (None, "") for name in _TEXTS)

    @property
    def is_removed(self) -> bool:
        return bool(self[DELETION_FIELD_NAME].value())

    @property
    def place(self) -> int | None:
        """Where the step is to stand, as it was typed; None where no number was."""
        text = str(self[ORDERING_FIELD_NAME].value() or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None

    def clean(self):
        data = super().clean()
        if any(data.get(name) not in (None, "") for name in _TEXTS):
            for name in ("code", "title"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, "This is needed.")
        lower, upper = data.get("lower"), data.get("upper")
        if lower is not None and upper is not None and lower > upper:
            self.add_error("upper", "It is below the lower limit.")
        for name in ("lower", "upper"):
            if data.get(name) is not None and data.get("kind") != StepKind.NUMBER:
                self.add_error(name, "Only a measured value has limits.")
        return data


class StepsForm(VerbForm):
    """A form with the steps of the instructions below its fields, in the order that was chosen."""

    Steps = forms.formset_factory(
        MasterStepForm,
        extra=0,
        max_num=MOST_STEPS,
        absolute_max=MOST_STEPS,
        can_order=True,
        can_delete=True,
    )
    title = forms.CharField(max_length=200, required=False)
    effective_from = Day(
        required=False,
        validators=SENSIBLE,
        label="Not effective before",
        help_text="Left empty, it becomes effective on the day of its approval.",
    )
    yield_unit = forms.CharField(max_length=20, required=False, help_text="UCUM code, as 10*6.")
    yield_lower = NumberText(required=False, label="Yield at least")
    yield_upper = NumberText(required=False, label="Yield at most")

    def __init__(self, *args, initial_steps=(), spare=1, **kwargs):
        super().__init__(*args, **kwargs)
        data = self.data if self.is_bound else None
        blank = [{"kind": StepKind.CHECK, "mandatory": True}] * spare
        self.steps = self.Steps(data, prefix="steps", initial=[*initial_steps, *blank])

    @property
    def in_order(self) -> list[MasterStepForm]:
        """The steps as the person sees them: in the order typed, those without a number last."""
        last = MOST_STEPS + 1
        return sorted(self.steps.forms, key=lambda step: step.place or last)

    def is_valid(self):
        fields_are = super().is_valid()
        steps_are = self.steps.is_valid()
        if not steps_are:
            for error in [*self.steps.non_form_errors(), *self._in_steps()]:
                self.add_error(None, error)
        return fields_are and steps_are

    def _in_steps(self):
        """Yield what is wrong in the steps, each named as the person knows it."""
        standing = [step for step in self.in_order if not step.is_removed]
        for place, step in enumerate(standing, start=1):
            for name, errors in step.errors.items():
                label = step[name].label if name in step.fields else ""
                code = step["code"].value()
                which = f"Step {place}, {code}" if code else f"Step {place}"
                yield ": ".join(filter(None, [which, label, " ".join(errors)]))

    def clean(self):
        data = super().clean()
        lower, upper = data.get("yield_lower"), data.get("yield_upper")
        if lower is not None and upper is not None and lower > upper:
            self.add_error("yield_upper", "It is below the least yield.")
        return data

    def data_for_service(self) -> dict:
        names = list(MasterStepForm.base_fields)
        steps = [
            {name: step.cleaned_data[name] for name in names}
            for step in self.in_order
            if not step.is_blank and not step.is_removed
        ]
        return {**super().data_for_service(), "steps": steps}


class NewMasterForm(StepsForm, ScopedForm):
    process_version = Chosen(ProcessVersion, empty_label="Choose one")
    code = CodeField(
        max_length=60, required=False, help_text="Left empty, it is made of process and version."
    )
    field_order = ["process_version", "code"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        versions = self.fields["process_version"]
        versions.queryset = versions.queryset.exclude(status=ProcessStatus.RETIRED)


class ChangeMasterForm(StepsForm):
    # What the draft was when the form was opened: what a colleague saved since is not overwritten.
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class CopyMasterForm(ScopedForm):
    process_version = Chosen(
        ProcessVersion, help_text="Another one of the same product may be chosen."
    )
    code = CodeField(
        max_length=60, required=False, help_text="Left empty, it is made of process and version."
    )

    def __init__(self, *args, master, **kwargs):
        super().__init__(*args, **kwargs)
        versions = self.fields["process_version"]
        versions.queryset = versions.queryset.filter(product_id=master.product_id).exclude(
            status=ProcessStatus.RETIRED
        )
