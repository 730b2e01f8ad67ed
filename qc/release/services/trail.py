"""The review of a batch's audit trail: exceptions first, signed by somebody who is no actor."""

from batches.dossier import locked
from batches.manufacture.models import BatchStep
from batches.manufacture.services import had_a_hand
from cdmo.accounts.roles import Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.belonging import of_batch
from cdmo.records.models import AuditEvent
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import sign
from cdmo.web.history import Readable, exact_values, kind_label
from qc.release.evidence import gather_evidence
from qc.release.evidence import queries as q
from qc.release.evidence.involvement import SIGNED_ITS_RECORD, WORKED
from qc.release.models import AuditReview
from qc.release.rules import trail
from qc.release.rules.authority import involvement
from qc.release.rules.base import Case

MEANING = "I reviewed the audit trail of this batch; my conclusion and explanations stand above."
_OVERRIDES = (
    "finding.justified",
    "step.not_applicable",
    "batch.reopened",
    "batch.held",
    "result.invalidate",
    "consumption.cancel",
    "deviation.changed",
)
_REFUSALS = ("signature.refused", "signature.locked")
# What a record's own course changes: moves and stamps, not what somebody entered.
_COURSE = frozenset(
    {"status", "execution", "disposition", "inventory", "custody", "attempts", "is_stale"}
)
_STAMPS = ("_at", "_by_id")
# Rows of machines, or that say of themselves who decided.
_NOT_ENTERED = ("release_check", "check_evidence", "certification", "certificate", "audit_review")
_HOUSEKEEPERS = frozenset({Role.ADMIN.label, Role.CUSTODIAN.label})


def exceptions_of(batch, *, by) -> list[trail.TrailEntry]:
    """Return the lines of a batch's audit trail that a reviewer looks at first: seven queries."""
    events = (
        AuditEvent.objects.filter(of_batch(batch.number, user=by))
        .exclude(record_type__in=_NOT_ENTERED)
        .order_by("id")
    )
    entries = []
    for event in Readable(exact_values(events)).events:
        found = _kind_of(event)
        if found is None:
            continue
        kind, text = found
        entries.append(
            trail.TrailEntry(
                line=event.pk,
                kind=kind,
                record_type=event.record_type,
                record=event.record_shown,
                text=text,
                who=event.who,
                role=event.role,
                at=event.at,
                explained=event.reason,
            )
        )
    entries += _late(batch)
    order = list(trail.KINDS)
    return sorted(entries, key=lambda entry: (order.index(entry.kind), entry.line))


def _kind_of(event) -> tuple[str, str] | None:
    name = f"{kind_label(event.record_type)} {event.record_shown}"
    if event.kind == "change":
        if event.by_name == "" and event.record_type in AuditReview.WATCHED:
            act = "changed" if event.verb == "update" else "inserted"
            return trail.OUTSIDE, f"{name} {act} by database user {event.database_user}"
        if event.verb != "update":
            return None
        words = [
            f"{field.label}: {field.old} → {field.new}"
            for field, column in zip(event.fields, event.values_read[1], strict=True)
            if field.replaced and column not in _COURSE and not column.endswith(_STAMPS)
        ]
        if not words:
            return None
        if set(event.role.split(", ")) & _HOUSEKEEPERS:
            return trail.ADMINISTRATOR, f"{name}: {'; '.join(words)}"
        return trail.CHANGED, f"{name}: {'; '.join(words)}"
    if event.verb in _REFUSALS:
        return trail.REFUSED, f"{name}: a signature was refused"
    if event.verb in _OVERRIDES:
        return trail.OVERRIDDEN, f"{name}: {event.verb.rpartition('.')[2].replace('_', ' ')}"
    return None


def _late(batch):
    steps = (
        BatchStep.objects.filter(batch=batch, recorded_at__isnull=False, performed_at__isnull=False)
        .select_related("batch", "performed_by")
        .order_by("position")
    )
    for step in steps:
        if step.recorded_at - step.performed_at > trail.LATE:
            yield trail.TrailEntry(
                line=0,
                kind=trail.LATE_ENTRY,
                record_type="step",
                record=step.key,
                text=f"{step.code} {step.title}: done {_clock(step.performed_at)}, "
                f"written down {_clock(step.recorded_at)}",
                who=step.performed_by.full_name,
                role="",
                at=step.recorded_at,
                explained=step.comment,
            )


def _clock(at) -> str:
    return f"{at:%d %b %H:%M} UTC"


def review_trail_objections(batch, *, by, at):
    """Return every objection to a review by this person, before anything is typed."""
    evidence = gather_evidence([batch.pk], at=at)[batch.pk]
    acts = [did for did in involvement(Case(evidence, at), by.pk) if did != SIGNED_ITS_RECORD]
    # To have reviewed the record is no act in it; to have completed it is.
    if any(s.by == by.pk and s.verb == "complete" for s in evidence.signatures):
        acts.append("completed its record")
    if not acts and had_a_hand(batch, by):
        acts.append(WORKED)
    return [
        *right_blockers(by, Right.REVIEW_BATCH),
        *trail.review_trail_blockers(batch, acts=acts, by=by, entries=()),
    ]


@service
def review_audit_trail(
    *, batch, accepted: bool, explanations: dict[int, str], by, at, proof, remarks="", reason=""
):
    """Review the audit trail of a completed batch, each exception explained. Signed.

    Raises Blocked with every objection: the reviewer took part, or a change from outside the
    application is accepted without a word. A later review takes the place of this one.
    """
    batch = locked(batch)
    entries = exceptions_of(batch, by=by)
    ensure_clear(
        [
            *review_trail_objections(batch, by=by, at=at),
            *trail.explanation_blockers(
                batch, entries=entries, explanations=explanations, accepted=accepted
            ),
        ]
    )
    review = AuditReview.objects.create(
        number=numbered("ATR", at),
        batch=batch,
        sponsor_id=batch.sponsor_id,
        accepted=accepted,
        remarks=remarks.strip(),
        exceptions=[
            {
                "line": entry.line,
                "kind": entry.kind,
                "record_type": entry.record_type,
                "record": entry.record,
                "text": entry.text,
                "explanation": explanations.get(entry.line, "").strip() or entry.explained,
            }
            for entry in entries
        ],
        through=AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0,
        by=by,
        at=at,
    )
    sign(
        record=review,
        verb="review-audit-trail",
        meaning=MEANING,
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="batch.trail_reviewed",
        record=batch,
        by=by,
        at=at,
        reason=reason or remarks.strip(),
        new={"review": review.number, "accepted": accepted, "exceptions": len(entries)},
        cause=f"The audit trail of {batch.number} was reviewed.",
    )
    return review


def batches_with_loose_ends(batches) -> list[int]:
    """Return the ids of those batches whose audit trail has lines that nobody has explained."""
    known = {row[0]: set(row[3]) for row in q.rows(q.TRAIL_REVIEWS, list(batches))}
    return sorted(
        {row[0] for row in q.rows(q.TRAIL, list(batches)) if row[1] not in known.get(row[0], set())}
    )


__all__ = [
    "MEANING",
    "batches_with_loose_ends",
    "exceptions_of",
    "review_audit_trail",
    "review_trail_objections",
]
