"""The knock after a change: haste, never necessity, and nobody waits for a Redis that is away."""

import socket
import time

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from cdmo.celery import app
from cdmo.web import knock


@pytest.fixture
def knocks(monkeypatch):
    sent = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: sent.append(name))
    return sent


def middleware(status=200):
    return knock.KnockMiddleware(lambda request: HttpResponse(status=status))


@pytest.fixture
def broker(monkeypatch):
    def use(url):
        monkeypatch.setattr(app.conf, "broker_url", url)
        monkeypatch.setattr(app.conf, "broker_write_url", url)

    return use


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_change_that_succeeded_knocks_for_every_sweep(knocks, method):
    middleware()(getattr(RequestFactory(), method)("/"))

    assert knocks == list(knock.SWEEPS)


def test_reading_and_refused_changes_do_not_knock(knocks):
    middleware()(RequestFactory().get("/"))
    middleware(409)(RequestFactory().post("/"))

    assert knocks == []


def test_the_sweeps_that_are_knocked_for_exist():
    app.loader.import_default_modules()
    assert set(knock.SWEEPS) <= set(app.tasks)


@pytest.fixture
def silent_port():
    """A server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def timed(door, request) -> float:
    began = time.perf_counter()
    assert door(request).status_code == 200
    return time.perf_counter() - began


def test_with_redis_away_a_change_answers_within_a_tenth_of_a_second(broker):
    broker("redis://127.0.0.1:1/0")
    door = middleware()
    door.knock()  # imports
    door.quiet_until = 0.0

    assert timed(door, RequestFactory().post("/")) < 0.1


def test_with_a_redis_that_does_not_answer_too(broker, silent_port):
    broker(f"redis://127.0.0.1:{silent_port}/0")
    door = middleware()

    times = []
    for _ in range(5):
        door.quiet_until = 0.0
        times.append(timed(door, RequestFactory().post("/")))
    assert min(times) < 0.1  # the fastest: the others wait for this machine, not for Redis


def test_after_a_failure_nobody_knocks_for_ten_seconds(broker, monkeypatch):
    broker("redis://127.0.0.1:1/0")
    now = [1000.0]
    monkeypatch.setattr(knock.time, "monotonic", lambda: now[0])
    door = middleware()
    door.quiet_until = 0.0
    assert door.knock() is False
    tried = []
    monkeypatch.setattr(app, "connection_for_write", lambda **_: tried.append(1))

    door.knock()
    assert tried == []
    now[0] += knock.BACK_OFF + 0.1
    door.knock()
    assert tried == [1]
