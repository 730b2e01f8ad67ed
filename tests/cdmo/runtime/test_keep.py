"""The keeper of one program, and the lock of one data folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cdmo.runtime import leftovers
from cdmo.runtime.lock import AlreadyRunning, Lock

ROOT = Path(__file__).resolve().parents[3]


def keep(*command, supervisor=None, **options):
    arguments = ["-m", "cdmo.runtime.keep", "it", str(supervisor or os.getpid()), *command]
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options
    )


def child_of(keeper) -> psutil.Process:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        children = psutil.Process(keeper.pid).children()
        if children:
            return children[0]
        time.sleep(0.05)
    pytest.fail("the keeper started nothing")


def wait_for(condition, patience=10):
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited in vain")


def test_a_killed_program_is_started_again_and_a_stop_stops_it():
    keeper = keep("sleep", "60")
    first = child_of(keeper)
    first.kill()
    wait_for(lambda: [c for c in psutil.Process(keeper.pid).children() if c.pid != first.pid])
    second = child_of(keeper)
    keeper.terminate()
    assert keeper.wait(10) == 0
    assert not leftovers.lives(second)
    assert "ended with -9; starting it again" in keeper.communicate()[0]


def test_a_program_that_cannot_run_is_given_up_with_its_code():
    keeper = keep(sys.executable, "-c", "raise SystemExit(7)")
    said, _ = keeper.communicate(timeout=60)
    assert keeper.returncode == 7
    assert "giving up" in said


def test_a_program_that_ignores_the_stop_is_killed_with_its_children():
    stubborn = (
        "import signal, subprocess, time;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen(['sleep', '60']);"
        "time.sleep(60)"
    )
    keeper = keep(sys.executable, "-c", stubborn)
    child = child_of(keeper)
    wait_for(child.children)
    (grandchild,) = child.children()
    keeper.terminate()
    assert keeper.wait(15) == 0
    wait_for(lambda: not leftovers.lives(child) and not leftovers.lives(grandchild))
    keeper.stdout.close()


def test_a_program_ends_when_nobody_supervises_it_any_more():
    supervisor = subprocess.Popen(["sleep", "60"])
    keeper = keep("sleep", "60", supervisor=supervisor.pid)
    child = child_of(keeper)
    supervisor.kill()
    assert keeper.wait(10) == 0
    assert not leftovers.lives(child)
    supervisor.wait()
    keeper.stdout.close()


def test_the_lock_names_its_holder(tmp_path):
    with Lock(tmp_path, address="http://here"):
        ask = (
            "import sys; from cdmo.runtime.lock import Lock, AlreadyRunning\n"
            "try: Lock(sys.argv[1], address='http://there').__enter__()\n"
            "except AlreadyRunning as refusal: print(refusal)"
        )
        done = subprocess.run(
            [sys.executable, "-c", ask, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
        )
        assert f"Already running: http://here (process {os.getpid()})" in done.stdout
    with Lock(tmp_path, address="http://here"):
        pass


def test_a_killed_holder_frees_the_lock_even_if_its_forks_live_on(tmp_path):
    hold = (
        "import os, sys, time; from cdmo.runtime.lock import Lock\n"
        "lock = Lock(sys.argv[1], address='http://here'); lock.__enter__()\n"
        "child = os.fork()\n"
        "if not child: time.sleep(60)\n"
        "print(child, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    fork = psutil.Process(int(holder.stdout.readline()))
    with pytest.raises(AlreadyRunning):
        Lock(tmp_path, address="http://there").__enter__()
    holder.kill()
    holder.wait()
    assert leftovers.lives(fork)
    with Lock(tmp_path, address="http://there"):
        pass
    fork.send_signal(signal.SIGKILL)
    holder.stdout.close()
