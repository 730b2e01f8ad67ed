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


class TrailReviewForm(VerbForm):
    """The conclusion on a batch's audit trail, with words for each line that has none."""

    accepted = forms.TypedChoiceField(
        label="Conclusion",
        choices=(("yes", "Accepted: every exception is explained"), ("no", "Not accepted")),
        coerce=lambda text: text == "yes",
        widget=forms.RadioSelect,
    )
    remarks = forms.CharField(
        label="Remarks",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, entries=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = {}
        for entry in entries:
            if not entry.needs_words:
                continue
            name = f"line_{entry.line}"
            self.lines[name] = entry.line
            self.fields[name] = forms.CharField(
                label=f"Explanation of line {entry.line}",
                help_text=entry.text,
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        self.order_fields(["accepted", *self.lines, "remarks", "password", "otp"])

    def data_for_service(self) -> dict:
        data = super().data_for_service()
        words = {line: data.pop(name) for name, line in self.lines.items()}
        return {**data, "explanations": {line: text for line, text in words.items() if text}}
