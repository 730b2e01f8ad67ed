"""What a seal says, as values: read from and written to its canonical JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from cdmo.records.seals.form import FORM, LOWEST, Table


class Block(NamedTuple):
    """Ids after `after` up to `through`; `sha256` is over the leaves of the rows among them.

    `earliest` and `latest`: when its audit events were logged, by the database's clock.
    """

    after: int
    through: int
    rows: int
    sha256: str
    earliest: str | None = None
    latest: str | None = None


@dataclass
class Part:
    """The blocks of one table under one seal."""

    table: str
    columns: tuple[str, ...]
    blocks: list[Block]

    @property
    def form(self) -> Table:
        return Table(self.table, tuple(self.columns))


@dataclass
class Content:
    """One seal. `covered`: for every table ever sealed, the id up to which it is under a seal."""

    number: int
    sealed_at: str
    app_version: str
    previous: str
    parts: list[Part]
    covered: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Content":
        """Read a seal's content. Raises ValueError, KeyError or TypeError when it is none."""
        data = json.loads(text)
        return cls(
            number=data["number"],
            sealed_at=data["sealed_at"],
            app_version=data["app_version"],
            previous=data["previous"],
            parts=[
                Part(
                    part["table"],
                    tuple(part["columns"]),
                    [Block(*block) for block in part["blocks"]],
                )
                for part in data["tables"]
            ],
            covered=data["covered"],
        )

    def plain(self) -> dict:
        return {
            "form": FORM,
            "number": self.number,
            "sealed_at": self.sealed_at,
            "app_version": self.app_version,
            "previous": self.previous,
            "tables": [
                {
                    "table": part.table,
                    "columns": list(part.columns),
                    "blocks": [list(block) for block in part.blocks],
                }
                for part in self.parts
            ],
            "covered": self.covered,
        }

    def through(self, table: str) -> int:
        return self.covered.get(table, LOWEST)

    def blocks(self) -> Iterator[Block]:
        for part in self.parts:
            yield from part.blocks

    def latest(self) -> str | None:
        """When the last audit event under this seal was logged; None when it has none."""
        return next((b.latest for b in reversed([*self.blocks()]) if b.latest), None)
