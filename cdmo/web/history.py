"""A record's field history for people: labels instead of columns, keys instead of ids.

`Readable` makes a page of audit lines readable in a fixed number of queries; `Changes` answers,
for all records of one page in one query, what a value was before it was changed.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from cdmo.accounts.models import User
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent

EMPTY = (None, "", [], {})
# What a record's key is made of, where it is not a column of its own.
_ABOVE = frozenset({"batch", "transfer", "specification", "master", "agreement", "gate", "file"})
# Who somebody is, what they may, how the house is kept: what became of them is for readers of the
# audit trail. Organisations and sites are anybody's of the staff.
_INNER_APPS = frozenset({"accounts", "access", "people", "vault", "archive", "evaluation"})
_INNER_RECORDS = frozenset({"seal"})
_EVERYBODYS = frozenset({"organisation", "site"})
_NAMES = ("code", "number", "full_name", "title", "name", "test")


@dataclass(frozen=True, slots=True)
class Value:
    """One field of an audit line. `old` and `new` are text, an instant, or None."""

    label: str
    old: object
    new: object
    replaced: bool  # an earlier value stood there


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one value after it was first entered, oldest change first."""

    label: str
    first: object
    lines: tuple

    @property
    def times(self) -> int:
        return len(self.lines)


@cache
def models_by_type() -> dict[str, type[models.Model]]:
    """Return every kind of record by the name it has in the audit trail."""
    found = {}
    for model in apps.get_models():
        record_type = getattr(model, "record_type", None)
        # Rows about other records have a column of that name; they are kept without a history.
        if isinstance(record_type, str) and record_type != "record":
            found[record_type] = model
    return found


def may_read_history(model, user) -> bool:
    """Whether somebody who sees the records of a model may also read what became of them."""
    inner = model._meta.app_label in _INNER_APPS or model.record_type in _INNER_RECORDS
    return not inner or model.record_type in _EVERYBODYS or user.may(Right.READ_AUDIT)


def kind_label(record_type: str) -> str:
    """Return a kind of record as people say it."""
    model = models_by_type().get(record_type)
    words = model._meta.verbose_name if model else record_type.replace("_", " ")
    return str(words).capitalize()


def exact_values(events):
    """Read old and new as PostgreSQL wrote them: Python's floats lose the digits of 12.50."""
    return events.annotate(
        old_text=Cast("old", TextField()), new_text=Cast("new", TextField())
    ).defer("old", "new")


def _parsed(event, name) -> dict:
    text = getattr(event, f"{name}_text", None)
    if text is not None:
        found = json.loads(text, parse_float=str)
    elif name in event.get_deferred_fields():
        return {}
    else:
        found = getattr(event, name)
    return found if isinstance(found, dict) else {}


class Readable:
    """Audit lines with their values in words. Queries: one a kind of record that is referred to."""

    def __init__(self, events):
        self.events = list(events)
        self.values = [(_parsed(e, "old"), _parsed(e, "new")) for e in self.events]
        self.keys = self._keys()
        told = self._records()
        for event, (old, new) in zip(self.events, self.values, strict=True):
            event.fields = tuple(self._fields(event, old, new))
            event.values_read = (old, new)
            event.record_shown = told.get((event.record_type, event.record_id), event.record)
            event.who = self.keys[User].get(event.by_id) or event.by_name or event.database_user

    def _field(self, event, name):
        model = models_by_type().get(event.record_type) if event.kind == "change" else None
        if model is None:
            return None
        try:
            field = model._meta.get_field(name.removesuffix("_id"))
        except FieldDoesNotExist:
            return None
        return field if field.concrete else None

    def _keys(self) -> dict:
        wanted = defaultdict(set)
        wanted[User].update(e.by_id for e in self.events if e.by_id)
        for event, (old, new) in zip(self.events, self.values, strict=True):
            for name in {*old, *new}:
                field = self._field(event, name)
                if field is not None and field.is_relation and field.related_model:
                    ids = {old.get(name), new.get(name)}
                    wanted[field.related_model].update(i for i in ids if isinstance(i, int))
        return {model: _names_of(model, ids) for model, ids in wanted.items()}

    def _records(self) -> dict:
        """Return keys of records that a trigger could only name by their id."""
        wanted = defaultdict(set)
        for event in self.events:
            if event.record_id and event.record == str(event.record_id):
                wanted[event.record_type].add(event.record_id)
        found = {}
        for record_type, ids in wanted.items():
            model = models_by_type().get(record_type)
            if model is None or not hasattr(model, "key"):
                continue
            above = [f.name for f in model._meta.fields if f.is_relation and f.name in _ABOVE]
            for record in model._default_manager.filter(pk__in=ids).select_related(*above):
                found[record_type, record.pk] = str(record.key)
        return found

    def _fields(self, event, old, new):
        for name, value in new.items() if new else old.items():
            if event.verb == "insert" and event.kind == "change" and value in EMPTY:
                continue
            field = self._field(event, name)
            before = old.get(name)
            yield Value(
                label=_label(field, name),
                old=self._shown(field, name, before),
                new=self._shown(field, name, value) if new else None,
                replaced=before not in EMPTY,
            )

    def _shown(self, field, name, value):
        if value in EMPTY:
            return None
        if isinstance(value, bool):
            return "yes" if value else "no"
        if field is not None and field.is_relation and field.related_model:
            return self.keys.get(field.related_model, {}).get(value, str(value))
        if field is not None and field.flatchoices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(value, str) and name.endswith("_at"):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                return value
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return str(value)


def _label(field, name) -> str:
    words = str(field.verbose_name) if field is not None else name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _names_of(model, ids) -> dict:
    """Return what people call these rows: one query."""
    if not ids:
        return {}
    columns = {field.name for field in model._meta.concrete_fields}
    key = getattr(model, "key_field", "id")
    if model is User:
        name = "full_name"
    elif key != "id" and key in columns:
        name = key
    else:
        name = next((one for one in _NAMES if one in columns), "pk")
    found = model._default_manager.filter(pk__in=ids).values_list("pk", name)
    return {pk: str(text) for pk, text in found}


class Changes:
    """What was changed after it was first entered, in the records of one page: one query."""

    def __init__(self, records=()):
        self.records = [record for record in records if getattr(record, "pk", None)]
        self._found = None

    def add(self, records) -> None:
        """Mark the values of further records too. Before the first mark is drawn."""
        self.records += [record for record in records if record.pk]

    def of(self, record, field: str) -> Change | None:
        """Return the changes of one value, or None when it is still what was first entered."""
        if self._found is None:
            self._found = self._load()
        kind = getattr(record, "record_type", "")
        column = _column(record, field)
        return self._found.get((kind, record.pk, column))

    def _load(self) -> dict:
        where = Q(pk__in=[])
        for kind, ids in self._ids().items():
            where |= Q(record_type=kind, record_id__in=sorted(ids))
        events = AuditEvent.objects.filter(where, kind=AuditEvent.Kind.CHANGE, verb="update")
        readable = Readable(exact_values(events.order_by("id")))
        lines = defaultdict(list)
        for event, (_, new) in zip(readable.events, readable.values, strict=True):
            for name, value in zip(new, event.fields, strict=True):
                key = (event.record_type, event.record_id, name)
                # A first value is one that was entered: filling in what was empty changes nothing.
                if value.replaced or key in lines:
                    lines[key].append((event, value))
        return {
            key: Change(
                label=found[0][1].label,
                first=found[0][1].old,
                lines=tuple({"event": event, "value": value} for event, value in found),
            )
            for key, found in lines.items()
        }

    def _ids(self) -> dict:
        ids = defaultdict(set)
        for record in self.records:
            ids[getattr(record, "record_type", "")].add(record.pk)
        return ids


def _column(record, field: str) -> str:
    try:
        return record._meta.get_field(field).column
    except FieldDoesNotExist:
        return field
