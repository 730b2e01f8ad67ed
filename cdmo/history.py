"""Database triggers that keep the record: field-level history, no deletion, sponsors that match.

Only definitions live here, so that every app (accounts included) can put them on its tables; the
rows they write are `cdmo.records.models.AuditEvent`. History is written once per statement over
transition tables: a bulk change of 10,000 rows costs one INSERT, not 10,000 trigger calls.
"""

import pgtrigger
from django.apps import apps
from pgtrigger import utils as pgtrigger_utils

# Set by cdmo.records.acting for the length of a service call. Without it (psql, a forgotten
# service) the row still names the database user.
_WHO = """
    NULLIF(current_setting('cdmo.by', true), '')::bigint,
    COALESCE(current_setting('cdmo.by_name', true), ''),
    COALESCE(current_setting('cdmo.role', true), ''),
    COALESCE(current_setting('cdmo.reason', true), ''),
    COALESCE(current_setting('cdmo.request_id', true), ''),
    COALESCE(current_setting('cdmo.app_version', true), ''),
    session_user::text
"""
_COLUMNS = """(kind, at, verb, record_type, record_id, record, sponsor_id, old, new,
    by_id, by_name, role, reason, request_id, app_version, database_user, shared)"""


def _real(model):
    """Return the class as written: migrations pass a rendered one without its own attributes."""
    return apps.get_model(model._meta.app_label, model._meta.model_name)


def _names(model) -> dict:
    """SQL fragments that name the row: its type, key column, sponsor column and hidden columns."""
    model = _real(model)
    columns = {field.column for field in model._meta.concrete_fields}
    key = getattr(model, "key_field", "id")
    key_column = model._meta.get_field(key).column
    hidden = "".join(f" - '{name}'" for name in getattr(model, "history_hidden", ()))
    return {
        "type": getattr(model, "record_type", model._meta.model_name),
        "key": key_column,
        "sponsor": "{row}.sponsor_id" if "sponsor_id" in columns else "NULL::bigint",
        "hidden": hidden,
    }


class LogInsert(pgtrigger.Trigger):
    """Log new rows with all their values."""

    when = pgtrigger.After
    operation = pgtrigger.Insert
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(new="new_rows")

    def get_func(self, model):
        n = _names(model)
        return f"""
            INSERT INTO records_auditevent {_COLUMNS}
            SELECT 'change', clock_timestamp(), 'insert', '{n["type"]}', n.id, n.{n["key"]}::text,
                {n["sponsor"].format(row="n")}, NULL, to_jsonb(n){n["hidden"]}, {_WHO}, false
            FROM new_rows n;
            RETURN NULL;
        """


class LogUpdate(pgtrigger.Trigger):
    """Log changed fields only, old beside new; a row that did not change is not logged.

    FULL JOIN, though no row is ever alone: PostgreSQL keeps the trigger's first plan for the whole
    session, and one made for a single row would be a nested loop over 10,000 (measured: 20 s). A
    full join cannot be planned as one.
    """

    when = pgtrigger.After
    operation = pgtrigger.Update
    level = pgtrigger.Statement
    referencing = pgtrigger.Referencing(old="old_rows", new="new_rows")

    def get_func(self, model):
        n = _names(model)
        return f"""
            INSERT INTO records_auditevent {_COLUMNS}
            SELECT 'change', clock_timestamp(), 'update', '{n["type"]}', n.id, n.{n["key"]}::text,
                {n["sponsor"].format(row="n")}, d.old, d.new, {_WHO}, false
            FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
            CROSS JOIN LATERAL (
                SELECT jsonb_object_agg(a.key, b.value) AS old, jsonb_object_agg(a.key, a.value) AS new
                FROM jsonb_each(to_jsonb(n){n["hidden"]}) a
                JOIN jsonb_each(to_jsonb(o){n["hidden"]}) b ON b.key = a.key
                WHERE a.value IS DISTINCT FROM b.value
            ) d
            WHERE d.new IS NOT NULL;
            RETURN NULL;
        """  # noqa: E501 (a line of SQL)


def refuse(name: str, operation, message: str) -> pgtrigger.Trigger:
    """Return a trigger that refuses an operation on the table, whoever asks."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        level=pgtrigger.Statement,
        func=f"RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';",
    )


def final(name: str, status: str, message: str) -> pgtrigger.Trigger:
    """Return a trigger that refuses every change of a row that has reached a status."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__status=status),
        func=f"RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';",
    )


def append_only() -> list[pgtrigger.Trigger]:
    """Return triggers for a table whose rows are written once and never again."""
    return [
        refuse("no_update", pgtrigger.Update, "Rows of this table are never changed."),
        refuse("no_delete", pgtrigger.Delete, "Rows of this table are never deleted."),
        refuse("no_truncate", pgtrigger.Truncate, "Rows of this table are never deleted."),
    ]


def kept() -> list[pgtrigger.Trigger]:
    """Return triggers for a regulated table: every change logged, no row ever deleted."""
    return [
        LogInsert(name="log_insert"),
        LogUpdate(name="log_update"),
        refuse("no_delete", pgtrigger.Delete, "Regulated records are never deleted."),
        refuse("no_truncate", pgtrigger.Truncate, "Regulated records are never deleted."),
    ]


class SponsorMatches(pgtrigger.Trigger):
    """Refuse a row whose sponsor is not that of the records named in `sponsor_parents`."""

    when = pgtrigger.Before
    operation = pgtrigger.Insert | pgtrigger.Update
    level = pgtrigger.Row

    def get_func(self, model):
        model = _real(model)
        checks = []
        for name in getattr(model, "sponsor_parents", ()):
            field = model._meta.get_field(name)
            table = pgtrigger_utils.quote(field.related_model._meta.db_table)
            checks.append(f"""
                IF NEW.{field.column} IS NOT NULL AND NEW.sponsor_id IS DISTINCT FROM
                    (SELECT p.sponsor_id FROM {table} p WHERE p.id = NEW.{field.column}) THEN
                    RAISE EXCEPTION 'The sponsor of this row is not that of its {name}.'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
            """)
        return "\n".join(checks) + "\nRETURN NEW;"


def sponsor_guards() -> list[pgtrigger.Trigger]:
    """Return triggers that keep sponsor_id equal to its parents' and unchanged for ever."""
    return [
        SponsorMatches(name="sponsor_matches"),
        pgtrigger.Trigger(
            name="sponsor_fixed",
            when=pgtrigger.Before,
            operation=pgtrigger.Update,
            level=pgtrigger.Row,
            condition=pgtrigger.Q(old__sponsor__df=pgtrigger.F("new__sponsor")),
            func="RAISE EXCEPTION 'A record never changes its sponsor.' "
            "USING ERRCODE = 'integrity_constraint_violation';",
        ),
    ]
