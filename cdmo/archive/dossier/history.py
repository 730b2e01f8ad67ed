"""The audit trail and signatures of a dossier, and what was changed after it was first entered.

Values are read as PostgreSQL wrote them: Python's floats would lose the digits of 12.50.
"""

import json
from collections import defaultdict

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from cdmo.archive.dossier.rows import plain
from cdmo.records.canonical import instant
from cdmo.records.models import AuditEvent, Signature

EMPTY = (None, "", [], {})
# Columns that a record's own course changes: moves, stamps and counters, not what was entered.
COURSE = frozenset({"status", "execution", "disposition", "inventory", "custody", "attempts"})
STAMPS = ("_at", "_by_id")


def condition(records: dict[str, set[int]]) -> Q:
    """Return the condition for audit rows and signatures of these records."""
    found = Q(pk__in=[])
    for record_type, ids in sorted(records.items()):
        found |= Q(record_type=record_type, record_id__in=sorted(ids))
    return found


def audit_trail(records, *, internal: bool) -> list[dict]:
    """Return every line about these records, oldest first. A sponsor's: the shared milestones."""
    events = AuditEvent.objects.filter(condition(records)).order_by("id")
    if not internal:
        events = events.filter(shared=True)
    events = events.annotate(
        old_text=Cast("old", TextField()), new_text=Cast("new", TextField())
    ).defer("old", "new")
    return [_line(event, internal) for event in events.iterator(chunk_size=2000)]


def _line(event, internal: bool) -> dict:
    line = {
        "id": event.pk,
        "kind": event.kind,
        "at": instant(event.at),
        "logged_at": instant(event.logged_at),
        "verb": event.verb,
        "record_type": event.record_type,
        "record": event.record,
        "role": event.role,
    }
    if internal:
        line |= {
            "record_id": event.record_id,
            "by": event.by_name,
            "reason": event.reason,
            "old": _exact(event.old_text),
            "new": _exact(event.new_text),
            "request_id": event.request_id,
            "app_version": event.app_version,
            "database_user": event.database_user,
        }
    return line


def _exact(text):
    return None if text is None else plain(json.loads(text, parse_float=str))


def signatures(records, *, internal: bool) -> list[dict]:
    """Return every signature, voided ones too, with the content that each is bound to."""
    found = Signature.objects.filter(condition(records)).select_related("void").order_by("at", "id")
    return [
        {
            "id": signature.pk,
            "printed_name": signature.printed_name,
            "role": signature.role,
            "meaning": signature.meaning,
            "verb": signature.verb,
            "at": instant(signature.at),
            "record_type": signature.record_type,
            "record": signature.record,
            "method": signature.method,
            "content": signature.content if internal else None,
            "content_sha256": signature.content_sha256,
            "voided_at": instant(signature.voided_at),
            **(
                {
                    "email": signature.email,
                    "reason": signature.reason,
                    "voided_because": signature.void.reason if signature.voided_at else "",
                }
                if internal
                else {}
            ),
        }
        for signature in found
    ]


def changed_values(audit: list[dict]) -> list[dict]:
    """Return each value that was changed after it was first entered: first, now, by whom, why."""
    changes = defaultdict(list)
    for line in audit:
        if line["kind"] != "change" or line["verb"] != "update":
            continue
        for name, new in (line["new"] or {}).items():
            old = (line["old"] or {}).get(name)
            if name in COURSE or name.endswith(STAMPS) or old in EMPTY:
                continue
            key = (line["record_type"], line["record_id"], line["record"], name)
            changes[key].append((line, old, new))
    return [
        {
            "record_type": record_type,
            "record_id": record_id,
            "record": record,
            "field": name,
            "first": found[0][1],
            "now": found[-1][2],
            "times": len(found),
            "last_at": found[-1][0]["at"],
            "last_by": found[-1][0]["by"],
            "reason": found[-1][0]["reason"],
        }
        for (record_type, record_id, record, name), found in changes.items()
    ]
