"""A waiting file is read once, whoever is killed; a file that kills readers is set aside."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections, transaction

from qc.instruments import services, tasks
from qc.instruments.models import InstrumentFile, ParseRun
from qc.instruments.reading import Reading, ReadOutcome
from qc.instruments.services import sweep as sweeping
from tests.builders.instruments import an_instrument, an_uploaded_file, blu_file, sweep
from tests.cast import NOON
from tests.stack import ROOT, database_url

LATER = NOON + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def one_reader(settings):
    settings.SECOND_READER_PYTHON = "/nowhere/python"


@pytest.fixture
def file(cast):
    return an_uploaded_file(cast, an_instrument(cast))


@pytest.mark.django_db
def test_a_file_is_seen_being_read_and_ends_read(file):
    claimed = services.claim_file(by=None, at=LATER)
    assert (claimed.pk, claimed.status, claimed.attempts) == (file.pk, "reading", 1)
    assert services.claim_file(by=None, at=LATER) is None  # nobody takes over at once

    services.read_claimed_file(file_id=file.pk, attempt=1, by=None, at=LATER)
    file.refresh_from_db()
    assert (file.status, file.read_at) == ("read", LATER)
    assert services.read_next_file(at=LATER) is None


@pytest.mark.django_db
def test_a_claim_counts_for_its_own_attempt_only(file):
    services.claim_file(by=None, at=NOON)
    services.claim_file(by=None, at=LATER)  # the first claimer was slow, not dead

    assert services.read_claimed_file(file_id=file.pk, attempt=1, by=None, at=LATER) is None
    assert not ParseRun.objects.exists()
    services.read_claimed_file(file_id=file.pk, attempt=2, by=None, at=LATER)
    assert services.read_claimed_file(file_id=file.pk, attempt=2, by=None, at=LATER) is None
    assert ParseRun.objects.filter(role="first").count() == 1


@pytest.mark.django_db
def test_a_file_whose_reader_stopped_twice_is_set_aside_with_a_sentence(file, monkeypatch):
    def broken(*_, **__):
        raise MemoryError

    monkeypatch.setattr(sweeping, "parse", broken)
    for minutes in (0, 1):
        with pytest.raises(MemoryError):
            services.read_next_file(at=NOON + timedelta(minutes=minutes))
        file.refresh_from_db()
        assert (file.status, file.attempts) == ("reading", minutes + 1)
    assert sweep(NOON + timedelta(minutes=2)) == 1

    file.refresh_from_db()
    assert file.status == "failed"
    assert "stopped twice while reading this file" in file.error
    assert sweep(NOON + timedelta(minutes=3)) == 0
    assert not ParseRun.objects.exists()


@pytest.mark.django_db
def test_nothing_of_a_broken_reading_is_left_behind(file, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(sweeping, "_write_measurements", broken)
    with pytest.raises(RuntimeError):
        services.read_next_file(at=NOON)
    monkeypatch.undo()
    assert not ParseRun.objects.exists()
    sweep(LATER)
    file.refresh_from_db()
    assert (file.status, file.measurements.count()) == ("read", 8)


@pytest.mark.django_db
def test_what_no_column_could_hold_is_stored_whole(file, monkeypatch):
    """Texts of any length a reader may answer, numbers of any scale, and dates that are none."""
    long = "é" * 20_000
    readings = tuple(
        Reading(
            ordinal=ordinal,
            locator=long,
            sample_text=long,
            quantity=long,
            value_text=text,
            number=sweeping.Decimal(text) if text else None,
            unit=long,
            measured_text=long,
            measured_at=at,
            device_serial=long,
            group=long,
            operator=long,
            status="ok" if text else "missing",
        )
        for ordinal, (text, at) in enumerate(
            [
                ("7.80", "2023-09-29T05:21:32"),
                ("1E-100", "0000-13-45"),
                ("9" * 60, "0001-01-01T00:00"),
                ("1E+100", "2023-09-29"),
                ("", None),
            ]
        )
    )
    outcome = ReadOutcome(True, "r" * 300, "v" * 300, readings)
    attempt = sweeping.Attempt("first", outcome, 0.1)
    monkeypatch.setattr(sweeping, "parse", lambda *_, **__: sweeping.Parsed((attempt,)))
    sweep(LATER)

    file.refresh_from_db()
    assert file.status == "read"
    stored = list(file.measurements.order_by("ordinal"))
    assert [str(m.number) for m in stored] == [
        "7.80",
        "1E-100",
        "9" * 60,
        "1" + "0" * 100,
        "None",
    ]
    assert all(m.sample_text == m.locator == m.group == long for m in stored)
    assert [m.measured_at is not None for m in stored] == [True, False, False, False, False]


@pytest.mark.django_db
def test_the_task_reads_until_nothing_waits_or_its_time_is_over(cast, file, monkeypatch):
    an_uploaded_file(cast, file.instrument, data=blu_file("S-2"))
    an_uploaded_file(cast, file.instrument, data=blu_file("S-3"))
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 0)
    assert tasks.sweep() == 1
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 60)
    assert tasks.sweep() == 2
    assert tasks.sweep() == 0
    assert tasks.sweep.name == "qc.instruments.tasks.sweep"


@pytest.mark.statement("P-47")
@pytest.mark.django_db(transaction=True)
def test_sweeps_at_the_same_moment_read_each_file_once(cast, monkeypatch):
    instrument = an_instrument(cast)
    for name in ("S-1", "S-2", "S-3"):
        an_uploaded_file(cast, instrument, data=blu_file(name))
    parsed, real = [], sweeping.parse

    def slowly(data, **rest):
        parsed.append(data)
        time.sleep(0.3)
        return real(data, **rest)

    monkeypatch.setattr(sweeping, "parse", slowly)
    start = threading.Barrier(4)

    def worker():
        try:
            start.wait(60)
            while services.read_next_file(at=NOON) is not None:
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert len(parsed) == len(set(parsed)) == 3
    assert ParseRun.objects.filter(role="first").count() == 3
    assert set(InstrumentFile.objects.values_list("status", "attempts")) == {("read", 1)}


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_uploaded_at_the_same_moment_are_one_first_and_duplicates(cast):
    instrument = an_instrument(cast)
    start = threading.Barrier(3)

    def worker():
        try:
            start.wait(60)
            an_uploaded_file(cast, instrument)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert InstrumentFile.objects.filter(duplicate_of=None).count() == 1
    assert InstrumentFile.objects.exclude(duplicate_of=None).count() == 2


WORKER = """
import django, time
django.setup()
from datetime import datetime, UTC
from qc.instruments import services
from qc.instruments.services import sweep
sweep.parse = lambda *_, **__: time.sleep(600)
services.read_next_file(at=datetime.fromisoformat("2026-11-20T12:00:00+00:00"))
"""


def a_worker_at_work(file, attempt):
    """Start a process that reads a file for ever; return when it holds the row."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "cdmo.settings",
            "DATABASE_URL": database_url(),
            "SECRET_KEY": django_settings.SECRET_KEY,
        },
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 40
        while not is_held(file, attempt):
            assert process.poll() is None, "the worker ended by itself"
            assert time.monotonic() < until, "the worker never held the file"
            time.sleep(0.05)
    except BaseException:
        kill(process)
        raise
    return process


def is_held(file, attempt) -> bool:
    if not InstrumentFile.objects.filter(pk=file.pk, status="reading", attempts=attempt).exists():
        return False
    return not is_free(file)


def is_free(file) -> bool:
    with transaction.atomic():
        return (
            InstrumentFile.objects.select_for_update(skip_locked=True).filter(pk=file.pk).exists()
        )


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.django_db(transaction=True)
def test_an_upload_of_the_same_bytes_does_not_wait_for_the_reader(cast, file):
    process = a_worker_at_work(file, 1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            assert an_uploaded_file(cast, file.instrument).duplicate_of == file
            assert services.claim_file(by=None, at=LATER) is None, "a duplicate waits for the first"
    finally:
        kill(process)


@pytest.mark.statement("P-47")
@pytest.mark.statement("U-20")
@pytest.mark.django_db(transaction=True)
def test_the_file_of_a_killed_worker_is_read_by_another_once(file):
    process = a_worker_at_work(file, 1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            assert services.claim_file(by=None, at=LATER) is None, "taken over while held"
            again = services.read_claimed_file(file_id=file.pk, attempt=1, by=None, at=LATER)
            assert again is None, "read twice"
    finally:
        kill(process)
    wait_until_free(file)

    assert sweep(LATER) == 1

    file.refresh_from_db()
    assert (file.status, file.attempts) == ("read", 2)
    assert file.runs.filter(role="first").count() == 1
    assert file.measurements.count() == 8


def wait_until_free(file):
    until = time.monotonic() + 20
    while not is_free(file):
        assert time.monotonic() < until, "the killed worker's lock is still held"
        time.sleep(0.05)
