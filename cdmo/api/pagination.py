"""Cursor pagination: {"results", "next", "previous"}, `limit` up to 500."""

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class KeysetPagination(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"
    ordering = ("-id",)

    def get_page_size(self, request):
        text = request.query_params.get("limit")
        if text is None:
            return self.page_size
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size):
            raise ValidationError({"limit": f"Give a whole number from 1 to {self.max_page_size}."})
        return int(text)

    def get_ordering(self, request, queryset, view):
        ordering = tuple(super().get_ordering(request, queryset, view))
        # The last field makes every position unique, so that no row is skipped or shown twice.
        return ordering if ordering[-1] in {"id", "-id"} else (*ordering, "-id")

    def paginate_queryset(self, queryset, request, view=None):
        self.model = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request):
        """Refuse a cursor that this list did not give: its position must suit the first field."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self._check_position(cursor.position)
        except (NotFound, DjangoValidationError):
            raise ValidationError({"cursor": "Follow `next` or `previous` as given."}) from None
        return cursor

    def _check_position(self, position: str) -> None:
        if "\x00" in position:
            raise DjangoValidationError("PostgreSQL compares nothing with a NUL character.")
        try:
            self.model._meta.get_field(self.ordering[0].lstrip("-")).to_python(position)
        except FieldDoesNotExist:  # an annotation or a related field: text
            return

    def get_paginated_response(self, data):
        return Response(
            {"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()}
        )

    def get_paginated_response_schema(self, schema):
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }
