"""Evidence that records are what was signed, logged and stored: `manage.py verify_records`.

Upper rooms register their own verifiers from their app's `ready()`. A verifier takes nothing and
returns a `Proven` of one kind of record: how many were looked at, and a line for each broken one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.apps import apps
from django.db import connection

from cdmo.accounts.models import Regulated
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import (
    AuditEvent,
    Document,
    DocumentContent,
    Signature,
    SignatureVoid,
    SigningAttempt,
)

AT_ONCE = 500
APPEND_ONLY = (AuditEvent, Signature, SignatureVoid, Document, DocumentContent, SigningAttempt)


@dataclass
class Proven:
    """What a verifier looked at, and what it found broken, a line each."""

    what: str
    checked: int = 0
    broken: list[str] = field(default_factory=list)


Verifier = Callable[[], Proven]
_verifiers: dict[str, Verifier] = {}


def register(name: str, verifier: Verifier) -> None:
    """Add a verifier under a name; the same name again replaces it."""
    _verifiers[name] = verifier


def verify_all() -> Iterator[Proven]:
    """Run every verifier, the ground floor's first."""
    for verifier in (signatures, documents, histories, guards, *_verifiers.values()):
        yield verifier()


def signatures() -> Proven:
    """Each signature still has its content, and each standing one still says what its record does.

    A room that answers None for a verb proves that binding itself (a certification to its
    evidence).
    """
    proven = Proven("signatures")
    models = records_by_type()
    for page in _pages(Signature.objects.select_related("void")):
        found = _signed_records(page, models)
        for signature in page:
            proven.checked += 1
            name = f"signature {signature.pk} ({signature.printed_name}: {signature.meaning})"
            if sha256(signature.content.encode()) != signature.content_sha256:
                proven.broken.append(f"{name}: its content does not have its SHA-256.")
            if signature.voided_at is not None:
                continue
            record = found.get((signature.record_type, signature.record_id))
            if record is None:
                proven.broken.append(f"{name}: {signature.record} is gone.")
            elif not _still_says(record, signature):
                proven.broken.append(
                    f"{name}: {signature.record_type} {signature.record} was changed after it was "
                    "signed."
                )
    return proven


def _signed_records(page, models) -> dict:
    wanted: dict[str, set[int]] = {}
    for signature in page:
        wanted.setdefault(signature.record_type, set()).add(signature.record_id)
    return {
        (record_type, record.pk): record
        for record_type, ids in wanted.items()
        if record_type in models
        for record in models[record_type]._default_manager.filter(pk__in=ids)
    }


def _still_says(record, signature) -> bool:
    say = getattr(record, "signed_content", None)
    content = say(signature.verb) if say else None
    return content is None or sha256(canonical(content)) == signature.content_sha256


def documents() -> Proven:
    """Each document still has the bytes that came, by their SHA-256 and their number."""
    proven = Proven("documents")
    for page in _pages(Document.objects.select_related("content"), size=20):
        for document in page:
            proven.checked += 1
            content = getattr(document, "content", None)
            data = bytes(content.data) if content is not None else b""
            if sha256(data) != document.sha256 or len(data) != document.size:
                proven.broken.append(f"document {document.number}: its bytes are not those stored.")
    return proven


# What the trail says a row is: the last value it has of each column.
_TOLD = """
    WITH told AS (
        SELECT e.record_id, jsonb_object_agg(c.key, c.value ORDER BY e.id) AS state
        FROM records_auditevent e CROSS JOIN LATERAL jsonb_each(e.new) c
        WHERE e.kind = 'change' AND e.record_type = %s
        GROUP BY e.record_id
    )
    SELECT t.id, t.{key}::text, s.key, s.value, to_jsonb(t) -> s.key
    FROM "{table}" t
    LEFT JOIN told ON told.record_id = t.id
    LEFT JOIN LATERAL jsonb_each(told.state) s ON to_jsonb(t) ? s.key
    WHERE told.state IS NULL OR to_jsonb(t) -> s.key IS DISTINCT FROM s.value
    ORDER BY t.id"""


def histories() -> Proven:
    """Each regulated row is what the audit trail tells of it: nothing went around the triggers."""
    proven = Proven("regulated rows")
    for record_type, model in sorted(records_by_type().items()):
        if "log_insert" not in {trigger.name for trigger in model._meta.triggers}:
            continue  # written once, with a hash that its own room proves
        proven.checked += model._default_manager.count()
        key = model._meta.get_field(getattr(model, "key_field", "id")).column
        with connection.cursor() as cursor:
            cursor.execute(_TOLD.format(table=model._meta.db_table, key=key), [record_type])
            rows = cursor.fetchall()
        for pk, name, column, told, now in rows:
            if column is None:
                proven.broken.append(
                    f"{record_type} {name}: the audit trail does not know row {pk}."
                )
            elif not _same(told, now):
                proven.broken.append(
                    f"{record_type} {name}: {column} is not what the audit trail tells."
                )
    return proven


def _same(told, now) -> bool:
    """Compare as instants where both are: a session of another zone logs the same one otherwise."""
    if told == now:
        return True
    try:
        return datetime.fromisoformat(told.strip('"')) == datetime.fromisoformat(now.strip('"'))
    except (AttributeError, TypeError, ValueError):
        return False


def guards() -> Proven:
    """The triggers that write the trail and refuse changes are all there and switched on."""
    proven = Proven("guards")
    wanted = {
        model._meta.db_table: {trigger.get_pgid(model) for trigger in model._meta.triggers}
        for model in (*APPEND_ONLY, *records_by_type().values())
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
        standing = set(cursor.fetchall())
    for table, names in sorted(wanted.items()):
        for name in sorted(names):
            proven.checked += 1
            if (table, name) not in standing:
                proven.broken.append(f"table {table}: its guard {name} is missing or switched off.")
    return proven


def records_by_type() -> dict:
    """Return every regulated model by its record type."""
    return {
        model.record_type: model
        for model in apps.get_models()
        if issubclass(model, Regulated) and model._meta.managed and not model._meta.proxy
    }


def _pages(queryset, size: int = AT_ONCE):
    last = 0
    while page := list(queryset.filter(pk__gt=last).order_by("pk")[:size]):
        yield page
        last = page[-1].pk
