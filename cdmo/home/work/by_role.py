"""Which lists stand on whose home, and the milestones beside them."""

from collections.abc import Callable
from datetime import timedelta

from batches.manufacture.sentences import sentence
from cdmo.accounts.roles import Role
from cdmo.home.work.access import failed_attempts, identities_to_confirm
from cdmo.home.work.deciding import (
    blocked,
    conditional,
    gene_modified_now,
    recent_events,
    reopened,
    to_certify,
    trails_to_review,
    transfers,
)
from cdmo.home.work.items import SHOWN, WorkList
from cdmo.home.work.keeping import backups
from cdmo.home.work.laboratory import (
    files_that_failed,
    files_to_confirm,
    oos_open,
    results_to_approve,
    results_to_submit,
    samples_without_results,
    specifications_to_approve,
)
from cdmo.home.work.making import (
    batches_on_hold,
    batches_planned,
    batches_to_complete,
    batches_to_issue,
    batches_to_review,
    batches_to_start,
    deviations_to_classify,
    deviations_to_close,
    lots_expiring,
    lots_in_quarantine,
    steps_now,
    steps_to_verify,
)
from cdmo.home.work.people import access_review
from cdmo.records.models import AuditEvent

# The order of the lists on the page is the order of a person's day.
BY_ROLE: dict[Role, tuple[Callable, ...]] = {
    Role.OPERATOR: (steps_now, batches_to_start, batches_on_hold),
    Role.SUPERVISOR: (
        steps_to_verify,
        steps_now,
        batches_to_complete,
        batches_to_start,
        batches_on_hold,
    ),
    Role.PLANNER: (batches_planned, batches_to_start, lots_in_quarantine, lots_expiring),
    Role.ANALYST: (
        files_to_confirm,
        results_to_submit,
        samples_without_results,
        files_that_failed,
    ),
    Role.REVIEWER: (results_to_approve, specifications_to_approve, oos_open, files_that_failed),
    Role.QA: (
        reopened,
        trails_to_review,
        batches_to_review,
        deviations_to_classify,
        batches_to_issue,
        deviations_to_close,
        oos_open,
        specifications_to_approve,
        lots_in_quarantine,
        access_review,
        identities_to_confirm,
    ),
    Role.QP: (reopened, to_certify, conditional, blocked),
    Role.PROJECT_MANAGER: (transfers, batches_planned),
    Role.BIOSAFETY: (gene_modified_now,),
    Role.AUDITOR: (recent_events,),
    Role.CUSTODIAN: (),
    Role.ADMIN: (backups, failed_attempts, identities_to_confirm, recent_events),
}


def work_for(by, *, at) -> list[WorkList]:
    """Return the lists of all of a person's roles, each once."""
    wanted = dict.fromkeys(
        make for role in Role if role in by.roles for make in BY_ROLE.get(role, ())
    )
    return [make(by, at) for make in wanted]


# Milestones of records that stand above the batch, which has sentences of its own.
ABOVE = {
    "gate.decide": "A unit gave its decision on a gate.",
    "gate.reopen": "A gate was opened again.",
    "certificate.issued": "A certificate of analysis was issued.",
}


def milestones(by, *, at) -> list[dict]:
    """Return what happened in the last week that everybody should know, newest first: one query."""
    events = (
        AuditEvent.objects.visible_to(by)
        .filter(shared=True, at__gt=at - timedelta(days=7))
        .select_related("by")
        .order_by("-at", "-id")[:SHOWN]
    )
    return [
        {
            "at": event.at,
            "title": ABOVE.get(event.verb) or sentence(event.verb, event.record, event.new),
            "by": event.by.full_name if event.by else "The system",
            "record_type": event.record_type,
            "record": event.record,
        }
        for event in events
    ]
