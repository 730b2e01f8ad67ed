"""Running a reader on an untrusted file in a child process that can hurt nobody.

Instrument files come from outside. A parser may abort the process, loop, or fill the memory
(instruments.md section 5), so none runs in a web or worker process: the file goes in on stdin, at
most 32 MB of JSON come back on stdout, and the answer is checked again here. The child has no
environment to read secrets from, a session of its own that is killed as a whole, and the limits
`readers/launcher.py` sets before any reader code runs. On the server the parser queue's worker runs
in its own container without secrets or network; this is the second wall.

`run_reader` never raises: whatever happens to the child becomes one plain sentence with a next
step.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from qc.instruments.reading import InvalidOutcome, ReadOutcome, refused, storable

READERS = Path(__file__).resolve().parent / "readers"
SCRIPTS = {"native": READERS / "child.py", "allotropy": READERS / "allotropy_child.py"}
MAX_ANSWER = 32 * 1024 * 1024
MAX_STDERR = 64 * 1024
CHUNK = 64 * 1024
# Nothing of the parent's environment: no database address, no signing key, no PATH. -I ignores
# PYTHON* variables, so -B says the same again.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

TOO_LONG = (
    "Reading the file took too long and was stopped. Export fewer samples into one file and upload "
    "again, or enter the "
    "results by hand."
)
TOO_BIG = (
    "Reading the file needed more memory than a genuine export does, and was stopped. Export the "
    "file again from the "
    "instrument; if it is refused again, enter the results by hand and report the file."
)
BROKE_OFF = (
    "The reader broke off while reading the file. Export the file again from the instrument; if it "
    "is refused again, "
    "enter the results by hand and report the file."
)
GARBAGE = (
    "The reader gave an answer that could not be used. Report the file to your administrator and "
    "enter the results by "
    "hand until it is solved."
)
NOT_STARTED = (
    "The reader could not be started on this computer. Tell your administrator; the file is kept "
    "and can be read again."
)


@dataclass(slots=True)
class _Child:
    """What came back from one child process."""

    output: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    returncode: int | None = None
    timed_out: bool = False
    overflowed: bool = False


def run_reader(
    kind: str, *, data: bytes, filename: str, vendor: str, python: str, timeout: float = 60
) -> ReadOutcome:
    """Read a file with the `native` or the `allotropy` reader, in a child running `python`.

    Never raises for any file, name, vendor or interpreter.
    """
    reader = f"{kind}:{vendor}"[:80] if kind == "native" else str(kind)[:80]
    try:
        script = SCRIPTS[kind]
        command = [
            python,
            "-I",
            "-B",
            str(READERS / "launcher.py"),
            str(script),
            _argument(vendor),
            _argument(filename),
        ]
        child = _run(command, data, timeout)
    except Exception as problem:
        # The promise is "never raises": no such interpreter, bad types, a full process table.
        return _failed(NOT_STARTED, reader, f"{type(problem).__name__}: {problem}")
    return _judge(child, reader)


def _argument(text: str) -> str:
    """A name fit for a command line: no NUL, no path, no leading dash, a sane length, extension
    kept.
    """
    name = storable(text).replace("\\", "/").rsplit("/", 1)[-1].replace("\ufffd", "_")
    return "_" + name[-200:] if name.startswith("-") or not name else name[-200:]


def _run(command: list[str], data: bytes, timeout: float) -> _Child:
    deadline = time.monotonic() + timeout
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )
    child = _Child()
    try:
        _exchange(process, data, child, deadline)
        while not (child.timed_out or child.overflowed or _has_ended(process.pid)):
            child.timed_out = time.monotonic() >= deadline
            time.sleep(0.002)
    finally:
        # The whole session, also when the leader has ended: it may have left others behind. Before
        # wait(): until the leader is reaped, the group's number cannot belong to anyone else.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                pipe.close()
    child.returncode = process.returncode
    return child


def _has_ended(pid: int) -> bool:
    """Whether the child has ended, without reaping it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _exchange(process: subprocess.Popen, data: bytes, child: _Child, deadline: float) -> None:
    """Feed the file and collect the answer until both output pipes close, the time is up or it is
    too much.
    """
    remaining = memoryview(data)
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(pipe.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                child.timed_out = True
                return
            for key, _ in selector.select(left):
                if key.fileobj is process.stdin:
                    try:
                        remaining = (
                            remaining[os.write(key.fd, remaining[:CHUNK]) :]
                            if remaining
                            else remaining
                        )
                    except BlockingIOError:
                        continue
                    except OSError:  # it stopped listening, perhaps because it has already decided
                        remaining = remaining[:0]
                    if not remaining:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                    continue
                try:
                    chunk = os.read(key.fd, CHUNK)
                except BlockingIOError:
                    continue
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    child.output += chunk
                    if len(child.output) > MAX_ANSWER:
                        child.overflowed = True
                        return
                elif len(child.stderr) < MAX_STDERR:
                    child.stderr += chunk


def _judge(child: _Child, reader: str) -> ReadOutcome:
    """The checked answer, or the sentence for what went wrong."""
    trace = bytes(child.stderr[-4000:]).decode("utf-8", errors="replace").strip()
    detail = trace.splitlines()[-1] if trace else ""
    if child.timed_out:
        return _failed(TOO_LONG, reader, "wall time")
    if child.overflowed:
        return _failed(GARBAGE, reader, f"more than {MAX_ANSWER} bytes of answer")
    if child.returncode == -signal.SIGXCPU:
        return _failed(TOO_LONG, reader, "processor time")
    if child.returncode:
        if "MemoryError" in trace or "memory allocation" in trace:
            return _failed(TOO_BIG, reader, detail)
        if (
            child.returncode == -signal.SIGKILL
        ):  # the hard processor limit, or the system short of memory
            return _failed(TOO_LONG, reader, "killed")
        what = (
            f"signal {-child.returncode}"
            if child.returncode < 0
            else f"exit code {child.returncode}"
        )
        return _failed(BROKE_OFF, reader, f"{what} {detail}")
    try:
        values = json.loads(child.output, parse_constant=_refuse_constant)
        return ReadOutcome.from_dict(values)
    except (InvalidOutcome, ValueError, TypeError, RecursionError, MemoryError) as problem:
        return _failed(GARBAGE, reader, f"{type(problem).__name__}: {problem}")


def _refuse_constant(name: str) -> None:
    raise InvalidOutcome(f"{name} is no JSON value")


def _failed(sentence: str, reader: str, detail: str) -> ReadOutcome:
    """A refusal with the technical cause among the facts, for the log and not for the screen."""
    return refused(
        sentence,
        reader=storable(reader),
        reader_version="",
        facts={"cause": storable(detail)[:500]},
    )
