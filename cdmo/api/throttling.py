"""So many requests a minute for each person, whichever web process answers."""

from django.core.cache import cache
from rest_framework.throttling import UserRateThrottle


class PersonThrottle(UserRateThrottle):
    """One counter a person and minute, counted up in the shared cache in one step.

    A list of instants, as DRF keeps it, would lose requests that two processes answer at once, and
    be 6000 numbers long. While the cache is away nobody is held back.
    """

    scope = "person"

    def allow_request(self, request, view):
        key = self.get_cache_key(request, view)
        if self.rate is None or key is None:
            return True
        window, into = divmod(self.timer(), self.duration)
        self.left = self.duration - into
        key = f"{key}:{int(window)}"
        cache.add(key, 0, self.duration + 1)
        try:
            return cache.incr(key) <= self.num_requests
        except ValueError:  # forgotten between the two steps: Redis has just come back
            return True

    def wait(self):
        return self.left
