"""What this installation runs with: shown to whoever reads the trail, and a change put on record.

Of a secret only whether it is set. Values are compared with those last recorded; the first time,
and whenever they differ, an event says which (11.10(k), Annex 11 section 10).
"""

import platform
from dataclasses import dataclass

import django
from django.conf import settings
from django.db import connection

from cdmo.records.acting import service
from cdmo.records.models import AuditEvent
from cdmo.records.services import record_event

EVENT = "configuration.changed"
GROUPS = (
    (
        "Sign-in and signing",
        (
            ("PASSWORD_LENGTH", "Shortest password, in characters"),
            ("PASSWORD_HISTORY", "Last passwords that are not used again"),
            ("PASSWORD_MAX_DAYS", "Days after which a password ages (0: never)"),
            ("LOCKOUT_AFTER", "Failed attempts until an account is locked"),
            ("LOCKOUT_MINUTES", "Minutes for which it is locked"),
            ("SESSION_COOKIE_AGE", "Longest session, in seconds"),
            ("SESSION_IDLE_MINUTES", "Minutes without a sign of life until sign-out"),
            ("MFA_REQUIRED_ROLES", "Roles that need a second factor"),
            ("OIDC_ISSUER", "Single sign-on by"),
            ("ACCESS_REVIEW_DAYS", "Days between access reviews"),
            ("AUDITOR_DAYS", "Longest appointment of an auditor, in days"),
        ),
    ),
    (
        "Web and interfaces",
        (
            ("ALLOWED_HOSTS", "Host names"),
            ("HTTPS", "Only over HTTPS"),
            ("API_DOCS_PUBLIC", "Interface documentation without sign-in"),
            ("API_RATE", "Requests a person may make"),
            ("DEMONSTRATION", "Demonstration data"),
            ("DEBUG", "Debugging"),
            ("TIME_ZONE", "Zone of stored instants"),
        ),
    ),
    (
        "Keeping",
        (
            ("BACKUP_DIR", "Backups go to"),
            ("BACKUP_KEEP", "Backups kept"),
            ("BACKUP_KEY", "Key of backups"),
            ("CONTINUITY_DIR", "Paper for bad days goes to"),
            ("FACTOR_KEYS", "Keys of second factors"),
            ("SECRET_KEY", "Key of sessions"),
        ),
    ),
)
SECRET = frozenset({"BACKUP_KEY", "FACTOR_KEYS", "SECRET_KEY"})


@dataclass(frozen=True, slots=True)
class Installation:
    """What the event is about: there is one, and it has no row."""

    record_type: str = "configuration"
    pk: int = 1
    key: str = "configuration"
    sponsor_id: None = None


def value_of(name: str):
    """Return a running value as text; of a secret, whether it is set."""
    if name == "API_RATE":
        return settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["person"]
    if name == "PASSWORD_LENGTH":
        return str(
            next(
                v["OPTIONS"]["min_length"]
                for v in settings.AUTH_PASSWORD_VALIDATORS
                if "min_length" in v.get("OPTIONS", {})
            )
        )
    value = getattr(settings, name, None)
    if name in SECRET:
        return "set" if value else "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def running() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return groups of (name, what it means, value)."""
    groups = [
        (title, [(name, meaning, value_of(name)) for name, meaning in names])
        for title, names in GROUPS
    ]
    return [("Software", software()), *groups]


def software() -> list[tuple[str, str, str]]:
    server = str(connection.pg_version)
    return [
        ("APP_VERSION", "Version of the application", settings.APP_VERSION),
        ("PYTHON", "Python", platform.python_version()),
        ("DJANGO", "Django", django.get_version()),
        ("POSTGRESQL", "PostgreSQL", f"{server[:-4]}.{int(server[-4:])}"),
    ]


def values() -> dict[str, str]:
    return {name: value for _, rows in running() for name, _, value in rows}


@service
def note_configuration(*, by, at):
    """Put on record what differs from the values last recorded. Returns the event, or None.

    Two callers at once: the second waits for the first, and then finds nothing different.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [EVENT])
    known: dict[str, str] = {}
    for new in AuditEvent.objects.filter(verb=EVENT).order_by("id").values_list("new", flat=True):
        known |= new or {}
    now = values()
    changed = {name: value for name, value in now.items() if known.get(name) != value}
    if not changed:
        return None
    return record_event(
        verb=EVENT,
        record=Installation(),
        by=by,
        at=at,
        old={name: known[name] for name in changed if name in known} or None,
        new=changed,
        reason="The installation runs with other values than before."
        if known
        else "The first values on record.",
    )
