"""Organisations, sites, people and what they are appointed to. An administrator's work."""

from cdmo.accounts.models import Appointment, Organisation, Site, User
from cdmo.accounts.roles import SPONSOR_ROLES, Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.portfolio import rules
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event


@service
def create_organisation(
    *, code, name, roles, by, at, country="", note="", illustrative=False
) -> Organisation:
    """Create an organisation with the roles it holds; one party may hold several."""
    ensure_clear(right_blockers(by, Right.MANAGE_ACCOUNTS))
    with one_of_a_kind("taken", f"There is already an organisation {code}."):
        organisation = Organisation.objects.create(
            code=code,
            name=name,
            roles=list(dict.fromkeys(roles)),
            country=country,
            note=note,
            illustrative=illustrative,
        )
    record_event(verb="organisation.create", record=organisation, by=by, at=at)
    return organisation


@service
def create_site(
    *, code, name, organisation, by, at, timezone="UTC", capacity_note="", illustrative=False
) -> Site:
    """Create a site with the zone that its clocks show."""
    ensure_clear(right_blockers(by, Right.MANAGE_ACCOUNTS))
    with one_of_a_kind("taken", f"There is already a site {code}."):
        site = Site.objects.create(
            code=code,
            name=name,
            organisation=organisation,
            timezone=timezone,
            capacity_note=capacity_note,
            illustrative=illustrative,
        )
    record_event(verb="site.create", record=site, by=by, at=at)
    return site


@service
def create_person(*, email, full_name, organisation, by, at, password=None, is_service=False):
    """Create a person's account, for ever. Without a password the account cannot log in or sign."""
    ensure_clear(right_blockers(by, Right.MANAGE_ACCOUNTS))
    with one_of_a_kind("taken", f"There is already an account {email}."):
        person = User.objects.create_user(
            email, password, full_name=full_name, organisation=organisation, is_service=is_service
        )
    record_event(verb="person.create", record=person, by=by, at=at)
    return person


@service
def appoint(*, user, role, by, at, site=None, valid_from=None, valid_until=None) -> Appointment:
    """Give a person a role, at one site or everywhere. A Qualified Person always has a site."""
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *_appointment_blockers(user, Role(role), site),
        ]
    )
    appointment = Appointment.objects.create(
        user=user, role=role, site=site, valid_from=valid_from or at, valid_until=valid_until
    )
    record_event(verb="person.appoint", record=user, by=by, at=at, new={"role": str(role)})
    return appointment


@service
def end_appointment(*, appointment, by, at, reason="") -> Appointment:
    """End an appointment now; what was done under it stands."""
    appointment = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
    blockers = [*right_blockers(by, Right.MANAGE_ACCOUNTS), *rules.reason_blockers(reason)]
    if appointment.valid_until is not None and appointment.valid_until <= at:
        blockers.append(Blocker("appointment_ended", "This appointment has already ended."))
    ensure_clear(blockers)
    appointment.valid_until = at
    appointment.save(update_fields=["valid_until"])
    record_event(
        verb="person.end_appointment",
        record=appointment.user,
        by=by,
        at=at,
        reason=reason,
        old={"role": appointment.role},
    )
    return appointment


def _appointment_blockers(user, role: Role, site):
    if role is Role.QP and site is None:
        yield Blocker("site_missing", "A Qualified Person is appointed for a site.", record=user)
    if (role in SPONSOR_ROLES) == user.organisation.is_cdmo:
        side = "the CDMO" if user.organisation.is_cdmo else user.organisation.code
        yield Blocker(
            "wrong_side", f"{role.label} is not a role for people of {side}.", record=user
        )
