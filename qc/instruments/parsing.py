"""One file through its readers: the cheap checks, then each reader in a child process.

Touches no database, so it can be run, timed and tested by itself.
"""

import os
import sys
import time
from dataclasses import dataclass

from qc.instruments.agreement import Disagreement, compare
from qc.instruments.precheck import check_file
from qc.instruments.reading import ReadOutcome, refused
from qc.instruments.registry import vendor_named
from qc.instruments.sandbox import run_reader

ABSENT = (
    "The second reader is not installed on this server, so the values are confirmed by one reader "
    "only."
)
ABSENT_AND_NEEDED = (
    "Files of this kind are read by allotropy, which is not installed on this server. Tell your "
    "administrator; the file is kept and can be read again."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reader's turn at the file."""

    role: str  # first | second
    outcome: ReadOutcome
    seconds: float


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of a file. `error` is one plain sentence, empty when the first reader read it."""

    attempts: tuple[Attempt, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    error: str = ""
    second_absent: bool = False

    @property
    def first(self) -> ReadOutcome | None:
        return self.attempts[0].outcome if self.attempts else None

    @property
    def second(self) -> ReadOutcome | None:
        return self.attempts[1].outcome if len(self.attempts) > 1 else None


def parse(data: bytes, *, filename: str, vendor: str, second_python: str) -> Parsed:
    """Check a file and read it. Never raises for any file, name or vendor.

    The second reader is asked only about files that the first could read: its word alone would not
    make the values of a native reader's refusal trustworthy.
    """
    problems = check_file(data, filename=filename, vendor=vendor)
    if problems:
        return Parsed(error=" ".join(problems))
    entry = vendor_named(vendor)
    installed = os.access(second_python, os.X_OK)

    def read(kind: str, role: str, python: str) -> Attempt:
        began = time.monotonic()
        outcome = run_reader(kind, data=data, filename=filename, vendor=vendor, python=python)
        return Attempt(role, outcome, time.monotonic() - began)

    if entry.native is None:
        first = (
            read("allotropy", "first", second_python)
            if installed
            else Attempt("first", _absent(ABSENT_AND_NEEDED), 0.0)
        )
        return Parsed((first,), error=first.outcome.error, second_absent=not installed)
    first = read("native", "first", sys.executable)
    if not first.outcome.ok or not entry.allotropy:
        return Parsed((first,), error=first.outcome.error)
    if not installed:
        return Parsed((first, Attempt("second", _absent(ABSENT), 0.0)), second_absent=True)
    second = read("allotropy", "second", second_python)
    return Parsed((first, second), compare(first.outcome, second.outcome))


def _absent(sentence: str) -> ReadOutcome:
    return refused(sentence, reader="allotropy", reader_version="")
