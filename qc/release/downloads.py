"""Stored documents as downloads that no browser interprets."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def as_attachment(document, data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type=document.media_type)
    response["Content-Disposition"] = content_disposition_header(True, document.filename)
    response["X-Content-Type-Options"] = "nosniff"
    return response
