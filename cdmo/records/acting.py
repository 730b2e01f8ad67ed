"""`@service`: the frame of every change. Atomic, and PostgreSQL is told who acts and why.

The triggers that write history read these settings; they are local to the transaction, and a
service called by a service restores its caller's.
"""

import functools
import inspect
from contextvars import ContextVar

from django.db import connection, transaction

request_id: ContextVar[str] = ContextVar("request_id", default="")
_SETTINGS = ("by", "by_name", "role", "reason", "request_id")


def _tell(values: tuple[str, ...]) -> None:
    calls = ", ".join(f"set_config('cdmo.{name}', %s, true)" for name in _SETTINGS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", values)


_current: ContextVar[tuple[str, ...] | None] = ContextVar("acting", default=None)


def service(function):
    """Make a keyword-only function with `by` and `at` one atomic, attributed change.

    `by` is a User, or None for the system itself (a sweep).
    """
    parameters = inspect.signature(function).parameters
    for name in ("by", "at"):
        if name not in parameters:
            raise TypeError(f"{function.__qualname__} must take `{name}`")
    if any(p.kind not in {p.KEYWORD_ONLY, p.VAR_KEYWORD} for p in parameters.values()):
        raise TypeError(f"{function.__qualname__} must take keyword-only arguments")

    @functools.wraps(function)
    def frame(**arguments):
        by = arguments["by"]
        values = (
            str(by.pk) if by is not None else "",
            by.email if by is not None else "system",
            by.role_names if by is not None else "system",
            str(arguments.get("reason") or ""),
            request_id.get(),
        )
        with transaction.atomic():
            outer = _current.get()
            token = _current.set(values)
            try:
                if values != outer or outer is None:
                    _tell(values)
                return function(**arguments)
            finally:
                _current.reset(token)
                if outer is not None and values != outer and not connection.needs_rollback:
                    _tell(outer)

    frame.is_service = True
    return frame
