"""A child may do its worst: the parent gets one sentence, in time, and nothing else happens.

The children here are small scripts that misbehave on purpose, run through the real launcher.
"""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from qc.instruments import sandbox
from qc.instruments.reading import ReadOutcome
from qc.instruments.sandbox import run_reader
from tests.qc.instruments import files

pytestmark = pytest.mark.statement("U-02")

GOOD = json.dumps(ReadOutcome(ok=True, reader="r", reader_version="1", facts={"a": "b"}).to_dict())


@pytest.fixture
def misbehave(monkeypatch, tmp_path):
    """Run this script in place of the native reader."""

    def run(script, *, data=b"x", timeout=20.0, python=sys.executable, filename="f.xlsx"):
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(script), encoding="utf-8")
        monkeypatch.setitem(sandbox.SCRIPTS, "native", path)
        outcome = run_reader(
            "native",
            data=data,
            filename=filename,
            vendor="vicell_xr",
            python=python,
            timeout=timeout,
        )
        assert isinstance(outcome, ReadOutcome)
        if not outcome.ok:
            assert outcome.error.endswith(".")
            assert "Traceback" not in outcome.error
        return outcome

    return run


@pytest.mark.parametrize(
    ("script", "sentence", "cause"),
    [
        ("import os; os.abort()", sandbox.BROKE_OFF, "signal 6"),
        ("raise SystemExit(3)", sandbox.BROKE_OFF, "exit code 3"),
        ("raise RuntimeError('secret path')", sandbox.BROKE_OFF, "RuntimeError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", sandbox.BROKE_OFF, "signal 11"),
        ("", sandbox.GARBAGE, ""),
        ("print('hello')", sandbox.GARBAGE, ""),
        ("print('{}')", sandbox.GARBAGE, "InvalidOutcome"),
        ("print('[' * 100000)", sandbox.GARBAGE, ""),
        ("print('NaN')", sandbox.GARBAGE, "NaN"),
        ("print('1' * 100000)", sandbox.GARBAGE, ""),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", sandbox.GARBAGE, ""),
        ("x = bytearray(3 * 1024**3)", sandbox.TOO_BIG, "MemoryError"),
        ("while True: print('x' * 65536)", sandbox.GARBAGE, "bytes of answer"),
        ("files = [open('/dev/null') for _ in range(100)]", sandbox.BROKE_OFF, "Too many open"),
    ],
)
def test_whatever_a_child_does_becomes_one_sentence(misbehave, script, sentence, cause):
    outcome = misbehave(script)
    assert outcome.error == sentence
    assert cause in outcome.facts["cause"]


def test_a_child_can_write_no_file(misbehave, tmp_path):
    path = tmp_path / "escape"
    outcome = misbehave(
        f"import os; os.write(os.open({str(path)!r}, os.O_CREAT | os.O_WRONLY), b'x')"
    )
    assert "File too large" in outcome.facts["cause"]
    assert not path.exists() or path.stat().st_size == 0


@pytest.mark.parametrize("script", ["import time; time.sleep(60)", "while True: pass"])
def test_a_child_that_takes_too_long_is_stopped(misbehave, script):
    started = time.monotonic()
    assert misbehave(script, timeout=0.5).error == sandbox.TOO_LONG
    assert time.monotonic() - started < 3


def test_a_child_that_closes_its_pipes_and_sleeps_is_stopped(misbehave):
    script = "import os, time; [os.close(n) for n in (0, 1, 2)]; time.sleep(60)"
    assert misbehave(script, timeout=0.5).error == sandbox.TOO_LONG


def test_a_childs_own_children_are_stopped_with_it(misbehave):
    outcome = misbehave(
        f"""
        import os, sys, time
        child = os.fork()
        if child == 0:
            for number in (0, 1, 2):
                os.close(number)
            time.sleep(60)
        print({GOOD!r}.replace('"b"', '"%d"' % child))
        """
    )
    pid = int(outcome.facts["a"])
    for _ in range(100):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        if not state or state.startswith("Z"):
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("a process outlived its reader")


def test_a_child_that_does_not_listen_does_not_block_the_parent(misbehave):
    started = time.monotonic()
    outcome = misbehave(f"print({GOOD!r})", data=b"x" * 20_000_000)
    assert outcome.ok
    assert time.monotonic() - started < 5


def test_a_child_gets_no_environment_and_the_agreed_limits(misbehave, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "secret")
    outcome = misbehave(
        f"""
        import os, resource, sys, json
        names = "CORE FSIZE NOFILE CPU AS".split()
        limits = {{n: resource.getrlimit(getattr(resource, "RLIMIT_" + n))[1] for n in names}}
        answer = json.loads({GOOD!r})
        answer["facts"] = {{
            "environment": sorted(set(os.environ) - {{"LC_CTYPE"}}),
            "limits": limits, "argv": sys.argv[1:], "folder": os.getcwd(),
            "isolated": sys.flags.isolated, "leader": os.getsid(0) == os.getpid(),
        }}
        print(json.dumps(answer))
        """,
        filename="../../a\\b/Läb 1.XLSX",
    )
    assert outcome.facts == {
        "environment": ["OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"],
        "limits": {"CORE": 0, "FSIZE": 0, "NOFILE": 64, "CPU": 31, "AS": 1024**3},
        "argv": ["vicell_xr", "Läb 1.XLSX"],
        "folder": "/",
        "isolated": 1,
        "leader": True,
    }


@pytest.mark.parametrize("python", ["/nowhere/python", "/dev/null", "", "/", "a\0b"])
def test_a_missing_interpreter_is_a_sentence(misbehave, python):
    outcome = misbehave("", python=python)
    assert outcome.error in (sandbox.NOT_STARTED, sandbox.BROKE_OFF, sandbox.GARBAGE)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kind": "other"},
        {"kind": ["native"]},
        {"data": "text"},
        {"data": None},
        {"filename": "a\0b.xlsx"},
        {"filename": "\ud800.xlsx"},
        {"filename": "x" * 100_000},
        {"filename": ""},
        {"filename": "-c"},
        {"filename": None},
        {"vendor": "no such"},
        {"vendor": "a/../b\0"},
        {"vendor": 7},
    ],
)
def test_odd_arguments_never_raise(arguments):
    given = {
        "kind": "native",
        "data": files.xlsx(files.table(files.ROW)),
        "filename": "f.xlsx",
        "vendor": "vicell_xr",
        "python": sys.executable,
        "timeout": 20,
        **arguments,
    }
    outcome = run_reader(given.pop("kind"), **given)
    assert isinstance(outcome, ReadOutcome)
    assert outcome.ok or outcome.error.endswith(".")


def test_a_real_file_is_read_through_the_child_as_in_process():
    from qc.instruments.readers import vicell_xr

    for data, name in ((files.xlsx(files.table(files.ROW)), "f.xlsx"), (files.report(), "f.txt")):
        outcome = run_reader(
            "native", data=data, filename=name, vendor="vicell_xr", python=sys.executable
        )
        assert outcome == vicell_xr.read(data, filename=name)


def test_a_vendor_without_a_native_reader_is_a_sentence():
    outcome = run_reader(
        "native", data=b"a", filename="f.wsp", vendor="flowjo", python=sys.executable
    )
    assert "no native reader" in outcome.error


def test_the_far_cell_that_aborts_spreadsheet_libraries_is_survived_even_unchecked():
    outcome = run_reader(
        "native",
        data=files.far_cell(),
        filename="f.xlsx",
        vendor="vicell_xr",
        python=sys.executable,
    )
    assert not outcome.ok
    assert outcome.error.endswith(".")
