"""What those who look after sign-in and signing look at."""

from datetime import timedelta

from django.db.models import Count, Max

from cdmo.access import lockout
from cdmo.access.models import FailedEntry
from cdmo.access.standing import with_standing
from cdmo.accounts.models import User
from cdmo.blockers import Ref
from cdmo.home.work.items import Item, WorkList, taken
from cdmo.records.models import SigningAttempt

LOOK_BACK = timedelta(days=1)


def failed_attempts(by, at) -> WorkList:
    """Addresses at which somebody failed to sign in or to sign since yesterday: two queries."""
    entries = FailedEntry.objects.filter(at__gt=at - LOOK_BACK).values_list("email")
    signings = SigningAttempt.objects.filter(at__gt=at - LOOK_BACK).values_list("by__email")
    found = [
        (email, "to sign in", number, last)
        for email, number, last in entries.order_by().annotate(Count("pk"), Max("at"))
    ] + [
        (email, "to sign", number, last)
        for email, number, last in signings.order_by().annotate(Count("pk"), Max("at"))
    ]
    found.sort(key=lambda row: row[3], reverse=True)
    items = [
        Item(
            record=Ref("access", email),
            label=email,
            text=f"{number} failed attempt{'s' if number > 1 else ''} {what}",
            status="late" if number >= lockout.limit() else "",
            since=last,
        )
        for email, what, number, last in found
    ]
    return WorkList(
        "Failed attempts since yesterday",
        "lock-exclamation",
        items[:8],
        len(items),
        more="access:list",
        pressing=any(row[2] >= lockout.limit() for row in found),
    )


def identities_to_confirm(by, at) -> WorkList:
    """People who have chosen their password and cannot sign until somebody has confirmed them."""
    people = (
        with_standing(User.objects.filter(is_active=True, is_service=False))
        .filter(verified=False)
        .exclude(credential__chosen_sha256="")
        .exclude(credential=None)
        .exclude(pk=by.pk)
        .exclude(credential__handed_over_by=by)
        .order_by("full_name")
    )
    items, count = taken(
        people,
        lambda one: Item(
            record=Ref("access", one.email), label=one.full_name, text="Confirm who this is"
        ),
    )
    return WorkList("Identities to confirm", "id", items, count, more="access:list")
