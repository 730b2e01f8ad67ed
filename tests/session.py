"""The servers and databases of one test session. Loaded by `-p tests.session`, before settings.

Without DATABASE_URL (REDIS_URL) the session starts an embedded PostgreSQL (Redis) of its own in a
throw-away folder: once, in the process that the user started; the parallel workers share it. With
them set, the same databases are made on that server.

Migrations run once a session, into a template; every worker works on a copy of it.
"""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest

from cdmo import env
from cdmo.runtime.addresses import redis_url
from tests import template

WORKER = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, …; none in the controlling process
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
OWN_FOLDER = "CDMO_TESTS_FOLDER"
OWN_SERVERS = "CDMO_TESTS_SERVERS"
REDIS_DATABASES = 16


def prepare_environment() -> None:
    """Set what settings read. Runs at import, in the controlling process and in every worker."""
    os.environ.setdefault("DEMONSTRATION", "0")
    if not WORKER:
        remove_abandoned_folders()
        folder = Path(tempfile.mkdtemp(prefix=f"cdmo-tests-{os.getpid()}-"))
        folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
        (folder / "static").mkdir()
        os.environ[OWN_FOLDER] = os.environ["DATA_DIR"] = str(folder)
        os.environ[OWN_SERVERS] = " ".join(
            name for name in ("DATABASE_URL", "REDIS_URL") if not env.text(name, "")
        )
    os.environ["REDIS_URL"] = numbered(redis_url(Path(os.environ["DATA_DIR"])))


def remove_abandoned_folders() -> None:
    """Remove what killed sessions left; their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob("cdmo-tests-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def numbered(url: str) -> str:
    """Return a Redis URL with this worker's own database in it."""
    number = NUMBER % REDIS_DATABASES
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{number}"))


prepare_environment()


class Servers:
    """Start and stop what the environment does not name."""

    def __init__(self):
        self.running = []

    def start(self) -> None:
        from cdmo.runtime.postgresql import PostgreSQL
        from cdmo.runtime.redisserver import RedisServer

        folder = Path(os.environ[OWN_FOLDER])
        needed = os.environ[OWN_SERVERS].split()
        if "DATABASE_URL" in needed:
            self.running.append(PostgreSQL(folder, durable=False))
        if "REDIS_URL" in needed:
            self.running.append(RedisServer(folder))
        for server in self.running:
            server.start()

    def stop(self) -> None:
        for server in self.running:
            server.stop()
        shutil.rmtree(os.environ[OWN_FOLDER], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if WORKER or config.option.collectonly or config.option.help:
        return
    # A closed terminal or a CI's time limit must not leave servers behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = Servers()
    config.add_cleanup(servers.stop)
    servers.start()
    from cdmo.settings import DATABASES

    if "DATABASE_URL" in os.environ[OWN_SERVERS]:
        return
    base = DATABASES["default"]["NAME"]
    config.add_cleanup(lambda: drop_all(base))
    drop_all(base)


@contextmanager
def one_at_a_time():
    """Hold back the other workers of this session."""
    with (Path(os.environ["DATA_DIR"]) / "template.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Database:
    """One worker's database: a copy of the migrated template, renewed when a test has spoilt it."""

    def __init__(self):
        from django.conf import settings

        self.base = settings.DATABASES["default"]["NAME"]
        self.template = f"test_{self.base}_template"
        self.name = f"test_{self.base}_{WORKER or 'main'}"

    def use(self, name: str) -> None:
        from django.conf import settings
        from django.db import connection

        connection.close()
        settings.DATABASES["default"]["NAME"] = name
        connection.settings_dict["NAME"] = name

    def make(self) -> None:
        from django.core.management import call_command
        from django.db import connection

        with one_at_a_time(), maintenance(self.base) as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.template])
            if not cursor.fetchone():
                draft = f"{self.template}_draft"
                drop_database(cursor, draft)
                cursor.execute(f'CREATE DATABASE "{draft}" TEMPLATE template0')
                self.use(draft)
                if not template.restore(draft):
                    call_command("migrate", interactive=False, verbosity=0)
                    connection.close()
                    template.save(draft)
                connection.close()
                cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{self.template}"')
        self.renew()

    def demonstration(self) -> str:
        """Return the name of a template that holds the demonstration data; make it if need be."""
        from django.core.management import call_command
        from django.db import connection

        name = f"test_{self.base}_demonstration"
        with one_at_a_time(), maintenance(self.base) as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not cursor.fetchone():
                draft = f"{name}_draft"
                drop_database(cursor, draft)
                cursor.execute(f'CREATE DATABASE "{draft}" TEMPLATE "{self.template}"')
                self.use(draft)
                call_command("demo", verbosity=0)
                connection.close()
                cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
        return name

    def renew(self, source: str = "") -> None:
        """Throw the worker's database away and copy the template again (a tenth of a second).

        Django would TRUNCATE every table instead: that takes as long, loses what migrations
        wrote, and is refused by tables that keep their rows for ever.
        """
        self.use(self.name)
        with one_at_a_time(), maintenance(self.base) as cursor:
            drop_database(cursor, self.name)
            cursor.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{source or self.template}"')

    def drop(self) -> None:
        from django.db import connection

        connection.close()
        with maintenance(self.base) as cursor:
            drop_database(cursor, self.name)


def drop_database(cursor, name: str) -> None:
    """Drop a database with whoever is in it.

    The one session that we may not end is the server's own cleaning (autovacuum): it is over soon.
    """
    import psycopg2

    until = time.monotonic() + 20
    while True:
        try:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except psycopg2.errors.InsufficientPrivilege:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def maintenance(database: str):
    """Connect beside Django: databases are made and dropped outside any transaction."""
    import psycopg2
    from django.conf import settings

    given = settings.DATABASES["default"]
    connection = psycopg2.connect(
        dbname=database,
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"],
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def drop_all(base: str) -> None:
    """Drop every test database that belongs to a database on a server that is not ours."""
    with maintenance(base) as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"test_{base}_"]
        )
        for (name,) in cursor.fetchall():
            drop_database(cursor, name)
