"""The real site for a test: gunicorn, Celery worker and scheduler as the Procfile names them."""

import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings

from cdmo.runtime import leftovers
from cdmo.runtime.up import ROOT, procfile

PATIENCE = 40


class Stack:
    """Programs on this worker's database and Redis, each started, stopped and killed by name."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: dict[str, subprocess.Popen] = {}
        self.logs = Path(settings.DATA_DIR) / f"stack-{self.port}"
        self.logs.mkdir()
        # Tests that ask a stack from inside this process (requests, Playwright) need a proxy-free
        # way to it, whatever the machine's environment says.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

    def start(self, *names: str) -> None:
        """Start what does not run; return when the web answers and a worker is heard."""
        for name in names:
            if name not in self.running or self.running[name].poll() is not None:
                self.running[name] = self.launch(name)
        if "web" in names:
            self.wait_for(lambda: self.get("/healthz")[0] == 200, "the web")
        if "worker" in names and "web" in names:
            self.wait_for(lambda: self.get("/readyz")[0] == 200, "the worker")

    def launch(self, name: str) -> subprocess.Popen:
        command = shlex.split(procfile()[name])
        command[0] = str(Path(sys.executable).parent / command[0])
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=leftovers.die_with_parent(signal.SIGKILL),
            )

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "SECRET_KEY": settings.SECRET_KEY,
            "DATA_DIR": str(self.logs),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
        }

    def stop(self, *names: str) -> None:
        """Stop programs as an administrator would: asked politely, killed after some seconds."""
        for name in names or list(self.running):
            process = self.running.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                pass
            kill_group(process)

    def kill(self, name: str) -> None:
        """Kill a program and all its children without warning (kill -9)."""
        kill_group(self.running.pop(name))

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> tuple[int, dict | str]:
        """Ask the site without a session: (status, JSON or text); status 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def wait_for(
        self, condition: Callable[[], object], what: str, patience: float = PATIENCE
    ) -> None:
        """Wait until a condition holds; fail with the end of every log."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if condition():
                return
            time.sleep(0.1)
        logs = "\n".join(f"--- {name}\n{self.log(name)[-3000:]}" for name in self.running)
        raise AssertionError(f"Waited {patience:.0f} s for {what}.\n{logs}")


def kill_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def database_url() -> str:
    """Return the address of the database that this process tests on."""
    given = settings.DATABASES["default"]
    options = urlencode({"host": given["HOST"], "port": given["PORT"]}, quote_via=quote)
    user = f"{quote(given['USER'])}:{quote(given['PASSWORD'], safe='')}"
    return f"postgresql://{user}@/{given['NAME']}?{options}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
