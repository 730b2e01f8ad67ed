"""Objections to giving and ending a role. Source: domain.md section 3, P-33; Annex 11, 12."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cdmo.accounts.roles import GMP_ROLES, Role
from cdmo.blockers import Blocker
from cdmo.people.rules.accounts import (
    ADMINISTRATOR,
    active_blockers,
    last_administrator_blockers,
    own_account_blockers,
    reason_blockers,
    side_blockers,
)

# A program neither manages people nor stands for the one person whom the law names.
NOT_FOR_SERVICES = frozenset({Role.ADMIN, Role.QP, Role.QA, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Held:
    """An appointment that a person has, as a rule sees it."""

    role: str
    site: str
    valid_from: datetime
    valid_until: datetime | None

    def overlaps(self, start, end) -> bool:
        return (self.valid_until is None or self.valid_until > start) and (
            end is None or self.valid_from < end
        )


def separation_blockers(person, role: Role, held):
    """`held`: roles of the same time. Whoever gives rights or audits uses none in the plant."""
    others = {Role(other) for other in held} - {role}
    for other in sorted(others, key=list(Role).index):
        pair = {role, other}
        if Role.ADMIN in pair and (pair & GMP_ROLES or Role.AUDITOR in pair):
            yield Blocker(
                "not_separate",
                f"{person.full_name} would be {role.label} and {other.label} at one time. System "
                "administrators hold no other role: whoever gives rights does not use them.",
                record=person,
                owner=ADMINISTRATOR,
            )
        elif Role.AUDITOR in pair and pair & GMP_ROLES:
            yield Blocker(
                "not_separate",
                f"{person.full_name} would be {role.label} and {other.label} at one time. Auditors "
                "only read: they hold no role that writes.",
                record=person,
                owner=ADMINISTRATOR,
            )


def appoint_blockers(
    person, role: Role, *, site, by, at, valid_from, valid_until, held, auditor_days
):
    """Every objection to an appointment. `held`: the person's appointments that have not ended."""
    yield from own_account_blockers(person, by=by, what="appoint")
    yield from active_blockers(person)
    if role is Role.QP and site is None:
        yield Blocker("site_missing", "A Qualified Person is appointed for a site.", record=person)
    yield from side_blockers(
        person,
        [role],
        is_cdmo=person.organisation.is_cdmo,
        organisation=person.organisation.code,
    )
    if person.is_service and role in NOT_FOR_SERVICES:
        yield Blocker(
            "service_account",
            f"{person.full_name} is a service account and cannot be {role.label}.",
            record=person,
        )
    yield from _period_blockers(
        person,
        role,
        at=at,
        valid_from=valid_from,
        valid_until=valid_until,
        auditor_days=auditor_days,
    )
    meanwhile = [one for one in held if one.overlaps(valid_from, valid_until)]
    yield from separation_blockers(person, role, {one.role for one in meanwhile})
    code = site.code if site is not None else ""
    if any(one.role == role and one.site == code for one in meanwhile):
        where = f" at {code}" if code else ""
        yield Blocker(
            "already_appointed",
            f"{person.full_name} is {role.label}{where} for this time already.",
            record=person,
        )


def _period_blockers(person, role, *, at, valid_from, valid_until, auditor_days):
    if valid_from < at:
        yield Blocker("backdated", "An appointment begins now or later, never before it is made.")
    if valid_until is not None and valid_until <= valid_from:
        yield Blocker("ends_before_start", "The appointment would end before it begins.")
    if role is not Role.AUDITOR:
        return
    if valid_until is None:
        yield Blocker(
            "end_missing",
            f"An auditor is appointed for a time. Give an end, at most {auditor_days} days later.",
            record=person,
        )
    elif valid_until - valid_from > timedelta(days=auditor_days):
        yield Blocker(
            "too_long",
            f"An auditor is appointed for at most {auditor_days} days.",
            record=person,
        )


def end_blockers(appointment, *, at, reason, others: int):
    """`others`: active administrators beside this person."""
    yield from reason_blockers(reason, record=appointment.user)
    if appointment.valid_until is not None and appointment.valid_until <= at:
        yield Blocker(
            "appointment_ended", "This appointment has already ended.", record=appointment.user
        )
    elif appointment.role == Role.ADMIN and appointment.valid_from <= at:
        yield from last_administrator_blockers(appointment.user, others=others)
