"""The form in which rows are hashed. Changing it breaks every seal there is: add a new one beside.

`row_text` was compared on PostgreSQL 15 and 18: json_build_array, timestamps and jsonb are spelled
alike. An export carries the very text, so that the check outside needs no database.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection

FORM = "json_build_array/1"
BLOCK = 2_000
LEAF = 40
LOWEST = -(2**63)  # the first seal begins below every id that could be slipped in

# Written once, and yet under no seal, each with the reason.
UNSEALED = {
    "records.DocumentContent": "its document, which is sealed, has the SHA-256 of these bytes",
    "records.Seal": "the chain itself",
    "records.SealedBlock": "its seal has the SHA-256 of its leaves",
}


def sealed_models() -> list:
    """Return every model whose rows are written once, by table."""
    return sorted(
        (
            model
            for model in apps.get_models()
            if "no_update" in {trigger.name for trigger in getattr(model._meta, "triggers", ())}
            and model._meta.label not in UNSEALED
        ),
        key=lambda model: model._meta.db_table,
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A sealed table: its name and the columns that are hashed, in order."""

    name: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, model) -> "Table":
        fields = model._meta.concrete_fields
        return cls(model._meta.db_table, tuple(f.column for f in fields if f.column != "id"))

    @property
    def row_text(self) -> str:
        """SQL for a row's text, of a row called r."""
        columns = ", ".join(f"r.{_quoted(column)}" for column in self.columns)
        return f"json_build_array({columns})::text"

    @property
    def leaves(self) -> str:
        """SQL for the leaves of a set of rows called r."""
        return (
            "coalesce(string_agg(int8send(r.id) ||"
            f" sha256(convert_to({self.row_text}, 'UTF8')), ''::bytea ORDER BY r.id), ''::bytea)"
        )

    @property
    def quoted(self) -> str:
        return _quoted(self.name)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def in_utc() -> None:
    """Have instants written as UTC until the end of the transaction: they are part of the text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")


def split(leaves: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (id, digest) of each leaf."""
    return struct.iter_unpack(">q32s", leaves)
