"""What is typed about an incident."""

from django import forms

from cdmo.incidents.states import Severity
from cdmo.web.forms import Instant, VerbForm


def _text(**options):
    return forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}), **options
    )


class ExplainForm(VerbForm):
    title = forms.CharField(max_length=200)
    classification = forms.ChoiceField(choices=Severity.choices)
    description = _text()
    root_cause = _text(help_text="Needed before a critical incident is closed.")
    action = _text(label="What was done about it")


class ReportForm(ExplainForm):
    occurred_at = Instant(
        label="When it happened", required=False, help_text="In UTC. Left empty: just now."
    )
