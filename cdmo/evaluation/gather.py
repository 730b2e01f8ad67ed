"""What the system knows about a period: access, incidents, changes, quality, keeping, lateness.

Each section is {"code", "title", "facts": [[what, value]], "columns", "rows"}: text alone, so that
page, JSON, CSV and signature show the same. A fixed number of queries for a period of any length.
"""

from datetime import UTC, timedelta

from django.db.models import Count, Min, Q

from batches.deviations.models import Deviation
from batches.deviations.states import DeviationStatus
from cdmo.access.models import FailedEntry
from cdmo.accounts.models import User
from cdmo.archive.models import Backup
from cdmo.incidents.models import Incident
from cdmo.incidents.states import IncidentStatus
from cdmo.people.gather import next_review_due
from cdmo.people.models import AccessReview
from cdmo.records.models import AuditEvent, Seal
from cdmo.records.seals.coverage import Coverage
from qc.laboratory.models import OosInvestigation

# What is open longer than this is listed as late. The house's own limits may be narrower.
OPEN_TOO_LONG = timedelta(days=30)
BACKUP_TOO_OLD = timedelta(hours=26)

ACCOUNTS = {
    "person.create": "Accounts made",
    "person.deactivate": "Accounts closed",
    "person.reactivate": "Accounts opened again",
    "person.appoint": "Roles given",
    "person.end_appointment": "Roles ended",
    "mfa.reset": "Second factors reset",
    "sign_in.locked": "Accounts locked at signing in",
    "signature.locked": "Accounts locked at signing",
}
COUNTED = {
    "sign_in.failed": "Failed sign-ins on record",
    "signature.refused": "Signatures refused",
    "api_token.issue": "API tokens issued",
    "api_token.revoke": "API tokens ended",
}
CHANGES = {
    "configuration.changed": "Configuration changed",
    "master_batch_record.approved": "Master batch record approved",
    "master_batch_record.retired": "Master batch record retired",
    "specification.approve": "Specification approved",
    "method.approve": "Method approved",
    "process_version.approve": "Process version approved",
    "process_version.retire": "Process version retired",
}


def found_in(*, since, until, at) -> list[dict]:
    """Return the sections of a period `since` <= t < `until`, as they stand at `at`."""
    events = AuditEvent.objects.filter(at__gte=since, at__lt=until)
    return [
        _access(events, since, until),
        _incidents(since, until),
        _changes(events),
        _quality(since, until),
        _keeping(since, until, at),
        _late(at),
    ]


def _section(code, title, *, facts=(), columns=(), rows=()) -> dict:
    return {
        "code": code,
        "title": title,
        "facts": [[what, _text(value)] for what, value in facts],
        "columns": list(columns),
        "rows": [[_text(cell) for cell in row] for row in rows],
    }


def _text(cell) -> str:
    if cell is None:
        return ""
    return f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if hasattr(cell, "tzinfo") else str(cell)


def _lines(events, verbs):
    found = events.filter(kind=AuditEvent.Kind.EVENT, verb__in=verbs).order_by("id")
    return found.values_list("at", "verb", "record", "by_name", "reason")


def _access(events, since, until) -> dict:
    counts = dict(
        events.filter(kind=AuditEvent.Kind.EVENT, verb__in=[*ACCOUNTS, *COUNTED])
        .order_by()
        .values_list("verb")
        .annotate(Count("pk"))
    )
    reviews = AccessReview.objects.filter(attested_at__gte=since, attested_at__lt=until)
    failed = FailedEntry.objects.filter(at__gte=since, at__lt=until)
    return _section(
        "access",
        "Access",
        facts=[
            ("Active accounts", User.objects.filter(is_active=True).count()),
            *((words, counts.get(verb, 0)) for verb, words in {**ACCOUNTS, **COUNTED}.items()),
            ("Failed entries", failed.count()),
            ("Addresses with failed entries", failed.values("email").distinct().count()),
            (
                "Access reviews attested",
                ", ".join(reviews.order_by("pk").values_list("number", flat=True)) or "none",
            ),
        ],
        columns=("At", "What", "Account", "By", "Reason"),
        rows=[
            (at, ACCOUNTS[verb], record, by, reason)
            for at, verb, record, by, reason in _lines(events, ACCOUNTS)
        ],
    )


def _during(name, closed, since, until):
    """What began in the period, or before it and was not over when it began."""
    return Q(**{f"{name}__lt": until}) & (
        Q(**{f"{name}__gte": since})
        | Q(**{f"{closed}__isnull": True})
        | Q(**{f"{closed}__gte": since})
    )


def _incidents(since, until) -> dict:
    found = Incident.objects.filter(_during("occurred_at", "closed_at", since, until)).order_by(
        "pk"
    )
    rows = [
        (
            one.number,
            one.title,
            one.get_classification_display(),
            one.get_status_display(),
            one.occurred_at,
            one.closed_at,
            one.root_cause,
        )
        for one in found
    ]
    return _section(
        "incidents",
        "Incidents of the system",
        facts=[
            ("Incidents", len(rows)),
            ("Still open", sum(one.status == IncidentStatus.OPEN for one in found)),
        ],
        columns=("Number", "Title", "Class", "Status", "Happened", "Closed", "Root cause"),
        rows=rows,
    )


def _changes(events) -> dict:
    versions = (
        events.exclude(app_version="")
        .order_by()
        .values_list("app_version")
        .annotate(first=Min("at"))
        .order_by("first", "app_version")
    )
    seen = [(first, "Version of the application", version, "", "") for version, first in versions]
    return _section(
        "changes",
        "Changes",
        facts=[("Versions of the application at work", len(seen))],
        columns=("At", "What", "Record", "By", "Reason"),
        rows=[
            *seen,
            *((at, CHANGES[verb], *more) for at, verb, *more in _lines(events, CHANGES)),
        ],
    )


def _quality(since, until) -> dict:
    deviations = Deviation.objects.filter(_during("raised_at", "closed_at", since, until)).order_by(
        "pk"
    )
    investigations = OosInvestigation.objects.filter(
        _during("opened_at", "closed_at", since, until)
    ).order_by("pk")
    rows = [
        (
            "Deviation",
            one.number,
            one.batch.number,
            one.get_classification_display(),
            one.get_status_display(),
            one.raised_at,
            one.closed_at,
        )
        for one in deviations.select_related("batch")
    ] + [
        (
            "Out of specification",
            one.number,
            one.batch.number,
            one.get_conclusion_display(),
            one.get_status_display(),
            one.opened_at,
            one.closed_at,
        )
        for one in investigations.select_related("batch")
    ]
    return _section(
        "quality",
        "Deviations, investigations and what was to be done about them",
        facts=[("Records", len(rows)), ("Still open", sum(row[6] is None for row in rows))],
        columns=("Kind", "Number", "Batch", "Class or cause", "Status", "Opened", "Closed"),
        rows=rows,
    )


def _keeping(since, until, at) -> dict:
    backups = Backup.objects.filter(started_at__gte=since, started_at__lt=until)
    last = Backup.objects.filter(status="done", done_at__lte=at).order_by("-done_at").first()
    seals = Seal.objects.filter(sealed_at__gte=since, sealed_at__lt=until)
    coverage = Coverage.now()
    return _section(
        "keeping",
        "Backups and seals",
        facts=[
            ("Backups made", backups.filter(status="done").count()),
            ("Backups failed", backups.filter(status="failed").count()),
            ("Last backup", last.done_at if last else "none"),
            ("Seals made", seals.count()),
            ("Last seal", coverage.last.sealed_at if coverage.last else "none"),
            ("Seals are late", "yes" if coverage.is_late(at) else "no"),
            ("Clock was set back", "yes" if coverage.is_ahead(at) else "no"),
        ],
        columns=("Failed backup", "Error"),
        rows=backups.filter(status="failed").order_by("pk").values_list("started_at", "error"),
    )


def _late(at) -> dict:
    rows, limit = [], at - OPEN_TOO_LONG
    review = next_review_due(at=at)
    if review < at:
        rows.append(("Access review", "", review))
    last = Backup.objects.filter(status="done").order_by("-done_at").first()
    if last is None or last.done_at < at - BACKUP_TOO_OLD:
        rows.append(("Backup", "", last.done_at if last else None))
    for words, found in (
        (
            "Incident",
            Incident.objects.filter(status=IncidentStatus.OPEN, occurred_at__lt=limit).values_list(
                "number", "occurred_at"
            ),
        ),
        (
            "Deviation",
            Deviation.objects.exclude(status=DeviationStatus.CLOSED)
            .filter(raised_at__lt=limit)
            .values_list("number", "raised_at"),
        ),
        (
            "Out of specification",
            OosInvestigation.objects.filter(closed_at=None, opened_at__lt=limit).values_list(
                "number", "opened_at"
            ),
        ),
    ):
        rows += [(words, number, since) for number, since in found.order_by("pk")]
    return _section(
        "late",
        "Overdue",
        facts=[("Overdue", len(rows)), ("Open too long after, in days", OPEN_TOO_LONG.days)],
        columns=("What", "Number", "Since"),
        rows=rows,
    )
