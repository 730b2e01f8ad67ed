"""The shared cache: Redis when it answers, nothing at all when it does not.

Only what may be forgotten stands here: how many requests a person or an address made this minute.
While Redis is away nothing is counted and everybody is let through; guesses at passwords and
signatures are counted in the database, which is never forgotten.
"""

import json
import logging
import time

import redis
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.5  # seconds for connecting and for each answer
# Not asked again so soon: where nobody answers at all, every request would wait out its patience.
REST = 5.0
log = logging.getLogger(__name__)


class Json:
    """Plain values only: whoever may write to Redis shall not run code here, as pickle would."""

    def dumps(self, value):
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data):
        return json.loads(data)


def _forgiving(name, instead):
    whole = getattr(RedisCache, name)

    def method(self, *args, **kwargs):
        if time.monotonic() < self.resting_until:
            return instead(*args, **kwargs)
        try:
            return whole(self, *args, **kwargs)
        except (redis.RedisError, OSError) as error:
            self.resting_until = time.monotonic() + REST
            log.warning("The cache is away: %s", error)
            return instead(*args, **kwargs)

    method.__name__ = name
    return method


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache that never raises because Redis is away."""

    resting_until = 0.0

    def __init__(self, server, params):
        patience = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
        options = {"serializer": Json, "retry": Retry(NoBackoff(), 0), **patience}
        super().__init__(server, {**params, "OPTIONS": {**options, **params.get("OPTIONS", {})}})

    get = _forgiving("get", lambda key, default=None, version=None: default)
    get_many = _forgiving("get_many", lambda *_, **__: {})
    has_key = _forgiving("has_key", lambda *_, **__: False)
    add = _forgiving("add", lambda *_, **__: True)
    set = _forgiving("set", lambda *_, **__: None)
    set_many = _forgiving("set_many", lambda *_, **__: [])
    touch = _forgiving("touch", lambda *_, **__: False)
    delete = _forgiving("delete", lambda *_, **__: False)
    delete_many = _forgiving("delete_many", lambda *_, **__: None)
    incr = _forgiving("incr", lambda key, delta=1, version=None: delta)

    def clear(self):
        """Forget what stands under our prefix only: the same Redis carries the workers' queue."""
        client = self._cache.get_client(None, write=True)
        for key in client.scan_iter(match=f"{self.key_prefix}:*", count=1000):
            client.delete(key)
        return True
