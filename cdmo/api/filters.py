"""Searching and ordering that refuse what they do not know, instead of ignoring it."""

from django.db import models
from django_filters.rest_framework import CharFilter, DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter


class Search(SearchFilter):
    search_param = "search"

    def get_search_fields(self, view, request):
        """Leave out what a sponsor is not shown: it could be guessed letter by letter."""
        fields = super().get_search_fields(view, request) or ()
        if getattr(request.user, "is_sponsor_side", True):
            return [name for name in fields if name not in view.staff_only_search]
        return fields

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
        if getattr(request.user, "is_sponsor_side", True):
            allowed -= set(getattr(view, "staff_only_ordering", ()))
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
    """What a sponsor is not shown it cannot filter by either: a filter is a question."""

    filterset_base = RecordFilterSet

    def filter_queryset(self, request, queryset, view):
        hidden = getattr(view, "staff_only_filters", ())
        if getattr(request.user, "is_sponsor_side", True):
            for name in request.query_params:
                if name.partition("__")[0] in hidden:
                    raise ValidationError({name: "There is no such filter."})
        return super().filter_queryset(request, queryset, view)
