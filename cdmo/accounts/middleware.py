"""Who is asking (bearer tokens) and as which database role the answer is gathered."""

from django.contrib.auth.models import AnonymousUser
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from cdmo.accounts.isolation import as_sponsor
from cdmo.accounts.roles import Role
from cdmo.accounts.tokens import find_token


class BearerMiddleware(MiddlewareMixin):
    """Resolve `Authorization: Bearer` before any view, so that isolation covers the API too.

    A bad token never falls back on the browser session: the request is then nobody's. So it is at a
    page: a token opens REST alone, where somebody looks whether it may only read.
    """

    def process_request(self, request):
        request.bearer = None
        request.bad_bearer = False
        header = request.headers.get("Authorization", "")
        if not header:
            return
        scheme, _, secret = header.partition(" ")
        asked = scheme.lower() == "bearer" and request.path_info.startswith("/api/")
        token = find_token(secret.strip(), at=timezone.now()) if asked else None
        if token is None:
            request.bad_bearer = True
            request.user = AnonymousUser()
        else:
            request.bearer = token
            request.user = token.user


class IsolationMiddleware:
    """Run every request of a sponsor's person as the sponsors' role, read-only.

    Loaded before the switch: the person, the organisation, the roles. The session is written after
    it, outside. A view that renders lazily would query after the switch back, so responses are
    rendered inside; streaming responses are refused to sponsors by an architecture test.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if not user.is_authenticated or not user.is_sponsor_side:
            return self.get_response(request)
        _ = (user.roles, user.organisation.code)
        if _is_signing_out(request) or _decides_a_gate(request, user):
            return self.get_response(request)
        request.isolated = True
        with as_sponsor(user.organisation_id):
            return self.get_response(request)


def _is_signing_out(request) -> bool:
    """The account pages (log out, log in again) touch only the person's own session and account."""
    return request.path.startswith("/accounts/")


# The one thing a sponsor's person may write: the sending unit's half of a joint gate decision.
SPONSOR_WRITES = frozenset({"api:transfer-gate-decide", "techtransfer:gate_decide"})


def _decides_a_gate(request, user) -> bool:
    if request.method != "POST" or Role.SPONSOR_LEAD not in user.roles:
        return False
    try:
        return resolve(request.path_info).view_name in SPONSOR_WRITES
    except Resolver404:
        return False
