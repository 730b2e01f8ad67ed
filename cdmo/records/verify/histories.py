"""Every regulated row is what the audit trail tells of it."""

from datetime import datetime

from django.db import connection

from cdmo.records.verify.proven import Proven
from cdmo.records.verify.rows import records_by_type

ROWS_AT_ONCE = 2_000

# What the trail says a row is: the last value it has of each column. By ranges of ids, so that
# neither side ever holds more than one range. FULL JOIN: a row that is gone is told of as well.
_TOLD = """
    WITH told AS (
        SELECT e.record_id, cdmo_merged(e.new ORDER BY e.id) AS state
        FROM records_auditevent e
        WHERE e.kind = 'change' AND e.record_type = %(type)s
            AND e.record_id > %(after)s AND e.record_id <= %(through)s
        GROUP BY e.record_id
    ), standing AS (
        SELECT t.id, t.{key}::text AS name, to_jsonb(t) AS state FROM "{table}" t
        WHERE t.id > %(after)s AND t.id <= %(through)s
    )
    SELECT coalesce(t.id, told.record_id), coalesce(t.name, told.state ->> '{key}'),
        t.id IS NULL, s.key, s.value, t.state -> s.key
    FROM standing t FULL JOIN told ON told.record_id = t.id
    LEFT JOIN LATERAL jsonb_each(
        CASE WHEN t.state || told.state IS DISTINCT FROM t.state THEN told.state ELSE '{{}}' END
    ) s ON t.state ? s.key
    WHERE t.id IS NULL OR told.state IS NULL OR t.state -> s.key IS DISTINCT FROM s.value
    ORDER BY 1, s.key"""
_HIGHEST = 2**63 - 1


def histories() -> Proven:
    """Each regulated row is what the audit trail tells of it: nothing went around the triggers."""
    proven = Proven("regulated rows")
    for record_type, model in sorted(records_by_type().items()):
        if "log_insert" not in {trigger.name for trigger in model._meta.triggers}:
            continue  # written once, with a hash that its own room proves
        key = model._meta.get_field(getattr(model, "key_field", "id")).column
        query = _TOLD.format(table=model._meta.db_table, key=key)
        after = -_HIGHEST
        while after < _HIGHEST:
            through, rows = _range(model, after)
            with connection.cursor() as cursor:
                cursor.execute(query, {"type": record_type, "after": after, "through": through})
                found = cursor.fetchall()
            proven.checked += rows
            proven.broken += [line for row in found if (line := _line(record_type, *row))]
            after = through
    return proven


def _range(model, after: int) -> tuple[int, int]:
    """Return up to which id the next rows go, and how many they are. The last has no end."""
    ids = model._base_manager.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    page = list(ids[:ROWS_AT_ONCE])
    return (page[-1] if len(page) == ROWS_AT_ONCE else _HIGHEST), len(page)


def _line(record_type, pk, name, gone, column, told, now) -> str:
    if gone:
        return f"{record_type} {name}: row {pk} is gone; the audit trail still tells of it."
    if column is None:
        return f"{record_type} {name}: the audit trail does not know row {pk}."
    if _same(told, now):
        return ""
    return f"{record_type} {name}: {column} is not what the audit trail tells."


def _same(told, now) -> bool:
    """Compare as instants where both are: a session of another zone logs the same one otherwise."""
    if told == now:
        return True
    try:
        return datetime.fromisoformat(told.strip('"')) == datetime.fromisoformat(now.strip('"'))
    except (AttributeError, TypeError, ValueError):
        return False
