"""Searching and ordering that refuse what they do not know, instead of ignoring it."""

from django.db import models
from django_filters.rest_framework import CharFilter, DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter


class Search(SearchFilter):
    search_param = "search"

    def get_search_terms(self, request):
        text = request.query_params.get(self.search_param, "")
        if len(text) > 200:
            raise ValidationError({"search": "Search for at most 200 characters."})
        return super().get_search_terms(request)


class Ordering(OrderingFilter):
    ordering_param = "ordering"

    def get_default_ordering(self, view):
        return getattr(view, "ordering", None) or ("-id",)

    def get_ordering(self, request, queryset, view):
        wanted = request.query_params.get(self.ordering_param)
        if not wanted:
            return self.get_default_ordering(view)
        fields = [part.strip() for part in wanted.split(",") if part.strip()]
        allowed = {name for name, _ in self.get_valid_fields(queryset, view)}
        unknown = [field for field in fields if field.removeprefix("-") not in allowed]
        if unknown or not fields:
            known = ", ".join(sorted(allowed))
            raise ValidationError({"ordering": f"Order by one of: {known}."})
        return fields

    def get_default_valid_fields(self, queryset, view, context=None):
        return [("id", "id")]


class RecordFilterSet(FilterSet):
    """`filterset_fields` may name a reference: it is filtered by the record's human key."""

    @classmethod
    def filter_for_field(cls, field, field_name, lookup_expr=None):
        if isinstance(field, models.ForeignKey) and lookup_expr in (None, "exact"):
            key = getattr(field.related_model, "key_field", "pk")
            return CharFilter(field_name=f"{field_name}__{key}", max_length=200)
        return super().filter_for_field(field, field_name, lookup_expr)


class Filters(DjangoFilterBackend):
    filterset_base = RecordFilterSet
