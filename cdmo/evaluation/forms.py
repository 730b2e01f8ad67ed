"""What is typed about a periodic evaluation."""

from django import forms

from cdmo.web.forms import Instant, VerbForm


class PeriodForm(VerbForm):
    since = Instant(label="From", help_text="In UTC.")
    until = Instant(label="To", help_text="In UTC; not later than now.")


class ConclusionForm(VerbForm):
    conclusion = forms.CharField(
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Whether the system is still in the state that was validated, and what is to "
        "be done.",
    )
