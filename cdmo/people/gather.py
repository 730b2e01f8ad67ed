"""What is known about accounts, for lists and reviews: a fixed number of queries for any number."""

from collections import defaultdict
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db.models import Q

from cdmo.accounts.models import ApiToken, Appointment, User
from cdmo.accounts.roles import Role
from cdmo.people.models import AccessReview
from cdmo.people.rules import flags_of
from cdmo.people.states import ReviewStatus


def facts_of(people, *, at) -> dict[int, dict]:
    """Return, by account: roles with sites, live tokens, second factors, and flags."""
    ids = [person.pk for person in people]
    roles, tokens, factors = defaultdict(list), defaultdict(list), defaultdict(list)
    held = Appointment.objects.on(at).filter(user__in=ids).select_related("site")
    for appointment in held.order_by("valid_from", "id"):
        roles[appointment.user_id].append(appointment)
    live = ApiToken.objects.filter(user__in=ids, revoked_at__isnull=True)
    for token in live.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at)):
        tokens[token.user_id].append(token)
    for user_id, kind in _second_factors(ids):
        factors[user_id].append(kind)
    return {
        person.pk: {
            "roles": roles[person.pk],
            "tokens": tokens[person.pk],
            "factors": sorted(set(factors[person.pk])),
            "flags": flags_of(
                is_service=person.is_service,
                roles=roles[person.pk],
                last_login=person.last_login,
                created_at=person.created_at,
                endless_tokens=any(token.expires_at is None for token in tokens[person.pk]),
                lacks_factor=not factors[person.pk]
                and any(one.role in settings.MFA_REQUIRED_ROLES for one in roles[person.pk]),
                at=at,
            ),
        }
        for person in people
    }


def _second_factors(ids):
    """Return (account, kind) of every one-time code and passkey; recovery codes are no factor."""
    if not apps.is_installed("allauth.mfa"):
        return ()
    found = apps.get_model("mfa", "Authenticator").objects.filter(user__in=ids)
    return found.exclude(type="recovery_codes").values_list("user_id", "type")


def where(appointment) -> str:
    """Return a role with its site: Qualified Person at HFA."""
    role = Role(appointment.role).label
    return f"{role} at {appointment.site.code}" if appointment.site_id else role


def administrators(at):
    """Return active people who are system administrators at an instant."""
    return User.objects.filter(
        is_active=True,
        is_service=False,
        pk__in=Appointment.objects.on(at).filter(role=Role.ADMIN).values("user_id"),
    )


def next_review_due(*, at):
    """Return the instant by which the next access review is to be attested."""
    attested = AccessReview.objects.filter(status=ReviewStatus.ATTESTED)
    last = attested.order_by("-attested_at").values_list("attested_at", flat=True).first()
    if last is None:
        last = User.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return (last or at) + timedelta(days=settings.ACCESS_REVIEW_DAYS)
