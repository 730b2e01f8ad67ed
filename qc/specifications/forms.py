"""What a person types into a specification. Shapes only: rules are the services'."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from cdmo.portfolio.forms import CodeField
from cdmo.portfolio.models import Product
from cdmo.web.forms import Day, VerbForm
from qc.calculations.criteria import GRAMMAR, NotACriterion, parse_criterion
from qc.specifications.states import Stage

MOST_LINES = 60
SENSIBLE = [MinValueValidator(date(1990, 1, 1)), MaxValueValidator(date(2200, 1, 1))]


def a_criterion(text: str) -> None:
    try:
        parse_criterion(text)
    except NotACriterion as error:
        raise ValidationError(str(error)) from None


class LineForm(forms.Form):
    """One line; an empty one is left out."""

    test = forms.CharField(max_length=120, required=False)
    criterion = forms.CharField(max_length=120, required=False, validators=[a_criterion])
    unit = forms.CharField(max_length=30, required=False)
    method = forms.CharField(max_length=60, required=False)
    required = forms.BooleanField(required=False, initial=True)
    may_follow_release = forms.BooleanField(required=False)
    surrogate = forms.CharField(max_length=120, required=False)
    turnaround_hours = forms.IntegerField(required=False, min_value=0, max_value=100_000)
    citation = forms.CharField(max_length=200, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A line is a row of a table: its labels stand in the head, and for screen readers here.
        for name, field in self.fields.items():
            is_box = isinstance(field, forms.BooleanField)
            field.widget.attrs["class"] = "form-check-input" if is_box else "form-control"
            field.widget.attrs["aria-label"] = name.replace("_", " ").capitalize()

    @property
    def is_blank(self) -> bool:
        given = getattr(self, "cleaned_data", {})
        texts = ("test", "criterion", "unit", "method", "surrogate", "citation")
        return not any(given.get(name) for name in texts)

    def clean(self):
        data = super().clean()
        if not self.is_blank:
            for name in ("test", "criterion"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, "This is needed.")
        return data


class LinesForm(VerbForm):
    """A form with a table of lines below its fields."""

    Lines = forms.formset_factory(LineForm, extra=0, max_num=MOST_LINES, absolute_max=MOST_LINES)

    def __init__(self, *args, initial_lines=(), spare=3, **kwargs):
        super().__init__(*args, **kwargs)
        data = self.data if self.is_bound else None
        blank = [{"required": True}] * spare
        self.lines = self.Lines(data, prefix="lines", initial=[*initial_lines, *blank])

    def is_valid(self):
        fields_are = super().is_valid()
        lines_are = self.lines.is_valid()
        if fields_are and not lines_are:
            self.add_error(None, "Some lines need another look.")
            for error in self.lines.non_form_errors():
                self.add_error(None, error)
        return fields_are and lines_are

    def data_for_service(self) -> dict:
        lines = [line.cleaned_data for line in self.lines if not line.is_blank]
        return {**super().data_for_service(), "lines": lines}


class NewSpecificationForm(LinesForm):
    product = forms.ModelChoiceField(queryset=Product.objects.none())
    stage = forms.ChoiceField(choices=Stage.choices, initial=Stage.DRUG_PRODUCT)
    code = CodeField(
        max_length=60, required=False, help_text="Left empty, it is made of product and version."
    )
    title = forms.CharField(max_length=200, required=False)
    effective_from = Day(
        validators=SENSIBLE, help_text="The first day of manufacture that it judges."
    )
    source = forms.CharField(max_length=400, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = Product.objects.visible_to(user).order_by("code")


class ChangeSpecificationForm(LinesForm):
    title = forms.CharField(max_length=200, required=False)
    effective_from = Day(validators=SENSIBLE)
    source = forms.CharField(max_length=400, required=False)


CRITERION_HINT = f"Criteria: {GRAMMAR}"
