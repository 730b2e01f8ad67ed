"""Accounts: made once, changed with a reason, deactivated; never deleted, never used again."""

from cdmo.access.services import end_sessions
from cdmo.accounts.models import ApiToken, User
from cdmo.accounts.roles import Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.people import rules
from cdmo.people.services.locks import lock_person, other_administrators
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event


@service
def create_person(*, email, full_name, organisation, by, at, password=None, is_service=False):
    """Make an account for one person, or for one service, for ever.

    Without a password nobody can log in or sign with it yet. The address is the name in every
    record: it never changes and is never given to somebody else, even after deactivation.
    """
    full_name = " ".join(full_name.split())
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.shared_account_blockers(
                email=email,
                full_name=full_name,
                is_service=is_service,
            ),
        ]
    )
    with one_of_a_kind("taken", f"There is already an account {email}."):
        person = User.objects.create_user(
            email,
            None if is_service else password,
            full_name=full_name,
            organisation=organisation,
            is_service=is_service,
        )
    record_event(verb="person.create", record=person, by=by, at=at)
    return person


@service
def change_person(*, person, by, at, reason, full_name=None, organisation=None) -> User:
    """Change a person's name or organisation. What was signed keeps the name it was signed with."""
    person = lock_person(person)
    old = {"full_name": person.full_name, "organisation": person.organisation.code}
    full_name = " ".join((full_name or person.full_name).split())
    organisation = organisation or person.organisation
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.change_blockers(
                person,
                full_name=full_name,
                organisation=organisation,
                reason=reason,
                roles=list(unended(person, at).values_list("role", flat=True)),
            ),
        ]
    )
    person.full_name, person.organisation = full_name, organisation
    person.save(update_fields=["full_name", "organisation"])
    new = {"full_name": full_name, "organisation": organisation.code}
    record_event(verb="person.change", record=person, by=by, at=at, reason=reason, old=old, new=new)
    return person


@service
def deactivate_person(*, person, by, at, reason) -> User:
    """Close an account at once: no log-in, no token, no session, no signature. The name stays.

    The password is thrown away: every session is bound to it, so none outlives this even if the
    account is opened again.
    """
    others = other_administrators(person, at)
    person = lock_person(person)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.deactivate_blockers(
                person,
                by=by,
                reason=reason,
                administers=Role.ADMIN in person.roles,
                others=others,
            ),
        ]
    )
    return write_close(person=person, by=by, at=at, reason=reason)


@service
def write_close(*, person, by, at, reason) -> User:
    """Close an account that somebody has judged: part of another change."""
    person.is_active = False
    person.set_unusable_password()
    person.save(update_fields=["is_active", "password"])
    ended = ApiToken.objects.filter(user=person, revoked_at__isnull=True).update(revoked_at=at)
    sessions = end_sessions(person=person, by=None, at=at, reason="The account was closed.")
    record_event(
        verb="person.deactivate",
        record=person,
        by=by,
        at=at,
        reason=reason,
        new={"tokens_ended": ended, "sessions_ended": sessions},
    )
    return person


@service
def reactivate_person(*, person, by, at, reason) -> User:
    """Open an account again for the same person. Tokens stay ended; a new password is needed."""
    person = lock_person(person)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.reactivate_blockers(person, by=by, reason=reason),
        ]
    )
    person.is_active = True
    person.save(update_fields=["is_active"])
    record_event(verb="person.reactivate", record=person, by=by, at=at, reason=reason)
    return person


def unended(person, at):
    """Return the person's appointments that run or will begin."""
    return person.appointments.exclude(valid_until__lte=at)
