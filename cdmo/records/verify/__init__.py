"""Evidence that records are what was signed, logged and stored: `manage.py verify_records`.

Upper rooms register their own verifiers from their app's `ready()`. A verifier takes nothing and
returns a `Proven` of one kind of record: how many were looked at, and a line for each broken one.
It reads in pages, so that memory does not grow with the number of rows.
"""

from collections.abc import Iterator

from cdmo.records.verify.guards import guards
from cdmo.records.verify.histories import histories
from cdmo.records.verify.proven import Proven, Verifier
from cdmo.records.verify.sealed import against_copy, seals
from cdmo.records.verify.signed import documents, signatures

_verifiers: dict[str, Verifier] = {}


def register(name: str, verifier: Verifier) -> None:
    """Add a verifier under a name; the same name again replaces it."""
    _verifiers[name] = verifier


def verify_all() -> Iterator[Proven]:
    """Run every verifier, the ground floor's first."""
    for verifier in (seals, signatures, documents, histories, guards, *_verifiers.values()):
        yield verifier()


__all__ = ["Proven", "Verifier", "against_copy", "register", "verify_all"]
