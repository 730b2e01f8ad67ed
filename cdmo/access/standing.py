"""How a person stands towards signing, gathered in one query."""

from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from cdmo.access.models import Credential, IdentityVerification, PolicyAcknowledgement
from cdmo.access.policy import VERSION
from cdmo.accounts.models import User
from cdmo.records.canonical import sha256


@dataclass(frozen=True, slots=True)
class Standing:
    """What `rules.signing_blockers` judges."""

    has_password: bool
    password_own: bool
    acknowledged: bool
    verified: bool
    has_totp: bool
    has_factor: bool
    factor_required: bool


FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def fingerprint(password_hash: str) -> str:
    """Return what `Credential.chosen_sha256` holds for a stored password hash."""
    return sha256(password_hash.encode())


def is_own(password_hash: str, credential: Credential | None, *, at) -> bool:
    """Whether the stored password is one that its owner chose, and not too long ago."""
    if credential is None or credential.chosen_sha256 != fingerprint(password_hash):
        return False
    days = settings.PASSWORD_MAX_DAYS
    changed = credential.password_changed_at
    return not days or (changed is not None and at - changed <= timedelta(days=days))


def must_have_factor(user) -> bool:
    """Whether a role that this person holds today asks for a second factor."""
    return bool(settings.MFA_REQUIRED_ROLES) and bool(
        set(settings.MFA_REQUIRED_ROLES) & {str(role) for role in user.roles}
    )


def verified_ones():
    """Return confirmations of identity that count: later than the last way in, by somebody else."""
    handed = "user__credential__handed_over"
    return IdentityVerification.objects.filter(
        Q(**{f"{handed}_at__isnull": True})
        | Q(**{f"{handed}_at__lte": F("at")})
        & (Q(**{f"{handed}_by__isnull": True}) | ~Q(by=F(f"{handed}_by")))
    )


def with_standing(people):
    """Annotate people with `acknowledged`, `verified`, `has_totp`, `has_factor`."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    acknowledged = PolicyAcknowledgement.objects.filter(user=OuterRef("pk"), version=VERSION)
    return people.select_related("credential").annotate(
        acknowledged=Exists(acknowledged),
        verified=Exists(verified_ones().filter(user=OuterRef("pk"))),
        has_totp=Exists(factors.filter(type=Authenticator.Type.TOTP)),
        has_factor=Exists(factors.filter(type__in=FACTORS)),
    )


def standing_of(user, *, at) -> Standing:
    """Gather how a person stands now. One query; roles apart, where a second factor is asked."""
    row = with_standing(User.objects.all()).get(pk=user.pk)
    return Standing(
        has_password=row.has_usable_password(),
        password_own=is_own(row.password, getattr(row, "credential", None), at=at),
        acknowledged=row.acknowledged,
        verified=row.verified,
        has_totp=row.has_totp,
        has_factor=row.has_factor,
        factor_required=must_have_factor(user),
    )


def is_vouched_for(user) -> bool:
    """Whether nobody gave this person their way in, or somebody else confirmed who used it.

    Nobody: the machine printed the link, or a provider of single sign-on knows the person.
    """
    given = Credential.objects.filter(user=user, handed_over_by__isnull=False).exists()
    return not given or verified_ones().filter(user=user).exists()
