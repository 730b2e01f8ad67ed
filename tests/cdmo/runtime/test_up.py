"""`manage.py up` from the outside: what a person at a terminal sees and what remains afterwards."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cdmo.runtime import leftovers
from cdmo.runtime.addresses import places
from cdmo.runtime.up import ROOT
from tests.stack import database_url, free_port

pytestmark = [pytest.mark.embedded, pytest.mark.xdist_group("up")]
PROGRAMS = ("gunicorn", "worker", "beat")


class Terminal:
    """A person's terminal in which `up` runs."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self.output = folder.with_suffix(".log")

    def up(self, **named: str) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
            and not name.startswith(("PYTEST", "CDMO"))
        }
        environment.update(DATA_DIR=str(self.folder), PORT=str(self.port), DEMONSTRATION="0")
        environment.update(named)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("GET", "/readyz")
            return json.loads(connection.getresponse().read()) == {"status": "ready"}
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait(self, condition, what: str, patience: float = 90) -> None:
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                pytest.fail(f"waited {patience} s for {what}:\n{self.text()[-4000:]}")
            time.sleep(0.1)

    def programs(self) -> dict[str, psutil.Process]:
        """Return gunicorn, worker and scheduler: the processes that the keepers look after."""
        found = {}
        for process in leftovers.marked(str(self.folder)):
            with suppress(psutil.NoSuchProcess):  # gone, or a zombie, between two looks
                parent = process.parent()
                if parent and "cdmo.runtime.keep" in parent.cmdline():
                    line = " ".join(process.cmdline())
                    found.update({name: process for name in PROGRAMS if f"{name} " in f"{line} "})
        return found

    def servers(self) -> list[psutil.Process]:
        where = places(self.folder)
        return leftovers.at_home("postgres", where.cluster) + leftovers.at_home(
            "redis-server", where.servers / "redis"
        )

    def nothing_left(self) -> bool:
        return not leftovers.marked(str(self.folder)) and not self.servers()


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp(prefix="cdmo-up-"))
    path.chmod(0o711)
    yield path
    path.with_suffix(".log").unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def terminal(folder):
    opened = Terminal(folder)
    opened.up()
    opened.wait(lambda: "Ready: " in opened.text(), "the announcement")
    yield opened
    if opened.process.poll() is None:
        opened.process.send_signal(signal.SIGTERM)
        opened.process.wait(30)
    leftovers.end(leftovers.marked(str(folder)))
    leftovers.end(opened.servers(), signal.SIGQUIT)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_asked_to_stop_it_leaves_nothing_behind(terminal, asked):
    assert f"http://127.0.0.1:{terminal.port}" in terminal.text()
    assert set(terminal.programs()) == set(PROGRAMS)
    terminal.process.send_signal(asked)
    assert terminal.process.wait(30) == 0
    assert terminal.nothing_left()
    assert "Traceback" not in terminal.text()


def test_a_second_start_says_plainly_that_the_first_runs(terminal):
    second = Terminal(terminal.folder)
    second.output = terminal.folder.with_suffix(".second.log")
    second.up()
    assert second.process.wait(60) == 1
    said = second.text()
    second.output.unlink()
    assert f"Already running: http://127.0.0.1:{terminal.port}" in said
    assert f"process {terminal.process.pid}" in said
    assert "Traceback" not in said
    assert terminal.ready()


def test_whatever_is_killed_comes_back_while_it_runs(terminal):
    for name in PROGRAMS:
        victim = terminal.programs()[name]
        victim.kill()
        terminal.wait(
            lambda name=name, victim=victim: terminal.programs().get(name) not in (None, victim),
            f"{name} to come back",
        )
    for server in list(terminal.servers()):
        with suppress(psutil.NoSuchProcess):
            server.kill()
    terminal.wait(lambda: "Redis died; starting it again." in terminal.text(), "the watcher")
    terminal.wait(terminal.ready, "the site to recover")
    assert terminal.process.poll() is None


def test_after_kill_9_the_programs_end_and_a_second_start_recovers(terminal):
    terminal.process.kill()
    terminal.process.wait()
    terminal.wait(lambda: not terminal.programs(), "the keepers to notice", patience=20)
    terminal.up()
    terminal.wait(lambda: "Ready: " in terminal.text(), "the second start")
    assert terminal.ready()
    assert set(terminal.programs()) == set(PROGRAMS)


def test_after_kill_9_of_everything_a_second_start_recovers(terminal):
    for process in [terminal.process, *leftovers.marked(str(terminal.folder)), *terminal.servers()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    terminal.process.wait()
    terminal.up()
    terminal.wait(lambda: "Ready: " in terminal.text(), "the second start")
    assert terminal.ready()


def test_a_port_in_use_is_named_before_anything_starts(folder):
    opened = Terminal(folder)
    with socket.socket() as other:
        other.bind(("127.0.0.1", opened.port))
        other.listen()
        opened.up()
        assert opened.process.wait(60) == 1
    assert "PORT=8001 make run" in opened.text()
    assert opened.nothing_left()


@pytest.mark.django_db(transaction=True)
def test_servers_named_in_the_environment_are_used_and_none_is_started(folder, settings):
    opened = Terminal(folder)
    opened.up(DATABASE_URL=database_url(), REDIS_URL=settings.REDIS_URL)
    try:
        opened.wait(lambda: "Ready: " in opened.text(), "the announcement")
        assert opened.servers() == []
    finally:
        opened.process.terminate()
    assert opened.process.wait(30) == 0
    assert opened.nothing_left()
