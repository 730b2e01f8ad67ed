"""A worker's sign of life: a key in Redis that ends by itself when the worker does."""

import redis
from celery import bootsteps
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY = "cdmo:worker-alive"
EVERY = 3.0
LASTS = 10
PATIENCE = 0.5  # seconds for connecting and for each answer: a readiness probe must not hang


def impatient_redis() -> redis.Redis:
    """Return a client of REDIS_URL that gives up after half a second and never tries again."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )


def worker_answers(client: redis.Redis) -> bool:
    """Return whether any worker gave a sign of life in the last LASTS seconds."""
    return bool(client.exists(KEY))


class Heartbeat(bootsteps.StartStopStep):
    """Write the key from the worker's own event loop: a stuck or disconnected loop goes silent."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker, **options):
        super().__init__(worker, **options)
        self.client = None
        self.timer = None

    def start(self, worker):
        self.client = impatient_redis()
        self.beat()
        self.timer = worker.timer.call_repeatedly(EVERY, self.beat)

    def stop(self, worker):
        if self.timer:
            self.timer.cancel()
            self.timer = None

    def beat(self):
        """Say that the worker lives; a Redis that is away right now is tried at the next beat."""
        try:
            self.client.set(KEY, "1", ex=LASTS)
        except redis.RedisError:
            pass
