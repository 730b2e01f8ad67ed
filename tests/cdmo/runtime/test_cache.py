"""The shared cache: counts are one for all web processes, and nobody waits for a dead Redis."""

import time

import pytest
from django.core.cache import caches
from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from cdmo.api.throttling import PersonThrottle
from cdmo.runtime.addresses import redis_url
from cdmo.runtime.cache import ForgivingRedisCache
from cdmo.runtime.redisserver import RedisServer

NOWHERE = "redis://192.0.2.1:6379/0"  # nobody answers there


def a_process(url) -> ForgivingRedisCache:
    """Return a cache as another web process has it."""
    return ForgivingRedisCache(url, {"KEY_PREFIX": "t"})


@pytest.mark.embedded
def test_two_processes_share_a_count_and_do_without_it_while_redis_is_away(folder):
    server = RedisServer(folder)
    server.start()
    one, other = a_process(redis_url(folder)), a_process(redis_url(folder))
    one.add("count", 0, 60)
    assert [one.incr("count"), other.incr("count"), one.get("count")] == [1, 2, 2]
    other.set("words", ["a", 1.5, None])
    assert one.get("words") == ["a", 1.5, None]

    queue = one._cache.get_client(None, write=True)
    queue.set("celery", "a knock")
    one.clear()
    assert (one.get("count"), queue.get("celery")) == (None, b"a knock")

    server.stop()
    assert one.get("words", "instead") == "instead"
    one.set("words", "b")
    assert one.add("count", 0) is True
    assert one.incr("count") == 1

    server.start()
    one.resting_until = 0.0
    one.set("words", "again")
    assert other.get("words") == "again"
    server.stop()


def test_a_redis_that_never_answers_is_not_asked_by_every_request():
    cache = a_process(NOWHERE)
    since = time.monotonic()
    for number in range(50):
        cache.set("k", number)
        assert cache.get("k") is None
        assert cache.get_many(["k"]) == {}
    assert time.monotonic() - since < 2


@pytest.fixture
def two_a_minute(monkeypatch):
    monkeypatch.setattr(PersonThrottle, "THROTTLE_RATES", {"person": "2/min"})
    monkeypatch.setattr(PersonThrottle, "timer", lambda self: 1200.0 + 15)


def ask(client, person):
    secret, _ = issue_token(user=person, by=person, at=timezone.now())
    return client.get("/api/v1/products/", headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.django_db
def test_too_many_requests_are_told_when_to_come_back(client, cast, two_a_minute):
    caches["default"].clear()

    answers = [ask(client, cast.qa) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "46"
    assert ask(client, cast.qa2).status_code == 200


@pytest.mark.django_db
def test_pages_and_api_answer_while_redis_is_away(client, cast, two_a_minute, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "cdmo.runtime.cache.ForgivingRedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
        }
    }
    assert [ask(client, cast.qa).status_code for _ in range(4)] == [200] * 4
    wrong = {"login": "qa@cdmo.example", "password": "wrong"}
    assert client.post("/accounts/login/", wrong).status_code == 200
