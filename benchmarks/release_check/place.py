"""A database of its own for the measurement: made, migrated, dropped at the end."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

NAME = "cdmo_benchmark_release_check"


@contextmanager
def database_of_our_own():
    """Yield with Django on a fresh database: on DATABASE_URL's server, else an embedded one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdmo.settings")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")  # named, never asked
    os.environ.setdefault("DEMONSTRATION", "0")
    if os.environ.get("DATABASE_URL"):
        with _on_a_given_server():
            yield
        return
    with tempfile.TemporaryDirectory(prefix="cdmo-benchmark-") as folder:
        Path(folder).chmod(0o711)
        os.environ["DATA_DIR"] = folder
        from cdmo.runtime.postgresql import PostgreSQL

        server = PostgreSQL(Path(folder))
        server.start()
        try:
            _set_up()
            yield
        finally:
            from django.db import connections

            connections.close_all()
            server.stop()


@contextmanager
def _on_a_given_server():
    import psycopg2

    given = os.environ["DATABASE_URL"]
    server = psycopg2.connect(given)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {NAME}")
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(given)._replace(path=f"/{NAME}"))
    try:
        _set_up()
        yield
    finally:
        from django.db import connections

        connections.close_all()
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.close()


def _set_up() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
