"""Point-in-time recovery, drilled with PostgreSQL's own tools as docs/production.md tells it."""

import shutil
import time
from contextlib import closing

import psycopg2
import pytest

from cdmo.runtime.addresses import OWNER, PORT, database_url, kept_secret
from cdmo.runtime.postgresql import PostgreSQL, hand_over

pytestmark = [pytest.mark.embedded, pytest.mark.statement("P-38")]


def ask(folder, *statements):
    with closing(psycopg2.connect(database_url(folder))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None


def wait_for(condition) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.1)


def an_archiving_server(folder) -> PostgreSQL:
    """A server that archives its log, and whose owner may copy it as a whole."""
    archive = folder / "archive"
    server = PostgreSQL(
        folder,
        more=("archive_mode=on", f"archive_command=cp %p {archive}/%f", "max_wal_senders=4"),
    )
    archive.mkdir()
    server.start()
    hand_over(archive, server.account)
    server.stop()
    with (server.places.cluster / "pg_hba.conf").open("a") as access:
        access.write(f"local replication {OWNER} scram-sha-256\n")
    server.single_user(f"ALTER ROLE {OWNER} REPLICATION")
    server.launch()
    assert server.wait_until_it_answers()
    return server


def test_a_database_is_brought_back_to_the_moment_before_a_disaster(folder):
    server = an_archiving_server(folder)
    try:
        base = server.places.servers / "base"
        base.mkdir()
        hand_over(base, server.account)
        ask(folder, "CREATE TABLE record (name text)", "INSERT INTO record VALUES ('before')")
        where = f"host={server.places.sockets} port={PORT} user={OWNER}"
        password = kept_secret(folder, "postgresql-password")
        server.run(
            "pg_basebackup",
            f"--pgdata={base}",
            f"--dbname={where} password={password}",
            "--checkpoint=fast",
            "--wal-method=stream",
        )
        server.run("pg_verifybackup", str(base))
        ask(folder, "INSERT INTO record VALUES ('after the copy')")
        ((moment,),) = ask(folder, "SELECT clock_timestamp()::text")
        time.sleep(0.2)
        ask(folder, "DELETE FROM record", "INSERT INTO record VALUES ('the disaster')")
        server.stop()  # archives the last, half-filled segment of its log
        assert list((folder / "archive").iterdir())

        shutil.rmtree(server.places.cluster)
        base.rename(server.places.cluster)
        (server.places.cluster / "recovery.signal").touch()
        with (server.places.cluster / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"restore_command = 'cp {folder}/archive/%f %p'\n"
                f"recovery_target_time = '{moment}'\n"
                "recovery_target_action = 'promote'\n"
            )
        server.launch()
        assert server.wait_until_it_answers()
        wait_for(lambda: ask(folder, "SELECT pg_is_in_recovery()") == [(False,)])

        assert ask(folder, "SELECT name FROM record ORDER BY name") == [
            ("after the copy",),
            ("before",),
        ]
        ask(folder, "INSERT INTO record VALUES ('work goes on')")
    finally:
        server.stop()
