"""Keep one program running: start it again when it dies, stop it when asked or left alone.

`python -m cdmo.runtime.keep NAME SUPERVISOR-PID PROGRAM ARGUMENT…`. Honcho, which shows the
output and stops everything together, ends the whole site when one program dies; a worker that the
system kills for memory must come back instead.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

from cdmo.runtime import leftovers

SOON = 10  # seconds: a program that lived longer was healthy once
TRIES = 5
STOP_PATIENCE = 4  # less than honcho's own five seconds before it kills


class Keeper:
    """Watches over one program."""

    def __init__(self, name: str, supervisor: int, command: list[str]):
        self.name = name
        self.supervisor = psutil.Process(supervisor)
        self.command = command
        self.child: subprocess.Popen | None = None
        self.stopping = False

    def run(self) -> int:
        """Run until told to stop (0) or until the program fails TRIES times soon after start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask_to_stop)
        failures = 0
        while True:
            started = time.monotonic()
            code = self.run_once()
            if self.stopping:
                return 0
            failures = failures + 1 if time.monotonic() - started < SOON else 1
            if failures >= TRIES:
                self.say(f"ended {TRIES} times soon after its start, last with {code}; giving up")
                return code or 1
            self.say(f"ended with {code}; starting it again")
            time.sleep(min(failures, 3) * 0.5)

    def run_once(self) -> int:
        """Run the program to its end; none of its processes outlives it."""
        # Its own process group: the signal to stop goes to the program, not to the processes that
        # it looks after itself and lets finish their work.
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=leftovers.die_with_parent(signal.SIGTERM),
        )
        if self.stopping:
            self.child.terminate()
        try:
            return self.wait()
        finally:
            self.kill_group()

    def wait(self) -> int:
        asked_at = None
        while True:
            try:
                return self.child.wait(timeout=0.25)
            except subprocess.TimeoutExpired:
                pass
            if not self.stopping and not leftovers.lives(self.supervisor):
                self.ask_to_stop()
            if self.stopping:
                asked_at = asked_at or time.monotonic()
                if time.monotonic() - asked_at > STOP_PATIENCE:
                    self.kill_group()

    def kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.pid, signal.SIGKILL)

    def ask_to_stop(self, *_):
        self.stopping = True
        if self.child and self.child.poll() is None:
            self.child.terminate()

    def say(self, what: str) -> None:
        sys.stdout.write(f"{self.name} {what}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(Keeper(sys.argv[1], int(sys.argv[2]), sys.argv[3:]).run())
