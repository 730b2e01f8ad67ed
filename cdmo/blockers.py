"""How anything in this house is refused: every objection at once, in the users' words.

`rules.py` modules yield `Blocker`s; services pass them through `ensure_clear`; doors turn `Blocked`
into a 409 with the list (REST) or into the list above the form (pages).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A record by its public name, where no model instance is at hand."""

    record_type: str
    key: str

    def as_json(self) -> dict:
        return {"record_type": self.record_type, "record": self.key}


@dataclass(frozen=True, slots=True)
class Blocker:
    """One objection: a stable code, a sentence, the record behind it and who can lift it."""

    code: str
    message: str
    record: Any = None
    owner: str = ""

    @property
    def record_type(self) -> str:
        return getattr(self.record, "record_type", "") if self.record is not None else ""

    @property
    def record_key(self) -> str:
        return str(getattr(self.record, "key", "")) if self.record is not None else ""

    def as_json(self) -> dict:
        return {
            "code": self.code,
            "message": self.message,
            "record_type": self.record_type,
            "record": self.record_key,
        }


class Blocked(Exception):
    """A change was refused. Carries all blockers; nothing was written."""

    def __init__(self, blockers: Iterable[Blocker]):
        self.blockers = list(blockers)
        super().__init__("; ".join(blocker.message for blocker in self.blockers))

    @property
    def codes(self) -> list[str]:
        return [blocker.code for blocker in self.blockers]


def ensure_clear(blockers: Iterable[Blocker]) -> None:
    """Raise Blocked with every objection, or return if there is none."""
    found = list(blockers)
    if found:
        raise Blocked(found)
