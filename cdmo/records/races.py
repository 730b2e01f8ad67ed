"""What PostgreSQL refuses in a race comes out in words, as every other refusal does."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction
from psycopg2.errors import UniqueViolation

from cdmo.blockers import Blocked, Blocker


@contextmanager
def one_of_a_kind(code: str, message: str, record=None):
    """Write inside a savepoint; a unique key that is taken raises Blocked with this sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise Blocked([Blocker(code, message, record=record)]) from error
