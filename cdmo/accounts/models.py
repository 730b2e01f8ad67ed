"""Organisations, sites, people, their appointments and API tokens."""

import hashlib
import secrets
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from cdmo.accounts.roles import RIGHTS, SPONSOR_ROLES, Right, Role
from cdmo.history import kept, sponsor_guards


def known_timezone(value: str) -> None:
    """Refuse a time zone that the IANA database does not know."""
    if value not in available_timezones():
        raise ValidationError(f"{value} is not a known time zone.")


class Regulated(models.Model):
    """A table whose changes PostgreSQL logs field by field and whose rows are never deleted."""

    record_type = "record"
    key_field = "id"
    history_hidden: tuple[str, ...] = ()

    class Meta:
        abstract = True
        triggers = kept()

    def __str__(self):
        return self.key

    @property
    def key(self) -> str:
        """The public, human name of this record: unique for ever, never reused."""
        return str(getattr(self, self.key_field))


class Organisation(Regulated):
    """A sponsor, the CDMO itself, a supplier, a laboratory: one party may be several of these."""

    class Kind(models.TextChoices):
        SPONSOR = "sponsor", "Sponsor"
        CDMO = "cdmo", "CDMO"
        SUPPLIER = "supplier", "Supplier"
        LABORATORY = "laboratory", "Laboratory"
        SENDING_UNIT = "sending_unit", "Sending unit"
        RECEIVING_UNIT = "receiving_unit", "Receiving unit"
        RESEARCH = "research", "Research partner"
        CLINICAL_SITE = "clinical_site", "Clinical site"

    record_type = "organisation"
    key_field = "code"
    # Beside itself and the CDMO, a sponsor knows the units of its own transfers by name.
    sponsor_also_sees = (
        "EXISTS (SELECT 1 FROM techtransfer_transferproject t WHERE t.sponsor_id = {mine}"
        " AND accounts_organisation.id IN (t.sending_unit_id, t.receiving_unit_id))"
    )

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    roles = ArrayField(models.CharField(max_length=20, choices=Kind), default=list)
    country = models.CharField(max_length=2, blank=True)
    note = models.TextField(blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["code"]

    @property
    def is_sponsor(self) -> bool:
        return self.Kind.SPONSOR in self.roles

    @property
    def is_cdmo(self) -> bool:
        return self.Kind.CDMO in self.roles


class Site(Regulated):
    """A manufacturing or testing site of an organisation, with the zone its clocks show."""

    record_type = "site"
    key_field = "code"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    timezone = models.CharField(max_length=60, default="UTC", validators=[known_timezone])
    capacity_note = models.CharField(max_length=400, blank=True)
    illustrative = models.BooleanField(default=False)

    class Meta(Regulated.Meta):
        ordering = ["code"]

    def day(self, at) -> date:
        """Return the calendar day at this site: what "effective from" and "valid until" mean."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


class UserManager(BaseUserManager):
    def get_by_natural_key(self, username):
        return self.get(email__iexact=username)

    def create_user(self, email, password=None, **fields):
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, Regulated):
    """One person (or one service account), for ever: deactivated, never deleted or reused."""

    record_type = "person"
    key_field = "email"
    history_hidden = ("password", "last_login")

    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(
        default=False, help_text="A service account signs nothing and has no password."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]
    objects = UserManager()

    class Meta(Regulated.Meta):
        ordering = ["full_name"]

    def get_full_name(self):
        return self.full_name

    def get_short_name(self):
        return self.full_name.split(" ")[0]

    # django.contrib.auth's template variable `perms` and allauth ask for these; rights are ours.
    def has_perm(self, perm, obj=None):
        return False

    def has_perms(self, perm_list, obj=None):
        return False

    def has_module_perms(self, app_label):
        return False

    is_staff = False
    is_superuser = False

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles this person holds today, at any site."""
        return frozenset(
            Role(role) for role in self.appointments.current().values_list("role", flat=True)
        )

    @cached_property
    def rights(self) -> frozenset[Right]:
        return frozenset(right for role in self.roles for right in RIGHTS[role])

    def may(self, right: Right) -> bool:
        return self.is_active and right in self.rights

    @cached_property
    def is_sponsor_side(self) -> bool:
        """Whether requests of this person run as the sponsors' database role.

        True for anybody whose organisation is not the CDMO: a person without any role fails closed.
        """
        return not self.organisation.is_cdmo or bool(self.roles & SPONSOR_ROLES)

    @property
    def role_names(self) -> str:
        return ", ".join(role.label for role in Role if role in self.roles)


class AppointmentQuerySet(models.QuerySet):
    def current(self):
        """Appointments in force now, by the database's own clock."""
        return self.filter(valid_from__lte=Now()).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=Now())
        )

    def on(self, at):
        """Appointments in force at an instant."""
        return self.filter(valid_from__lte=at).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=at)
        )


class Appointment(Regulated):
    """A person holds a role, at one site or everywhere, for a time."""

    record_type = "appointment"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=20, choices=Role)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta(Regulated.Meta):
        constraints = [
            models.CheckConstraint(
                name="accounts_appointment_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="accounts_appointment_qp_has_site",
                condition=~Q(role=Role.QP) | Q(site__isnull=False),
                violation_error_message="A Qualified Person is appointed for a site.",
            ),
        ]


class ApiToken(Regulated):
    """A bearer token. Only the SHA-256 of its 256 random bits is stored."""

    record_type = "api_token"
    history_hidden = ("token_sha256", "last_used_at")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    @staticmethod
    def new_secret() -> str:
        return "cdmo_" + secrets.token_urlsafe(32)

    @staticmethod
    def digest(secret: str) -> str:
        """Return the stored form. The secret has 256 bits of entropy, so one hash is enough."""
        return hashlib.sha256(secret.encode()).hexdigest()


class SponsorOwnedQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return what this person may see: CDMO staff everything, a sponsor its own, others none.

        PostgreSQL says the same once more by row-level security (`isolation`).
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if not user.is_sponsor_side:
            return self if user.roles else self.none()
        return self.shown_to_sponsor(user.organisation_id)

    def shown_to_sponsor(self, organisation_id):
        """Rows of one sponsor, less what is internal until approved."""
        return self.filter(sponsor_id=organisation_id)


class SponsorOwned(Regulated):
    """A regulated row that belongs to one sponsor: the boundary of confidentiality.

    `sponsor_parents` names foreign keys to rows whose sponsor must be the same (trigger).
    `sponsor_sees` is the SQL condition, beside sponsor_id, of the row-level security policy.
    """

    sponsor_parents: tuple[str, ...] = ()
    sponsor_sees = "true"

    sponsor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")

    objects = SponsorOwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        triggers = [*kept(), *sponsor_guards()]


__all__ = ["ApiToken", "Appointment", "Organisation", "Regulated", "Site", "SponsorOwned", "User"]
