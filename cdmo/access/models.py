"""What is known about a person's way in: password, links, policy, identity, attempts, sessions."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cdmo.accounts.models import Regulated
from cdmo.history import append_only


def person(related_name="+", **options):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name=related_name, **options
    )


class Credential(Regulated):
    """Facts about a person's password. The password itself is the account's.

    `chosen_sha256` is of the stored hash that the person set themselves: any password put there by
    somebody else opens nothing but the page to choose one's own, and signs nothing.
    `handed_over_*`: who last gave this person a way in (a link, a reset of the second factor).
    Secrets are left out of the history.
    """

    record_type = "credential"
    history_hidden = ("chosen_sha256", "past", "link_sha256")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="credential"
    )
    chosen_sha256 = models.CharField(max_length=64, blank=True)
    password_changed_at = models.DateTimeField(null=True)
    past = ArrayField(models.CharField(max_length=128), default=list)
    link_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    link_expires_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = person(null=True)


class PolicyAcknowledgement(models.Model):
    """A person has read a version of the signing policy and is bound by it (P-18)."""

    user = person("acknowledgements")
    version = models.CharField(max_length=20)
    text_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "version"], name="access_acknowledgement_once_a_version"
            )
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.user_id} version {self.version}"


class IdentityVerification(models.Model):
    """Somebody has looked who this person is, before the account may sign (P-24)."""

    class How(models.TextChoices):
        IN_PERSON = "in_person", "In person, against an identity document"
        VIDEO = "video", "By video call, against an identity document"
        EMPLOYER = "employer", "By the employer's records, known in person"

    user = person("identity_verifications")
    at = models.DateTimeField()
    by = person()
    how = models.CharField(max_length=20, choices=How)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="access_verification_user")]
        triggers = append_only()

    def __str__(self):
        return f"{self.user_id} {self.get_how_display()}"


class FailedEntry(models.Model):
    """A failed attempt to sign in (P-29): counted for the lockout, never deleted.

    Kept by address whether or not there is such an account, so that both answer alike.
    """

    at = models.DateTimeField()
    email = models.CharField(max_length=254)
    user = person(null=True)
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True)
    why = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["email", "-at"], name="access_failed_entry_email")]
        triggers = append_only()

    def __str__(self):
        return f"{self.email} {self.why}"


class SignIn(models.Model):
    """Where somebody is, or was, signed in with a browser. The events are in the audit trail."""

    user = person("sign_ins")
    session_key = models.CharField(max_length=40, db_index=True)
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True)
    began_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = person(null=True)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-last_seen_at"]
        indexes = [
            models.Index(
                fields=["user"], name="access_sign_in_open", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self):
        return f"{self.user_id} since {self.began_at:%Y-%m-%d %H:%M}"
