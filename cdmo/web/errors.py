"""Pages for what went wrong, in plain words. None of them asks the database for anything."""

from django.http import HttpResponse
from django.template.loader import render_to_string

WORDS = {
    400: (
        "This request could not be read",
        "Something in the address or the form was not as expected. Go back and try again.",
    ),
    403: (
        "This is not allowed",
        "Your session may have ended while the page was open. Go back, reload the page, and try "
        "again. What you typed is kept by your browser.",
    ),
    404: (
        "There is nothing here",
        "The record does not exist, or it is not among those you may see.",
    ),
    409: (
        "The stored file is damaged",
        "Its bytes are no longer what was stored: the SHA-256 differs. It is not given out. Report "
        "this to quality assurance at once.",
    ),
    500: (
        "Something broke on our side",
        "Nothing was saved. The fault has been written down under the number below; tell it to "
        "whoever looks after this system.",
    ),
}


def error_page(request, status: int) -> HttpResponse:
    title, words = WORDS[status]
    in_dialog = request.headers.get("HX-Request") == "true"
    body = render_to_string(
        "errors/_error.html" if in_dialog else "errors/error.html",
        {"status": status, "title": title, "words": words, "number": getattr(request, "id", "")},
    )
    return HttpResponse(body, status=status)


def bad_request(request, exception=None):
    return error_page(request, 400)


def permission_denied(request, exception=None):
    return error_page(request, 403)


def not_found(request, exception=None):
    return error_page(request, 404)


def server_error(request):
    return error_page(request, 500)


def csrf_failure(request, reason=""):
    """A dialog is told like one whose session has ended: signing in again mends both."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse("You are signed out.", status=401, content_type="text/plain")
    return error_page(request, 403)
