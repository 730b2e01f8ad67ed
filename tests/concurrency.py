"""Two people pressing at once, without luck: the second starts while the first is not committed."""

import threading
import time
from contextlib import contextmanager

import psycopg2
from django.db import connection, transaction

from cdmo.blockers import Blocked

PATIENCE = 10


def one_after_the_other(first, second):
    """Run `first` in a transaction, start `second` in a thread, commit, and return second's answer.

    `second` reaches its own lock (or, without one, its judgement) before the first commits. A
    refusal is returned as the Blocked itself. Needs a test with `transaction=True`.
    """
    answer = []

    def run():
        try:
            answer.append(second())
        except Blocked as refused:
            answer.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        _wait_until_held_back(thread)
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the second caller never came to an end"
    return answer[0] if answer else None


def _wait_until_held_back(thread) -> None:
    until = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < until:
        with connection.cursor() as cursor:
            # Within a transaction PostgreSQL looks at the sessions once and remembers them.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            if cursor.fetchone():
                return
        time.sleep(0.01)


class Session:
    """A database session beside Django's: call it with a statement; nothing commits by itself."""

    def __init__(self):
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        self.connection = psycopg2.connect(**parameters)
        self.commit, self.rollback = self.connection.commit, self.connection.rollback

    def __call__(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)


@contextmanager
def in_another_session():
    """Give a Session, closed at the end. Needs a test with `transaction=True`."""
    session = Session()
    try:
        yield session
    finally:
        session.connection.close()
