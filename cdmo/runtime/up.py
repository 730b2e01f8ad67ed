"""Bring the site up on one machine and take all of it down again."""

import http.client
import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from honcho.environ import parse_procfile
from honcho.manager import Manager

from cdmo import env
from cdmo.runtime import frontend, leftovers
from cdmo.runtime.lock import Lock
from cdmo.runtime.postgresql import CannotStart, PostgreSQL
from cdmo.runtime.redisserver import RedisServer

ROOT = Path(__file__).resolve().parent.parent.parent
ASKED_TO_STOP = {130, 143}  # honcho's words for SIGINT and SIGTERM
DEMONSTRATION_PASSWORD = "demo-cdmo-2026"


class Site:
    """Everything that `make run` starts, on one data folder."""

    def __init__(self, *, data_dir: Path, host: str, port: int, say: Callable[[str], None]):
        self.data_dir = Path(data_dir)
        self.host = host
        self.port = port
        self.say = say
        self.mark = str(self.data_dir)
        shown = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host
        self.address = f"http://{shown}:{port}"

    def run(self) -> int:
        """Run until asked to stop (0) or until something fails for good (its code)."""
        signal.signal(signal.SIGTERM, interrupt)
        with ExitStack() as stack:
            stack.enter_context(Lock(self.data_dir, address=self.address))
            stack.callback(self.end_marked)
            try:
                self.end_marked()
                self.check_port()
                frontend.ensure()
                settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
                servers = self.start_servers(stack)
                self.prepare_database()
                crew = Crew(servers=servers, say=self.say)
                for name, command in procfile().items():
                    command = self.kept(name, command)
                    crew.add_process(name, command, env=self.environment(), cwd=str(ROOT))
                threading.Thread(target=self.announce, daemon=True).start()
                crew.loop()
            except KeyboardInterrupt:
                return 0
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)
                self.say("Stopping.")
        return 0 if crew.returncode in ASKED_TO_STOP else crew.returncode or 0

    def start_servers(self, stack: ExitStack) -> list:
        """Start PostgreSQL and Redis where the environment names none."""
        servers = []
        if not env.text("DATABASE_URL", ""):
            servers.append(PostgreSQL(self.data_dir))
        if not env.text("REDIS_URL", ""):
            servers.append(RedisServer(self.data_dir))
        for server in servers:
            self.say(f"Starting {server.name}.")
            stack.callback(server.stop)
            server.start()
        return servers

    def prepare_database(self) -> None:
        """Migrate, and load the demonstration unless told not to."""
        self.say("Migrating the database.")
        call_command("migrate", interactive=False, verbosity=0)
        if settings.DEMONSTRATION:
            self.say("Loading the demonstration.")
            try:
                call_command("demo")
            except CommandError as refusal:
                raise CannotStart(f"{refusal} DEMONSTRATION=0 runs the site without it.") from None
        # The processes below are forks: a connection that two of them share would mix answers.
        connections.close_all()

    def check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((self.host, self.port))
            except OSError as error:
                raise CannotStart(
                    f"{self.address} cannot be used: {error.strerror}. "
                    "Choose another port, for example: PORT=8001 make run"
                ) from None

    def kept(self, name: str, command: str) -> str:
        keep = [sys.executable, "-m", "cdmo.runtime.keep", name, str(os.getpid())]
        return "exec " + shlex.join([*keep, *shlex.split(command)])

    def environment(self) -> dict[str, str]:
        """Return what the processes see: this run's mark, and our programs first on PATH."""
        programs = str(Path(sys.executable).parent)
        return {
            **os.environ,
            leftovers.MARK: self.mark,
            "DATA_DIR": str(self.data_dir),
            "HOST": self.host,
            "PORT": str(self.port),
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            # On a laptop or in a throw-away container the worker may well run as root.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def announce(self) -> None:
        """Say where the site is and how to log in, once it is ready."""
        while not answers(self.host, self.port, "/readyz"):
            time.sleep(0.2)
        lines = ["", f"Ready: {self.address}"]
        if settings.DEMONSTRATION:
            lines += demonstration_logins()
        self.say("\n".join([*lines, "Ctrl-C stops everything.", ""]))

    def end_marked(self) -> None:
        leftovers.end(leftovers.marked(self.mark))


class Crew(Manager):
    """Honcho's manager, which also watches over the embedded servers."""

    def __init__(self, *, servers: list, say: Callable[[str], None]):
        super().__init__()
        self.servers = servers
        self.say = say
        self.finished = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def loop(self):
        try:
            super().loop()
        finally:
            self.finished.set()
            if self.watcher.ident:
                self.watcher.join()

    def _start(self):
        super()._start()
        # Only now: honcho forks, and a thread may hold a lock at that moment.
        self.watcher.start()

    def watch(self) -> None:
        """Start an embedded server again when it dies: the site then goes on by itself."""
        while not self.finished.wait(0.5):
            for server in self.servers:
                if server.is_alive() or self.finished.is_set():
                    continue
                self.say(f"{server.name} died; starting it again.")
                try:
                    server.start()
                except CannotStart as error:
                    self.say(str(error))

    def terminate(self):
        self.finished.set()
        super().terminate()


def procfile() -> dict[str, str]:
    """Return the site's programs by name: the same lines that production runs."""
    return dict(parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes)


def answers(host: str, port: int, path: str) -> bool:
    """Return whether the site says 200; asked directly, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host, port, timeout=5
    )
    try:
        connection.request("GET", path, headers={"Host": "127.0.0.1"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def demonstration_logins() -> list[str]:
    """Return the lines that tell who can log in."""
    from cdmo.accounts.models import User

    people = User.objects.filter(email__endswith=".example", is_active=True, is_service=False)
    rows = [(user.email, user.full_name) for user in people.order_by("pk")]
    width = max((len(email) for email, _ in rows), default=0)
    lines = [f"  {email:<{width}}  {name}" for email, name in rows]
    return [f"Demonstration people, password {DEMONSTRATION_PASSWORD}:", *lines]


def interrupt(*_):
    """Turn SIGTERM during the start into what Ctrl-C does, so that everything is cleaned up."""
    raise KeyboardInterrupt
