"""Bearer tokens (resolved early, by the middleware) and browser sessions with CSRF."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed


class BearerAuthentication(BaseAuthentication):
    """The person behind `Authorization: Bearer`, as `cdmo.accounts.middleware` found them."""

    def authenticate(self, request):
        if getattr(request._request, "bad_bearer", False):
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        bearer = getattr(request._request, "bearer", None)
        return (bearer.user, bearer) if bearer is not None else None

    def authenticate_header(self, request):
        return 'Bearer realm="cdmo"'


class BrowserSession(SessionAuthentication):
    """A browser session; unsafe methods need the CSRF token."""

    def authenticate_header(self, request):
        return 'Bearer realm="cdmo"'


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "cdmo.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "cdmo.api.authentication.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
