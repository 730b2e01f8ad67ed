"""Forms of signing in, with every guess counted in the database."""

from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.db import transaction
from django.utils import timezone

from cdmo.access import lockout, services
from cdmo.access.adapters import Doorkeeper
from cdmo.access.factors import take_code
from cdmo.access.wherefrom import where


class TakeCode:
    """A one-time code, taken once, or a recovery code; a wrong one counts for the lockout."""

    def clean_code(self):
        code, at, found = self.cleaned_data["code"], timezone.now(), None
        email = self.user.email.lower()
        with transaction.atomic():
            lockout.one_at_a_time("sign-in", email)
            locked = lockout.failed_entries(email, at=at) >= lockout.limit()
            if not locked:
                found = self.factor_of(code, at)
                if found is None:
                    services.note_failed_code(by=self.user, at=at, **where(context.request))
        if locked:
            raise Doorkeeper().validation_error("too_many_login_attempts")
        if found is None:
            raise forms.ValidationError("This code is not right, or was used already.")
        found.user = self.user
        self.authenticator = found
        return code

    def factor_of(self, code, at):
        for row in Authenticator.objects.filter(user=self.user):
            if row.type == Authenticator.Type.TOTP and take_code(user=self.user, code=code, at=at):
                return Authenticator.objects.get(pk=row.pk)
            if row.type == Authenticator.Type.RECOVERY_CODES and row.wrap().validate_code(code):
                return Authenticator.objects.get(pk=row.pk)
        return None


class SignInCode(TakeCode, AuthenticateForm):
    pass


class AgainCode(TakeCode, ReauthenticateForm):
    pass


class ChangePassword(ChangePasswordForm):
    """One's own password; the one of today is asked as at the door, with the same lock."""

    def clean_oldpassword(self):
        given = self.cleaned_data.get("oldpassword", "")
        if not Doorkeeper().reauthenticate(self.user, given):
            raise forms.ValidationError("This is not your password of today.")
        self.user.refresh_from_db(fields=["password"])
        return given


class SetUpForm(forms.Form):
    """A first password, by a link."""

    password1 = forms.CharField(
        label="Your new password",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="The same again",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, person, **kwargs):
        self.person = person
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())

    def clean_password1(self):
        validate_password(self.cleaned_data["password1"], self.person)
        return self.cleaned_data["password1"]

    def clean(self):
        data = super().clean()
        if data.get("password1") and data["password1"] != data.get("password2"):
            self.add_error("password2", "The two are not the same.")
        return data
