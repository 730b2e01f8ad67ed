"""`python -m tests.external`: run tests on a separately installed PostgreSQL and Redis.

The embedded servers are the default; a production site has neither. Uses DATABASE_URL and
REDIS_URL when both are set, else makes a throw-away cluster with the machine's own PostgreSQL (15
is the oldest supported) and its own redis-server; on Debian as root it installs them first.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import redis

from cdmo.runtime.addresses import is_root
from cdmo.runtime.software import Account, account_for
from tests.stack import ROOT, free_port

OLDEST = 15
# What must hold on any server: migrations, triggers, policies, locks.
TESTS = ["-m", "not browser and not embedded", "-n", "2"]


def main() -> int:
    arguments = [*TESTS, *sys.argv[1:]]
    with ExitStack() as stack:
        given = dict(os.environ)
        if not (given.get("DATABASE_URL") and given.get("REDIS_URL")):
            programs = postgresql_programs()
            redis_server = shutil.which("redis-server")
            if not (programs and redis_server) and install():
                programs, redis_server = postgresql_programs(), shutil.which("redis-server")
            if not programs or not redis_server:
                say(f"No PostgreSQL {OLDEST} or later, or no redis-server, is installed here.")
                return 1 if os.environ.get("CI") else 0
            folder = Path(tempfile.mkdtemp(prefix="cdmo-external-"))
            folder.chmod(0o711)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            given["DATABASE_URL"] = start_postgresql(stack, programs, folder)
            given["REDIS_URL"] = start_redis(stack, redis_server, folder)
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(command, env=given).returncode


def postgresql_programs() -> Path | None:
    """Return the folder of the newest installed PostgreSQL that is new enough."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    folders += [Path(found).parent for found in [shutil.which("postgres")] if found]
    for folder in folders:
        if not (folder / "initdb").exists():
            continue
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
        version = re.search(r"\) (\d+)", said.stdout)
        if version and int(version[1]) >= OLDEST:
            say(said.stdout.strip())
            return folder
    return None


def install() -> bool:
    if not (is_root() and shutil.which("apt-get")):
        return False
    say("Installing PostgreSQL and Redis with apt-get.")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    install = [*apt, "install", "-y", "--no-install-recommends", "postgresql", "redis-server"]
    return not any(
        subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode
        for command in ([*apt, "update"], install)
    )


def start_postgresql(stack: ExitStack, programs: Path, folder: Path) -> str:
    """Start a throw-away cluster on loopback as Debian would make it; return its address."""
    cluster = folder / "postgresql"
    cluster.mkdir(mode=0o700)
    account = account_for(cluster)
    give(cluster, account)
    password_file = folder / "password"
    password = secrets.token_urlsafe(24)
    password_file.write_text(password)
    give(password_file, account)
    subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={cluster}",
            "--username=administrator",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        **account.popen(),
    )
    port = free_port()
    options = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
    ]
    with (folder / "postgresql.log").open("ab") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", cluster, *(f"--{option}" for option in options)],
            cwd=cluster,
            stdout=log,
            stderr=log,
            **account.popen(),
        )
    stack.callback(server.wait)
    stack.callback(server.send_signal, signal.SIGINT)
    address = f"host=127.0.0.1 port={port} user=administrator password={password} dbname=postgres"
    connection = patiently(lambda: psycopg2.connect(address))
    # The very script with which the container image, or an administrator, prepares a server.
    subprocess.run(
        [ROOT / "deploy" / "postgresql-init.sh"],
        check=True,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGPASSWORD": password,
            "POSTGRES_USER": "administrator",
            "CDMO_PASSWORD_FILE": str(password_file),
        },
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER ROLE cdmo CREATEDB")  # for the tests' databases only
    connection.close()
    return f"postgresql://cdmo:{password}@127.0.0.1:{port}/cdmo"


def start_redis(stack: ExitStack, program: str, folder: Path) -> str:
    port, password = free_port(), secrets.token_urlsafe(24)
    server = subprocess.Popen(
        [program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder
    )
    server.stdin.write(f"port {port}\nbind 127.0.0.1\nrequirepass {password}\nsave ''\n".encode())
    server.stdin.close()
    stack.callback(server.wait)
    stack.callback(server.terminate)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with redis.Redis.from_url(url, retry=None) as client:
        say(f"Redis {patiently(client.info)['redis_version']}")
    return url


def give(path: Path, account: Account) -> None:
    if is_root():
        os.chown(path, account.uid, account.gid)


def patiently(attempt, patience: float = 30):
    until = time.monotonic() + patience
    while True:
        try:
            return attempt()
        except (psycopg2.OperationalError, redis.RedisError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
