"""The triggers that write the trail and refuse changes stand."""

from django.apps import apps
from django.db import connection

from cdmo.records.verify.proven import Proven


def guards() -> Proven:
    """The triggers that write the trail and refuse changes are all there and switched on."""
    proven = Proven("guards")
    wanted = {
        model._meta.db_table: {trigger.get_pgid(model) for trigger in model._meta.triggers}
        for model in apps.get_models()
        if getattr(model._meta, "triggers", ())
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
