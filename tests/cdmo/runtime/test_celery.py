"""Celery is wired to every room that has tasks, and stale knocks do not pile up."""

import time

import pytest
import redis
from celery import Celery, current_app
from kombu.exceptions import OperationalError

from cdmo import celery
from cdmo.runtime.addresses import broker_url, redis_url
from cdmo.runtime.heartbeat import impatient_redis, worker_answers
from cdmo.runtime.redisserver import RedisServer
from cdmo.runtime.up import ROOT

pytestmark = pytest.mark.statement("U-20")


def test_every_task_of_every_room_is_known_to_the_worker_and_sent_by_the_scheduler():
    celery.app.loader.import_default_modules()
    known = {name for name in celery.app.tasks if not name.startswith("celery.")}
    rooms = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for app in ("cdmo", "batches", "qc", "techtransfer")
        for path in (ROOT / app).rglob("tasks.py")
    }
    assert known == set(celery.SWEEPS)
    assert {name.rpartition(".")[0] for name in known} == rooms


def test_a_knock_that_waited_too_long_is_dropped():
    for entry in celery.app.conf.beat_schedule.values():
        assert entry["options"]["expires"] == 2 * entry["schedule"]


def test_a_task_in_hand_survives_its_worker():
    settings = celery.app.conf
    assert settings.task_acks_late
    assert settings.task_reject_on_worker_lost
    assert settings.worker_prefetch_multiplier == 1


def test_a_task_sent_from_a_page_goes_to_our_broker(settings):
    assert current_app.main == "cdmo"
    assert current_app.conf.broker_url == settings.CELERY_BROKER_URL


def test_a_knock_while_redis_is_away_gives_up_quickly(settings):
    app = Celery(broker="redis://192.0.2.1:6379/0", set_as_current=False)  # nobody answers there
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    app.conf.task_publish_retry = settings.CELERY_TASK_PUBLISH_RETRY
    since = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("any")
    assert time.monotonic() - since < 4


@pytest.mark.embedded
@pytest.mark.django_db(transaction=True)
def test_worker_and_scheduler_come_back_after_redis_was_away(stack, settings, folder):
    redis_server = RedisServer(folder)
    redis_server.start()
    settings.REDIS_URL = redis_url(folder)

    def heard():
        with impatient_redis() as client:
            try:
                return worker_answers(client)
            except redis.RedisError:
                return False

    stack.stop()
    try:
        stack.start("worker", "scheduler")
        stack.wait_for(heard, "the worker")
        redis_server.stop()
        time.sleep(8)
        assert not heard()
        redis_server.start()
        stack.wait_for(heard, "the worker after Redis was away")
        with impatient_redis() as client:  # knocks pass from end to end again
            sender = Celery(broker=broker_url(settings.REDIS_URL), set_as_current=False)
            sender.send_task("no.such.task")
            stack.wait_for(lambda: not client.llen("celery"), "the queue to be read")
            stack.wait_for(lambda: "no.such.task" in stack.log("worker"), "its word of it")
        assert stack.running["scheduler"].poll() is None
    finally:
        stack.stop()
        redis_server.stop()
