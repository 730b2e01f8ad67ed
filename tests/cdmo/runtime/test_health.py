"""The two probes."""

import time

import pytest
from django.db import connection
from django.test import Client

from cdmo.runtime import heartbeat


@pytest.fixture
def worker_alive():
    client = heartbeat.impatient_redis()
    client.set(heartbeat.KEY, "1", ex=heartbeat.LASTS)
    yield client
    client.delete(heartbeat.KEY)
    client.close()


def test_healthz_says_that_the_process_lives_and_asks_nobody(django_db_blocker, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_readyz_says_yes_when_database_redis_and_a_worker_answer(worker_alive):
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_readyz_answers_a_sponsors_browser_too(worker_alive, cast):
    client = Client()
    client.force_login(cast.ixaka_reader)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_readyz_names_the_worker_that_gives_no_sign_of_life(worker_alive):
    worker_alive.delete(heartbeat.KEY)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["worker"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:1/0",  # nobody listens
        "redis://192.0.2.1:6379/0",  # nobody even refuses (RFC 5737)
        "unix:///nowhere/redis.sock?db=0",
    ],
)
def test_readyz_says_quickly_that_redis_is_away(settings, address):
    settings.REDIS_URL = address
    since = time.monotonic()
    answer = Client().get("/readyz")
    assert time.monotonic() - since < 2
    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis", "worker"])


@pytest.mark.django_db(transaction=True)
def test_readyz_names_a_database_that_is_away(worker_alive, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = Client().get("/readyz")
    connection.close()
    monkeypatch.undo()
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])


def test_the_key_of_a_silent_worker_ends_by_itself(worker_alive):
    assert 0 < worker_alive.ttl(heartbeat.KEY) <= heartbeat.LASTS
    assert heartbeat.LASTS > 2 * heartbeat.EVERY  # one lost beat is no alarm


def test_a_database_that_does_not_even_refuse_is_given_up_after_seconds(settings):
    assert int(settings.DATABASES["default"]["OPTIONS"]["connect_timeout"]) <= 5
