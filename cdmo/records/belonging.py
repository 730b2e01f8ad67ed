"""Which records belong to one batch, found by their foreign key `batch`, on whatever floor."""

from functools import cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BigIntegerField, CharField, Q, Value
from django.db.models.functions import Cast

BATCH = "batch"


@cache
def parts() -> tuple:
    """Return (record type, model) of everything that names its batch."""
    found = []
    for model in apps.get_models():
        record_type = getattr(model, "record_type", None)
        try:
            field = model._meta.get_field(BATCH)
        except FieldDoesNotExist:
            continue
        related = getattr(field, "related_model", None)
        if (
            field.concrete
            and isinstance(record_type, str)
            and getattr(related, "record_type", "") == BATCH
        ):
            found.append((record_type, model))
    return tuple(sorted(found, key=lambda pair: pair[0]))


@cache
def batch_model():
    return next(m for m in apps.get_models() if getattr(m, "record_type", None) == BATCH)


def ids_of_batch(number: str, *, user) -> dict[str, list[int]]:
    """Return the ids of the batch and of all that belongs to it, by record type: one query.

    Nothing, where the person may not see the batch.
    """
    own = batch_model().objects.visible_to(user).filter(number=number)
    queries = [_ids(BATCH, own)] + [
        _ids(record_type, model._default_manager.filter(batch__in=own))
        for record_type, model in parts()
    ]
    found: dict[str, list[int]] = {}
    for record_type, pk in queries[0].union(*queries[1:], all=True):
        found.setdefault(record_type, []).append(pk)
    return found


def _ids(record_type, records):
    return records.order_by().values_list(
        Value(record_type, output_field=CharField()), Cast("pk", BigIntegerField())
    )


def of_batch(number: str, *, user) -> Q:
    """Return the condition for audit rows and signatures of a batch and of what belongs to it."""
    where = Q(pk__in=[])
    for record_type, ids in ids_of_batch(number, user=user).items():
        where |= Q(record_type=record_type, record_id__in=ids)
    return where
