"""Guards in front of every view: unstorable characters, no REST in the clear, and
`Idempotency-Key` on POST.
"""

import hashlib
import hmac

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import connection, transaction
from django.http import HttpResponse

from cdmo.api.models import IdempotentAnswer
from cdmo.api.problems import problem_response

_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_NOT_KEPT = {401, 429}


class StorableCharacters:
    """Answer 400 to NUL characters in addresses, which PostgreSQL cannot compare with anything."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            if not request.path_info.startswith("/api/"):
                raise BadRequest("The address contains a NUL character.")
            return problem_response(400, "The address contains a NUL character.", errors=[])
        return self.get_response(request)


class NoRestInTheClear:
    """Refuse REST without TLS where the site has it, instead of sending the script on to HTTPS.

    A redirect would hide that the token went over the network unprotected, at every request.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        in_the_clear = settings.HTTPS and not request.is_secure()
        if in_the_clear and request.path_info.startswith("/api/"):
            return problem_response(
                403, "Use https://. If a token was sent with this request, revoke it."
            )
        return self.get_response(request)


class IdempotencyMiddleware:
    """The same key and body gives the first answer again and has no second effect.

    Reservation, effect and answer share one transaction: a crash leaves none of them, and a second
    request with the same key waits on the unique index until the first has committed.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        key = request.headers.get("Idempotency-Key", "")
        if (
            not key
            or request.method != "POST"
            or not request.path_info.startswith("/api/")
            or not request.user.is_authenticated
            or getattr(request, "isolated", False)
        ):
            return self.get_response(request)
        if len(key) > 255 or not key.isprintable():
            return problem_response(400, "Idempotency-Key is at most 255 printable characters.")
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            if not _reserve(request.user.pk, key, fingerprint):
                return _first_answer(request.user.pk, key, fingerprint)
            response = self.get_response(request)
            kept = IdempotentAnswer.objects.filter(user_id=request.user.pk, key=key)
            if response.status_code >= 500 or response.status_code in _NOT_KEPT:
                transaction.set_rollback(response.status_code >= 500)
                if response.status_code < 500:
                    kept.delete()
            else:
                kept.update(
                    status=response.status_code,
                    body=response.content,
                    headers={n: response[n] for n in _KEPT_HEADERS if n in response},
                )
            return response


def _fingerprint(request) -> str:
    # Keyed: the body may hold a password, and a bare hash could be guessed against.
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod=hashlib.sha256)
    digest.update(request.get_full_path().encode())
    if (request.content_type or "").startswith("multipart/"):
        # The boundary differs on every attempt; what counts is fields and files.
        for name in sorted(request.POST):
            digest.update(repr((name, request.POST.getlist(name))).encode())
        for name in sorted(request.FILES):
            for file in request.FILES.getlist(name):
                digest.update(repr((name, file.name, file.size)).encode())
                for chunk in file.chunks():
                    digest.update(chunk)
                file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _reserve(user_id: int, key: str, fingerprint: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO api_idempotentanswer"
            " (user_id, key, request_sha256, status, body, headers, at)"
            " VALUES (%s, %s, %s, 0, '', '{}', now()) ON CONFLICT (user_id, key) DO NOTHING",
            [user_id, key, fingerprint],
        )
        return cursor.rowcount == 1


def _first_answer(user_id: int, key: str, fingerprint: str) -> HttpResponse:
    first = IdempotentAnswer.objects.get(user_id=user_id, key=key)
    if first.request_sha256 != fingerprint:
        return problem_response(422, "This Idempotency-Key was used with another request.")
    response = HttpResponse(bytes(first.body), status=first.status)
    for name, value in first.headers.items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response
