"""Each request has a name, from the log to the audit trail; an ended session loses nothing; and
what a browser may do with an answer.
"""

import re
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import resolve_url

from cdmo.records.acting import request_id

ACCEPTED = re.compile(r"[A-Za-z0-9-]{1,64}")


class RequestIdMiddleware:
    """Name the request: `request.id`, the X-Request-ID header, and every audit event it writes.

    A name from outside is taken over only if it is plain: it ends in logs and in the audit trail.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-ID", "")
        request.id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(request.id)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = request.id
        return response


class BrowserLimitsMiddleware:
    """Tell browsers and proxies to keep no answer, lend it to no other site, and open no device.

    Static files say themselves how long they may be kept. Passkeys are asked for by our own pages.
    """

    HEADERS = {
        "Cache-Control": "no-store, private",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(),"
        " usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
    }

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class SessionEndedMiddleware:
    """Tell htmx that the session has ended, instead of putting the login page into a dialog.

    The page stays as it is, with everything typed in it; static/js/app.js says what to do.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.headers.get("HX-Request") != "true" or response.status_code != 302:
            return response
        if urlsplit(response["Location"]).path != resolve_url(settings.LOGIN_URL):
            return response
        return HttpResponse("You are signed out.", status=401, content_type="text/plain")
