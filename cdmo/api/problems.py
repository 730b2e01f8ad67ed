"""Errors as RFC 9457 problem documents. Every refusal lists all its reasons."""

import logging

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError
from django.http import Http404, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from cdmo.blockers import Blocked, Blocker
from cdmo.records.services import DamagedDocument
from cdmo.records.signatures import SignatureRefused

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)

TITLES = {
    400: "The request cannot be understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not offered here",
    406: "No such format",
    409: "Refused",
    412: "The record has changed",
    413: "Too large",
    415: "Unknown media type",
    422: "The key was used for another request",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Not ready",
}


class Problem(exceptions.APIException):
    """A problem with a given status, for the few that DRF has no exception for."""

    def __init__(self, status_code: int, detail: str):
        self.status_code = status_code
        super().__init__(detail)


def document(code: int, detail: str, **more) -> dict:
    return {
        "type": "about:blank",
        "title": TITLES.get(code, "Error"),
        "status": code,
        "detail": detail,
        **more,
    }


def problem_response(code: int, detail: str, **more) -> JsonResponse:
    """Return a problem as a plain Django response (for middleware)."""
    return JsonResponse(document(code, detail, **more), status=code, content_type=MEDIA_TYPE)


def _flatten(detail, field="") -> list[dict]:
    if isinstance(detail, dict):
        return [
            error
            for name, item in detail.items()
            for error in _flatten(item, f"{field}.{name}" if field else str(name))
        ]
    if isinstance(detail, (list, tuple)):
        errors = []
        for index, item in enumerate(detail):
            nested = isinstance(item, (dict, list, tuple))
            errors += _flatten(item, f"{field}[{index}]" if nested else field)
        return errors
    return [{"field": field, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]


def _respond(code: int, detail: str, headers=None, **more) -> Response:
    return Response(
        document(code, detail, **more), status=code, headers=headers, content_type=MEDIA_TYPE
    )


def blocked(error: Blocked) -> Response:
    """409 with every objection; 403 when the only one is that this person has no such right."""
    only_rights = all(blocker.code == "no_right" for blocker in error.blockers)
    code = status.HTTP_403_FORBIDDEN if only_rights else status.HTTP_409_CONFLICT
    return _respond(code, str(error), blockers=[b.as_json() for b in error.blockers])


def handle(error, context):
    """Turn what a view raised into a problem; None (a 500) only for what nobody foresaw."""
    if isinstance(error, Blocked):
        return blocked(error)
    if isinstance(error, SignatureRefused):
        return _respond(403, error.message)
    if isinstance(error, Http404):
        return _respond(404, "There is no such record, or you may not see it.")
    if isinstance(error, DjangoPermissionDenied):
        return _respond(403, str(error) or "You may not do this.")
    if isinstance(error, DjangoValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        return _respond(400, "Some values cannot be used.", errors=_flatten(detail))
    if isinstance(error, exceptions.ValidationError):
        errors = _flatten(error.detail)
        text = "; ".join(
            f"{e['field']}: {e['message']}" if e["field"] else e["message"] for e in errors
        )
        return _respond(400, text[:1000], errors=errors)
    if isinstance(error, exceptions.APIException):
        headers = {}
        if getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = error.auth_header
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait) + 1)
        more = {"errors": []} if error.status_code == 400 else {}
        return _respond(error.status_code, str(error.detail), headers=headers, **more)
    if isinstance(error, DamagedDocument):
        return blocked(Blocked([Blocker("damaged", str(error))]))
    if isinstance(error, DataError):
        log.warning("A value reached PostgreSQL that it cannot store", exc_info=error)
        return _respond(400, "A value is too large or cannot be stored.", errors=[])
    if isinstance(error, IntegrityError):
        log.warning("A database constraint refused a change", exc_info=error)
        name = (
            getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "constraint"
        )
        return _respond(
            409,
            "The database refused this change.",
            blockers=[
                {
                    "code": name,
                    "message": "This change conflicts with another record.",
                    "record_type": "",
                    "record": "",
                }
            ],
        )
    return None
