"""Objections to making, changing and closing accounts. Source: domain.md P-23, P-32, P-33."""

import re

from cdmo.accounts.roles import SPONSOR_ROLES, Role
from cdmo.blockers import Blocker

ADMINISTRATOR = "System administrator"
# Words that name a post, a place or a crowd. An account stands for one person (11.100(a)).
NOBODYS_NAMES = frozenset({
    "account", "accounts", "admin", "administrator", "all", "analyst", "auditor", "batch",
    "biosafety", "cleanroom", "cdmo", "contact", "coordinator", "demo", "desk", "everybody",
    "everyone", "generic", "gmp", "group", "guest", "helpdesk", "info", "lab", "laboratory",
    "line", "logistics", "mail", "maintenance", "manager", "manufacturing", "office",
    "operator", "operators", "planner", "plant", "pm", "production", "qa", "qc", "qp",
    "quality", "reception", "record", "release", "reviewer", "room", "root", "service",
    "shared", "shift", "site", "staff", "supervisor", "supply", "support", "system", "team",
    "temp", "test", "tester", "trainee", "user", "users", "warehouse",
})  # fmt: skip
# Reserved by RFC 2606: no mail ever arrives there, so nobody at work has such an address.
RESERVED_DOMAIN = ".example"


def reason_blockers(reason: str, *, record=None):
    """Yield an objection if a change that needs a reason has none."""
    if not (reason or "").strip():
        yield Blocker("reason_missing", "This change needs a reason.", record=record)


def shared_account_blockers(*, email: str, full_name: str, is_service: bool):
    """Object to an address or a name that several people could stand behind.

    A service account is named after its task. The demonstration's people are called by their role,
    at addresses that nobody can have.
    """
    if is_service:
        return
    local = email.casefold().partition("@")[0]
    if _nobodys(local) and not email.casefold().endswith(RESERVED_DOMAIN):
        yield Blocker(
            "shared_address",
            f"“{local}” names a post or a group, not a person. One account is one person's: use "
            "the person's own address.",
        )
    yield from shared_name_blockers(full_name)


def shared_name_blockers(full_name: str):
    if _nobodys(full_name.casefold()):
        yield Blocker(
            "shared_name",
            f"“{full_name}” is not a person's name. What this person signs will carry it.",
        )


def _nobodys(text: str) -> bool:
    words = [word for word in re.split(r"[^\w]+|_|\d+", text) if len(word) > 1]
    return bool(words) and all(word in NOBODYS_NAMES for word in words)


def own_account_blockers(person, *, by, what: str):
    """Object to doing to oneself what an administrator does to others."""
    if by is not None and person.pk == by.pk:
        yield Blocker(
            "own_account",
            f"Nobody can {what} themselves; another administrator must do it.",
            record=person,
            owner=ADMINISTRATOR,
        )


def active_blockers(person):
    if not person.is_active:
        yield Blocker(
            "account_closed",
            f"The account of {person.full_name} is deactivated. Reactivate it first.",
            record=person,
            owner=ADMINISTRATOR,
        )


def last_administrator_blockers(person, *, others: int):
    """Object if nobody would be left who can manage accounts. `others`: active ones but this."""
    if others == 0:
        yield Blocker(
            "last_administrator",
            f"{person.full_name} is the last system administrator. Appoint another one first.",
            record=person,
            owner=ADMINISTRATOR,
        )


def side_blockers(person, roles, *, is_cdmo: bool, organisation: str):
    """Object to roles that do not belong to people of this organisation."""
    for role in roles:
        if (Role(role) in SPONSOR_ROLES) == is_cdmo:
            side = "the CDMO" if is_cdmo else organisation
            yield Blocker(
                "wrong_side",
                f"{Role(role).label} is not a role for people of {side}.",
                record=person,
            )


def change_blockers(person, *, full_name, organisation, reason, roles):
    """`roles`: those held now or later. They end before a person changes sides."""
    yield from reason_blockers(reason, record=person)
    if full_name != person.full_name and not person.is_service:
        yield from shared_name_blockers(full_name)
    if full_name == person.full_name and organisation.pk == person.organisation_id:
        yield Blocker("nothing_changed", "Name and organisation are these already.", record=person)
    yield from side_blockers(
        person, roles, is_cdmo=organisation.is_cdmo, organisation=organisation.code
    )


def deactivate_blockers(person, *, by, reason, administers: bool, others: int):
    yield from reason_blockers(reason, record=person)
    yield from own_account_blockers(person, by=by, what="deactivate")
    if not person.is_active:
        yield Blocker(
            "already_closed",
            f"The account of {person.full_name} is deactivated already.",
            record=person,
        )
    if administers:
        yield from last_administrator_blockers(person, others=others)


def reactivate_blockers(person, *, by, reason):
    yield from reason_blockers(reason, record=person)
    yield from own_account_blockers(person, by=by, what="reactivate")
    if person.is_active:
        yield Blocker(
            "already_active", f"The account of {person.full_name} is active.", record=person
        )


def service_token_blockers(person):
    """A token in a person's hand is a person's own: administrators make none for others."""
    yield from active_blockers(person)
    if not person.is_service:
        yield Blocker(
            "not_a_service",
            f"{person.full_name} is a person and makes their own tokens. An administrator with a "
            "token of theirs could act in their name.",
            record=person,
        )


def token_ended_blockers(token, *, reason):
    yield from reason_blockers(reason, record=token)
    if token.revoked_at is not None:
        yield Blocker("already_revoked", "This token has been ended already.", record=token)
