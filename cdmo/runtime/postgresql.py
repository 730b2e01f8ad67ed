"""The embedded PostgreSQL: made once, started, recovered after a crash, stopped.

Only a Unix socket, only one role, only with a random password. That role is not a superuser, so
that a right missing in production is missed here too.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2

from cdmo.runtime import leftovers, software
from cdmo.runtime.addresses import DATABASE, OWNER, PORT, database_url, kept_secret, places

PATIENCE = 60  # seconds for recovery after a crash; a clean start takes one
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT  # PostgreSQL's shutdown modes
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class CannotStart(Exception):
    """An embedded server did not start; the message holds the end of its log."""


class PostgreSQL:
    """The PostgreSQL server of one data folder."""

    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, durable: bool = True, more: tuple[str, ...] = ()):
        """`more`: settings of PostgreSQL beside ours, such as `archive_mode=on`."""
        self.places = places(data_dir)
        self.durable = durable
        self.more = more
        self.log = self.places.data / "logs" / "postgresql.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the server, making or repairing what it needs; return when it answers."""
        prepare_folders(self.places)
        self.account = software.account_for(self.places.cluster)
        self.programs = software.postgresql_programs(self.account, self.places.servers / "software")
        hand_over(self.places.sockets, self.account)
        self.end_leftovers()
        self.make_cluster()
        self.check_version()
        self.launch()
        if not self.wait_until_it_answers():
            # data/secrets was removed or replaced: the cluster takes over today's password.
            self.stop()
            self.single_user(self.password_statement())
            self.launch()
            if not self.wait_until_it_answers():
                raise CannotStart(self.failure("refuses the password just set"))

    def launch(self) -> None:
        settings = [
            "listen_addresses=",
            f"port={PORT}",
            f"unix_socket_directories={quoted(self.places.sockets)}",
            "unix_socket_permissions=0700",
            "timezone=UTC",
            "log_timezone=UTC",
            "logging_collector=off",
            *(() if self.durable else THROW_AWAY),
            *self.more,
        ]
        arguments = [part for setting in settings for part in ("-c", setting)]
        with open_log(self.log) as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.places.cluster, *arguments],
                cwd=self.places.cluster,
                env=plain_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=leftovers.die_with_parent(FAST),
                **self.account.popen(),
            )

    def wait_until_it_answers(self) -> bool:
        """Return True when the server takes our password, False when it refuses it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                psycopg2.connect(database_url(self.places.data), connect_timeout=2).close()
            except psycopg2.OperationalError as error:
                if "password authentication failed" in str(error):
                    return False
            else:
                return True
            if self.process.poll() is not None:
                raise CannotStart(self.failure("stopped at once"))
            time.sleep(0.05)
        self.stop()
        raise CannotStart(self.failure(f"did not answer within {PATIENCE} seconds"))

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop the server: fast first (sessions are ended, nothing is lost), then at once."""
        if self.process is None:
            return
        for how, patience in ((FAST, 20), (IMMEDIATE, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(how)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def end_leftovers(self) -> None:
        """End a server of ours that an earlier run left, and clear the marks a dead one left.

        PostgreSQL refuses to start while postmaster.pid names any living process of its account;
        after a crash that number may belong to anybody. Its own processes are known by their
        working folder, so once none is left the files are certainly stale.
        """
        ours = leftovers.at_home("postgres", self.places.cluster)
        if ours:
            leftovers.end(leftovers.heads(ours), gently=FAST, patience=10)
            leftovers.end(leftovers.at_home("postgres", self.places.cluster), patience=2)
        (self.places.cluster / "postmaster.pid").unlink(missing_ok=True)
        for stale in self.places.sockets.glob(f".s.PGSQL.{PORT}*"):
            stale.unlink(missing_ok=True)

    def make_cluster(self) -> None:
        """Make the cluster unless it is there; it appears under its name only when complete."""
        if (self.places.cluster / "PG_VERSION").exists():
            return
        draft = self.places.servers / "postgresql.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        hand_over(draft, self.account)
        self.run(
            "initdb",
            f"--pgdata={draft}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",  # the same order on every machine, whatever its libc
            "--builtin-locale=C.UTF-8",
            "--auth=reject",
            *(() if self.durable else ("--no-sync",)),
        )
        access = draft / "pg_hba.conf"
        access.write_text(f"local all {OWNER} scram-sha-256\n", encoding="ascii")
        hand_over(access, self.account)
        self.single_user(
            f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE",
            self.password_statement(),
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
            cluster=draft,
        )
        shutil.rmtree(self.places.cluster, ignore_errors=True)
        draft.rename(self.places.cluster)

    def check_version(self) -> None:
        major = (self.places.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        said = self.run("postgres", "--version")  # postgres (PostgreSQL) 18.6
        if f") {major}." not in said:
            raise CannotStart(
                f"{self.places.cluster} was made by PostgreSQL {major}, but the program is "
                f"{said.strip()}. Move the data with pg_dump, or use another DATA_DIR."
            )

    def password_statement(self) -> str:
        password = kept_secret(self.places.data, "postgresql-password")
        return f"ALTER ROLE {OWNER} PASSWORD '{password}'"

    def single_user(self, *statements: str, cluster: Path | None = None) -> None:
        """Run statements as the superuser whom no connection can ever be."""
        # Single-user mode answers success even after an error, so the last line must come back.
        proof = secrets.token_hex(8)
        said = self.run(
            "postgres",
            "--single",
            "-D",
            str(cluster or self.places.cluster),
            "postgres",
            text="\n".join([*statements, f"SELECT '{proof}'"]) + "\n",
        )
        if "ERROR:" in said or "FATAL:" in said or proof not in said:
            raise CannotStart(f"PostgreSQL could not be set up:\n{said[-2000:]}")

    def run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run one of the wheel's programs to its end and return all it said."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd="/",
            env=plain_environment(),
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self.account.popen(),
        )
        if done.returncode:
            raise CannotStart(f"{program} failed:\n{done.stdout[-2000:]}")
        return done.stdout

    def failure(self, what: str) -> str:
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        return f"{self.name} {what}. The end of {self.log}:\n{tail}"


def prepare_folders(where) -> None:
    """Make the servers' folders; refuse a folder in a shared place that somebody else made."""
    where.servers.mkdir(parents=True, exist_ok=True)
    where.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    allowed = {os.geteuid(), software.account_for(where.cluster).uid}
    for folder in (where.servers, where.sockets):
        if folder.is_symlink() or folder.stat().st_uid not in allowed:
            raise CannotStart(f"{folder} belongs to another user; use another DATA_DIR.")


def hand_over(path: Path, account: software.Account) -> None:
    """Give a folder or file to the server's account and shut it to everybody else."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if path.stat().st_uid != account.uid:
        os.chown(path, account.uid, account.gid)


def open_log(path: Path, largest: int = 10_000_000):
    """Open a log for appending; one that has grown large starts anew."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    large = path.exists() and path.stat().st_size > largest
    return path.open("wb" if large else "ab")


def plain_environment() -> dict[str, str]:
    """Return an environment in which no PG* variable or locale of the user's has a say."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def quoted(path: Path) -> str:
    """Return a path as an element of a PostgreSQL list setting: commas and blanks kept."""
    return '"' + str(path).replace('"', '""') + '"'
