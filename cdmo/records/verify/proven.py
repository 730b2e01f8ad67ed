"""What a verifier answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass
class Proven:
    """What a verifier looked at, and what it found broken, a line each.

    `noted`: worth reading, yet nothing is wrong with a record. `latest` is the one at work, for
    whoever shows progress.
    """

    what: str
    checked: int = 0
    broken: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    latest: ClassVar["Proven | None"] = None

    def __post_init__(self):
        Proven.latest = self


Verifier = Callable[[], Proven]
