"""Find and end processes of an earlier run that outlived whoever watched over them."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "CDMO_RUN"
GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError)
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def marked(mark: str) -> list[psutil.Process]:
    """Return the processes whose environment carries this mark, without us and our parents."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with suppress(*GONE):
            if process.pid not in ours and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def at_home(program: str, folder: Path) -> list[psutil.Process]:
    """Return the processes of a server by its working folder, which no other server shares.

    A process identifier alone proves nothing: after a crash it may be somebody else's by now.
    """
    homes = {str(folder), f"{folder} (deleted)"}
    found = []
    for process in psutil.process_iter():
        with suppress(*GONE):
            if process.name().startswith(program) and process.cwd() in homes:
                found.append(process)
    return found


def heads(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that no other of them started; what ends while we look is left out."""
    pids = {process.pid for process in processes}
    found = []
    for process in processes:
        with suppress(*GONE):
            if process.ppid() not in pids:
                found.append(process)
    return found


def end(
    processes: Iterable[psutil.Process], gently: int = signal.SIGTERM, patience: float = 5
) -> None:
    """Ask processes to stop, wait, then kill whatever is left."""
    processes = list(processes)
    for process in processes:
        with suppress(*GONE):
            process.send_signal(gently)
    until = time.monotonic() + patience
    while any(lives(process) for process in processes) and time.monotonic() < until:
        time.sleep(0.02)
    for process in processes:
        with suppress(*GONE):
            if lives(process):
                process.kill()


def lives(process: psutil.Process) -> bool:
    """Return whether a process still runs. A zombie does not: in a container whose first process
    reaps nobody it would stay one for ever."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def die_with_parent(number: int):
    """Return a function for Popen's preexec_fn: Linux signals the child when its parent dies.

    Elsewhere a child of a killed parent stays until the next start finds it by its mark or home.
    """
    if LIBC is None:
        return None
    return lambda: LIBC.prctl(PR_SET_PDEATHSIG, number)
