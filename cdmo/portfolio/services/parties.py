"""Organisations and sites. An administrator's work, as people are (cdmo.people)."""

from cdmo.accounts.models import Organisation, Site
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
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
