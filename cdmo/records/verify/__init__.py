"""Evidence that records are what was signed, logged and stored: `manage.py verify_records`.

Upper rooms register their own verifiers from their app's `ready()`. A verifier takes nothing and
returns a `Proven` of one kind of record: how many were looked at, and a line for each broken one.
It reads in pages, so that memory does not grow with the number of rows.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction

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
    """Run every verifier, each kind of record in one snapshot.

    Seals take as long as all others together and lean on none of them: they are proven on a second
    connection, unless we stand inside a transaction, which only this connection can see.
    """
    others = (signatures, documents, histories, guards, *_verifiers.values())
    if connection.in_atomic_block:
        for verifier in (seals, *others):
            yield verifier()
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        chain = pool.submit(_apart, seals)
        with _snapshot():
            for verifier in others:
                yield verifier()
        yield chain.result()


@contextmanager
def _snapshot():
    """A record changed while we look is seen before or after, never in between."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _apart(verifier: Verifier) -> Proven:
    try:
        with _snapshot():
            return verifier()
    finally:
        connection.close()


__all__ = ["Proven", "Verifier", "against_copy", "register", "verify_all"]
