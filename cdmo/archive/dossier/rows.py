"""A table's row as facts: keys instead of ids, decimals as text, instants in UTC.

Every column is written unless it is left out by name, so a column that a room adds tomorrow is in
the dossier tomorrow.
"""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from django.db import models

from batches.manufacture.models import BatchStep
from cdmo.accounts.isolation import policies
from cdmo.accounts.models import Organisation, User
from cdmo.records.canonical import instant

LEFT_OUT = frozenset({"sponsor", "batch"})


def plain(value):
    """Return a value that has one spelling in canonical JSON."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (datetime, date)):
        return instant(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(inner) for inner in value]
    return str(value)


class Keys:
    """From ids to the keys that people know; one query a kind of record."""

    def __init__(self, *, people: bool):
        self.people = people
        self.readable = None if people else set(policies())
        self.found: dict[type, dict[int, str]] = defaultdict(dict)
        self.numbers: dict[int, int] = {}

    def learn(self, model, ids) -> None:
        wanted = {pk for pk in ids if pk is not None} - set(self.found[model])
        if not wanted or not self.may_read(model):
            return
        if model is User:
            rows = User.objects.filter(pk__in=wanted).values_list("pk", "email", "full_name")
            self.found[User].update({pk: f"{name} <{email}>" for pk, email, name in rows})
            return
        records = model._default_manager.filter(pk__in=wanted)
        if model is BatchStep:
            records = records.select_related("batch")  # its key names the batch
        self.found[model].update({record.pk: _key(record) for record in records})

    def may_read(self, model) -> bool:
        return self.readable is None or model._meta.db_table in self.readable

    def of(self, model, pk):
        if pk is None:
            return None
        if model is User and not self.people:
            # A sponsor learns that two people acted, not who they are.
            return f"person {self.numbers.setdefault(pk, len(self.numbers) + 1)}"
        return self.found[model].get(pk)


def _key(record) -> str:
    if isinstance(record, Organisation):
        return f"{record.name} ({record.code})"
    return str(getattr(record, "key", record.pk))


def facts_of(rows, keys: Keys, *, without=()) -> list[dict]:
    """Return rows as facts, in their order; `without`: columns that stay inside."""
    rows = list(rows)
    if not rows:
        return []
    fields = [
        field
        for field in rows[0]._meta.concrete_fields
        if field.name not in LEFT_OUT
        and field.name not in without
        and not isinstance(field, models.BinaryField)
    ]
    relations = [field for field in fields if isinstance(field, models.ForeignKey)]
    for field in relations:
        keys.learn(field.related_model, {getattr(row, field.attname) for row in rows})
    return [
        {
            field.name: keys.of(field.related_model, getattr(row, field.attname))
            if field in relations
            else plain(getattr(row, field.attname))
            for field in fields
        }
        for row in rows
    ]
