"""Roles given and ended."""

from datetime import timedelta

from django.conf import settings

from cdmo.accounts.models import Appointment
from cdmo.accounts.roles import Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.people import rules
from cdmo.people.services.accounts import unended
from cdmo.people.services.locks import lock_person, other_administrators
from cdmo.records.acting import service
from cdmo.records.services import record_event


@service
def appoint(
    *, user, role, by, at, site=None, valid_from=None, valid_until=None, reason=""
) -> Appointment:
    """Give a person a role, at one site or everywhere, for a time. Effective at once.

    A Qualified Person has a site, an auditor an end. Nobody appoints themselves, and whoever
    administers or audits holds no role of the plant at the same time.
    """
    user, role, start = lock_person(user), Role(role), valid_from or at
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.appoint_blockers(
                user,
                role,
                site=site,
                by=by,
                at=at,
                valid_from=start,
                valid_until=valid_until,
                held=held_by(user, at),
                auditor_days=settings.AUDITOR_DAYS,
            ),
        ]
    )
    appointment = Appointment.objects.create(
        user=user, role=role, site=site, valid_from=start, valid_until=valid_until
    )
    record_event(
        verb="person.appoint",
        record=user,
        by=by,
        at=at,
        reason=reason,
        new={"role": str(role), "site": site.code if site is not None else None},
    )
    return appointment


@service
def end_appointment(*, appointment, by, at, reason="") -> Appointment:
    """End an appointment now; what was done under it stands."""
    others = other_administrators(appointment.user, at)
    appointment = _lock(appointment)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.end_blockers(appointment, at=at, reason=reason, others=others),
        ]
    )
    return write_end(appointment=appointment, by=by, at=at, reason=reason)


def _lock(appointment) -> Appointment:
    return (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("user", "site")
        .get(pk=appointment.pk)
    )


@service
def write_end(*, appointment, by, at, reason) -> Appointment:
    """Write the end of an appointment that somebody has judged: part of another change."""
    if appointment.valid_from >= at:  # it never began, and PostgreSQL wants an end after the start
        appointment.valid_from = at - timedelta(microseconds=1)
    appointment.valid_until = at
    appointment.save(update_fields=["valid_from", "valid_until"])
    record_event(
        verb="person.end_appointment",
        record=appointment.user,
        by=by,
        at=at,
        reason=reason,
        old={
            "role": appointment.role,
            "site": appointment.site.code if appointment.site_id else None,
        },
    )
    return appointment


def held_by(person, at) -> list[rules.Held]:
    """Return the person's appointments that run or will begin, as the rules see them."""
    return [
        rules.Held(
            role=one.role,
            site=one.site.code if one.site_id else "",
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        for one in unended(person, at).select_related("site")
    ]
