"""Incidents reported, explained and closed."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.incidents import rules
from cdmo.incidents.models import Incident
from cdmo.incidents.states import CLOSE, MEANINGS
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import Proof, sign

EDITABLE = ("title", "description", "classification", "root_cause", "action")


@service
def report_incident(
    *, title, classification, by, at, description="", occurred_at=None, root_cause="", action=""
) -> Incident:
    """Report what went wrong with the system."""
    occurred_at = occurred_at or at
    ensure_clear(
        [
            *right_blockers(by, Right.REPORT_INCIDENT),
            *rules.time_blockers(occurred_at=occurred_at, at=at),
        ]
    )
    incident = Incident.objects.create(
        number=numbered("INC", at),
        title=title,
        description=description,
        classification=classification,
        occurred_at=occurred_at,
        raised_by=by,
        raised_at=at,
        root_cause=root_cause,
        action=action,
    )
    record_event(verb="incident.report", record=incident, by=by, at=at, reason=title)
    return incident


def _locked(incident) -> Incident:
    return Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)


@service
def explain_incident(*, incident, by, at, reason, **changes) -> Incident:
    """Change an open incident: its class, its root cause, what was done about it."""
    incident = _locked(incident)
    ensure_clear(
        [
            *right_blockers(by, Right.REPORT_INCIDENT),
            *rules.change_blockers(incident, reason=reason),
        ]
    )
    for name in set(changes) - set(EDITABLE):
        raise TypeError(f"An incident has no {name} to change.")
    for name, value in changes.items():
        setattr(incident, name, value)
    incident.save(update_fields=list(changes))
    record_event(verb="incident.explain", record=incident, by=by, at=at, reason=reason)
    return incident


@service
def close_incident(*, incident, by, at, proof: Proof, reason="") -> Incident:
    """Close an incident with a signature. A critical one has its root cause by then."""
    incident = _locked(incident)
    ensure_clear([*right_blockers(by, Right.CLOSE_INCIDENT), *rules.close_blockers(incident)])
    incident.status, incident.closed_by, incident.closed_at = CLOSE.target, by, at
    incident.save(update_fields=["status", "closed_by", "closed_at"])
    sign(
        record=incident,
        verb="close",
        meaning=MEANINGS["close"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(verb="incident.close", record=incident, by=by, at=at, reason=reason)
    return incident
