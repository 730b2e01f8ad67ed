"""Which rows there are to prove, and how to walk through them without holding them."""

from django.apps import apps

from cdmo.accounts.models import Regulated

AT_ONCE = 500


def records_by_type() -> dict:
    """Return every regulated model by its record type."""
    return {
        model.record_type: model
        for model in apps.get_models()
        if issubclass(model, Regulated) and model._meta.managed and not model._meta.proxy
    }


def pages(queryset, size: int = AT_ONCE):
    last = 0
    while page := list(queryset.filter(pk__gt=last).order_by("pk")[:size]):
        yield page
        last = page[-1].pk
