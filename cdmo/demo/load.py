"""The demonstration, act by act: all of it or nothing."""

from django.db import transaction

from cdmo.demo import (
    batches,
    cast,
    instruments,
    masters,
    methods,
    portfolio,
    reviews,
    specifications,
    stock,
    training,
    transfers,
)
from cdmo.demo.stage import Stage

ACTS = (
    cast,
    reviews,
    portfolio,
    methods,
    specifications,
    instruments,
    stock,
    masters,
    batches,
    transfers,
    training,
)


class NotHere(Exception):
    """The demonstration would be mixed with somebody's data."""


@transaction.atomic
def load(*, at) -> bool:
    """Load the demonstration data as of an instant; False when it stands here already."""
    if cast.is_loaded():
        return False
    if cast.is_foreign():
        raise NotHere("This database holds other data. The demonstration wants an empty one.")
    stage = Stage(at)
    for act in ACTS:
        act.load(stage)
    return True
