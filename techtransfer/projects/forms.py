"""What a person types about a transfer. Shapes only: rules are the services'."""

from django import forms

from cdmo.accounts.models import Organisation, Site
from cdmo.portfolio.forms import Chosen, CodeField, ScopedForm
from cdmo.portfolio.models import Product
from cdmo.web.forms import Day, VerbForm
from techtransfer.projects.states import Decision

CONDITIONS = 3


class TransferForm(ScopedForm):
    code = CodeField()
    title = forms.CharField(max_length=200, required=False)
    product = Chosen(Product)
    sending_unit = Chosen(Organisation)
    receiving_unit = Chosen(Organisation)
    site = Chosen(Site, required=False, label="Receiving site")
    planned_batches = forms.IntegerField(
        min_value=0, max_value=1000, initial=3, label="Qualification batches"
    )
    started_on = Day(required=False)
    target_on = Day(required=False, label="Target date")


class ChangeTransferForm(ScopedForm):
    title = forms.CharField(max_length=200, required=False)
    site = Chosen(Site, required=False, label="Receiving site")
    planned_batches = forms.IntegerField(min_value=0, max_value=1000, label="Qualification batches")
    started_on = Day(required=False)
    target_on = Day(required=False, label="Target date")


class DecideForm(VerbForm):
    """One unit's word, with up to three dated conditions."""

    decision = forms.ChoiceField(
        choices=Decision.choices,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for number in range(1, CONDITIONS + 1):
            self.fields[f"condition_{number}"] = forms.CharField(
                max_length=400, required=False, label=f"Condition {number}"
            )
            self.fields[f"due_{number}"] = Day(required=False, label="Due on")

    @property
    def condition_rows(self):
        """Pairs of fields: what is to be done, and by when."""
        return [
            (self[f"condition_{number}"], self[f"due_{number}"])
            for number in range(1, CONDITIONS + 1)
        ]

    @property
    def has_conditions(self) -> bool:
        return any(text.value() or due.value() for text, due in self.condition_rows)

    def clean(self):
        data = super().clean()
        for number in range(1, CONDITIONS + 1):
            text, due = data.get(f"condition_{number}"), data.get(f"due_{number}")
            if text and not due and f"due_{number}" not in self.errors:
                self.add_error(f"due_{number}", "A condition needs its date.")
            if due and not text:
                self.add_error(f"condition_{number}", "What is due on this date?")
        return data

    def data_for_service(self) -> dict:
        data = self.cleaned_data
        return {
            "decision": data["decision"],
            "reason": data.get("reason", ""),
            "conditions": [
                {"text": data[f"condition_{n}"], "due_on": data[f"due_{n}"]}
                for n in range(1, CONDITIONS + 1)
                if data.get(f"condition_{n}")
            ],
        }


class PlanGateForm(VerbForm):
    target_on = Day(required=False, label="Planned")
    forecast_on = Day(required=False, label="Forecast")
