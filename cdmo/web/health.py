"""Is the process alive, and can it work? For load balancers and container engines."""

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cdmo.records.seals.coverage import Coverage
from cdmo.runtime.heartbeat import impatient_redis, worker_answers


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "alive"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, Redis and a worker answer, else 503 naming what is missing.

    `noticed` names what a person should look at; it stops no traffic.
    """
    missing = [] if database_answers() else ["database"]
    client = impatient_redis()
    try:
        if not worker_answers(client):
            missing.append("worker")
    except redis.RedisError:
        missing += ["redis", "worker"]  # no one hears a worker that has no Redis
    finally:
        client.close()
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    # A sponsor's browser asks as the sponsors' database role, which has no seals to count.
    noticed = [] if getattr(request, "isolated", False) else odd_about_seals()
    return JsonResponse({"status": "ready", **({"noticed": noticed} if noticed else {})})


def odd_about_seals() -> list[str]:
    """Name `clock` (the last seal is of a time to come) and `seals` (rows wait for too long)."""
    at, coverage = timezone.now(), Coverage.now()
    odd = {"clock": coverage.is_ahead(at), "seals": coverage.is_late(at)}
    return [name for name, found in odd.items() if found]


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()  # the next request must not inherit a broken connection
        return False
    return True
