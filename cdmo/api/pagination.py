"""Keyset pagination: {"results", "next", "previous"}, `limit` up to 500.

A cursor is the position of a row: its values in the order asked for, its id last. So no row is
skipped or shown twice, whatever comes before or behind it meanwhile. What is empty comes last,
ascending as well as descending.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import is_naive
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

LONGEST_CURSOR = 4000


class NotACursor(ValueError):
    """A cursor that this list, in this order, did not give."""


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an order, and what comes before or after a value in it."""

    field: models.Field
    descending: bool

    @property
    def name(self) -> str:
        return self.field.attname

    def order(self, *, back: bool):
        """Return the ORDER BY term; plain where nothing can be empty, so that an index serves."""
        descending = self.descending != back
        if not self.field.null:
            return f"-{self.name}" if descending else self.name
        last = {"nulls_first": True} if back else {"nulls_last": True}
        return F(self.name).desc(**last) if descending else F(self.name).asc(**last)

    def same(self, value) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value, *, back: bool) -> Q | None:
        """Return what lies strictly beyond a value in the direction of reading; None: nothing."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if back else None
        side = "lt" if self.descending != back else "gt"
        found = Q(**{f"{self.name}__{side}": value})
        if self.field.null and not back:
            found |= Q(**{f"{self.name}__isnull": True})
        return found

    def text_of(self, record) -> str | None:
        value = getattr(record, self.name)
        return None if value is None else self.field.value_to_string(record)

    def value_of(self, text: str | None):
        if text is None:
            if not self.field.null:
                raise NotACursor
            return None
        if not isinstance(text, str) or "\x00" in text:
            raise NotACursor
        value = self.field.to_python(text)
        if isinstance(self.field, models.DateTimeField) and (value is None or is_naive(value)):
            raise NotACursor
        return value


def beyond(keys: tuple[Key, ...], values: list, *, back: bool) -> Q:
    """Return the rows strictly after a position; before it when reading back."""
    found, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        further = key.beyond(value, back=back)
        if further is not None:
            found |= same & further
        same &= key.same(value)
    first = keys[0]
    if len(keys) > 1 and not first.field.null:
        # Says nothing new, but an index finds its place by it: no index looks into an OR.
        side = "lte" if first.descending != back else "gte"
        found &= Q(**{f"{first.name}__{side}": values[0]})
    return found


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

    def get_keys(self, request, queryset, view) -> tuple[Key, ...]:
        """Return the columns of the order, each once, with the id last: it makes them unique."""
        keys: dict[str, Key] = {}
        for term in self.get_ordering(request, queryset, view):
            name, descending = term.removeprefix("-"), term.startswith("-")
            try:
                field = queryset.model._meta.get_field(name)
            except FieldDoesNotExist:
                raise ValidationError({"ordering": f"There is no {name} to order by."}) from None
            keys.setdefault(name, Key(field, descending))
            if field.primary_key:
                return tuple(keys.values())
        # In the direction of the column before, so that one index serves an order and its reverse.
        told = tuple(keys.values())
        return (*told, Key(queryset.model._meta.pk, told[-1].descending))

    def paginate_queryset(self, queryset, request, view=None):
        self.request, self.base_url = request, request.build_absolute_uri()
        self.page_size = self.get_page_size(request)
        self.keys = self.get_keys(request, queryset, view)
        back, values = self.read_cursor(request)
        rows = queryset.order_by(*(key.order(back=back) for key in self.keys))
        if values is not None:
            rows = rows.filter(beyond(self.keys, values, back=back))
        found = list(rows[: self.page_size + 1])
        more, self.page = len(found) > self.page_size, found[: self.page_size]
        if back:
            self.page.reverse()
        # Whoever came from a row of this list finds it again on the way back.
        came = values is not None
        self.has_next, self.has_previous = (came, more) if back else (more, came)
        return self.page

    def read_cursor(self, request) -> tuple[bool, list | None]:
        """Return the direction and the position asked for; refuse what this list did not give."""
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return False, None
        try:
            if len(text) > LONGEST_CURSOR:
                raise NotACursor
            back, texts = json.loads(urlsafe_b64decode(text.encode("ascii")))
            if not isinstance(back, bool) or not isinstance(texts, list):
                raise NotACursor
            pairs = zip(self.keys, texts, strict=True)
            return back, [key.value_of(text) for key, text in pairs]
        except (ValueError, TypeError, RecursionError, DjangoValidationError):
            raise ValidationError({"cursor": "Follow `next` or `previous` as given."}) from None

    def link_from(self, record, *, back: bool) -> str:
        position = json.dumps([back, [key.text_of(record) for key in self.keys]])
        cursor = urlsafe_b64encode(position.encode()).decode()
        return replace_query_param(self.base_url, self.cursor_query_param, cursor)

    def get_next_link(self):
        return self.link_from(self.page[-1], back=False) if self.has_next and self.page else None

    def get_previous_link(self):
        return self.link_from(self.page[0], back=True) if self.has_previous and self.page else None

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
