"""Forms of changes: what a person types before a verb, and the reason and password below it."""

from django import forms

PROOFS = frozenset({"password", "otp"})


def code_field(label="Your one-time code", required=True) -> forms.CharField:
    """Return a field for a one-time code of an authenticator app."""
    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})
    return forms.CharField(
        label=label,
        required=required,
        max_length=20,
        widget=widget,
        help_text="From your authenticator app. Each code is taken once.",
        error_messages={"required": "This is needed."},
    )


class VerbForm(forms.Form):
    """Fields of one verb. Subclass it to ask for more; `reason` and `password` come by themselves.

    `signed` asks for the password; `reason` is "required", "optional" or "" (not asked).
    `data_for_service()` is what was typed, less the password.
    """

    def __init__(self, *args, signed=False, reason="", **kwargs):
        super().__init__(*args, **kwargs)
        if reason:
            self.fields["reason"] = forms.CharField(
                label="Reason",
                required=reason == "required",
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        if signed:
            self.fields["password"] = forms.CharField(
                label="Your password",
                strip=False,
                max_length=200,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
                help_text="Asked at every signature.",
            )
        for one in self.fields.values():
            if one.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                one.error_messages["required"] = "This is needed."

    def ask_code(self) -> None:
        """Ask for a one-time code beside the password."""
        self.fields["otp"] = code_field()

    def data_for_service(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name not in PROOFS}


class Instant(forms.DateTimeField):
    """An instant typed on the site's clock. Give `site` (or a zone) in the form's __init__."""

    def __init__(self, **kwargs):
        kwargs.setdefault(
            "widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        )
        super().__init__(**kwargs)


class Day(forms.DateField):
    """A calendar day."""

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)
