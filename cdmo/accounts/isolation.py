"""The sponsors' database role, row-level security, and the read-only transaction.

A sponsor's request runs as `cdmo_sponsor`: it may only SELECT, only from tables listed here or
owned by a sponsor, and PostgreSQL shows it only its own rows. A forgotten filter leaks nothing
and a forgotten guard writes nothing. The role is granted nothing on people, tokens, sessions or
instruments: what a sponsor may read of a person (a printed name) is copied into the record.
"""

from contextlib import contextmanager

from django.apps import apps
from django.db import connection, connections, transaction

ROLE = "cdmo_sponsor"
_MINE = "NULLIF(current_setting('cdmo.sponsor_id', true), '')::bigint"


def policies() -> dict[str, str]:
    """Return {table: SQL condition} for every table that the sponsors' role may read."""
    found = {}
    for model in apps.get_models():
        condition = getattr(model, "sponsor_sees", None)
        if condition is None:
            continue
        columns = {field.column for field in model._meta.concrete_fields}
        own = f"sponsor_id = {_MINE}" if "sponsor_id" in columns else "true"
        found[model._meta.db_table] = f"({own}) AND ({condition.replace('{mine}', _MINE)})"
    found["accounts_organisation"] = f"id = {_MINE} OR roles @> ARRAY['cdmo']::varchar[]"
    found["accounts_site"] = (
        "EXISTS (SELECT 1 FROM accounts_organisation o WHERE o.id = organisation_id)"
    )
    found["django_content_type"] = "true"
    return found


def widened() -> dict[str, str]:
    """Return extra conditions, OR-ed: others' rows that a sponsor meets in its own batches."""
    return {
        model._meta.db_table: model.sponsor_also_sees.replace("{mine}", _MINE)
        for model in apps.get_models()
        if getattr(model, "sponsor_also_sees", None)
    }


def apply(using="default") -> None:
    """Bring role, grants and policies in line with the models. Idempotent."""
    also = widened()
    existing = set(connections[using].introspection.table_names())
    with connections[using].cursor() as cursor:
        # Test databases are made side by side in one cluster: two may create the role at once.
        cursor.execute(
            f"""DO $$ BEGIN
                CREATE ROLE {ROLE} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$"""
        )
        cursor.execute(
            f"""DO $$ BEGIN
                -- From 16 on whoever creates a role may grant it but not yet SET ROLE to it.
                IF NOT pg_has_role(current_user, '{ROLE}', CASE
                    WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
                    ELSE 'MEMBER' END) THEN
                    EXECUTE format('GRANT {ROLE} TO %I', current_user);
                END IF;
            END $$"""
        )
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLE}")
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        for table, condition in policies().items():
            if table not in existing:
                continue
            if table in also:
                condition = f"({condition}) OR ({also[table]})"
            cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            cursor.execute(f'DROP POLICY IF EXISTS sponsor_reads ON "{table}"')
            cursor.execute(
                f'CREATE POLICY sponsor_reads ON "{table}" FOR SELECT TO {ROLE} USING ({condition})'
            )
            cursor.execute(f'GRANT SELECT ON "{table}" TO {ROLE}')


def apply_after_migrate(sender, using="default", **_):
    # Once, after the last app of this project has its tables.
    if sender.label == "techtransfer" and connections[using].vendor == "postgresql":
        apply(using)


@contextmanager
def as_sponsor(organisation_id: int):
    """Run everything inside as the sponsors' role, in a read-only transaction, for one sponsor.

    The settings are local to the transaction. It always ends in a rollback: there is nothing to
    commit, and inside an outer transaction only rolling back to the savepoint ends them.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('cdmo.sponsor_id', %s, true),"
                " set_config('transaction_read_only', 'on', true),"
                f" set_config('role', '{ROLE}', true)",
                [str(organisation_id)],
            )
        try:
            yield
        finally:
            transaction.set_rollback(True)
