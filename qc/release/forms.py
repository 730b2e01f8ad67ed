"""What is typed in the release room's dialogs."""

from django import forms

from cdmo.web.forms import VerbForm


class JustifyForm(VerbForm):
    """Why a Qualified Person accepts a failed finding."""

    rationale = forms.CharField(
        label="Rationale",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Why the batch may be released although this has failed. It stays displayed.",
    )
