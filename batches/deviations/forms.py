"""What a person types about a deviation."""

from django import forms

from batches.deviations.states import Classification
from cdmo.web.forms import Instant, VerbForm

_LONG = forms.Textarea(attrs={"rows": 4})


class StepField(forms.ModelChoiceField):
    def label_from_instance(self, step):
        return f"{step.code} · {step.title}"


class RaiseForm(VerbForm):
    title = forms.CharField(max_length=200, label="What happened, in one line")
    description = forms.CharField(max_length=20_000, required=False, widget=_LONG)
    step = StepField(queryset=None, required=False, empty_label="The batch as a whole")
    concerns_yield = forms.BooleanField(required=False, label="It is about the yield")
    occurred_at = Instant(required=False, label="Happened at")

    def __init__(self, *args, steps, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["step"].queryset = steps


class ChangeForm(VerbForm):
    title = forms.CharField(max_length=200)
    description = forms.CharField(max_length=20_000, required=False, widget=_LONG)


class ClassifyForm(VerbForm):
    classification = forms.ChoiceField(
        choices=[choice for choice in Classification.choices if choice[0]],
        widget=forms.RadioSelect,
        help_text="Critical: may harm a patient. Major: may touch the quality. Minor: neither.",
    )


class CloseForm(VerbForm):
    conclusion = forms.CharField(
        max_length=20_000,
        widget=_LONG,
        help_text="The cause, and what it means for the batch.",
    )
