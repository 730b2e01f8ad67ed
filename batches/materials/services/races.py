"""What PostgreSQL refused because somebody else was faster, in words."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction

from cdmo.blockers import Blocked, Blocker

SENTENCES = {
    "batches_consumption_within_stock": (
        "over_stock",
        "Somebody else has just used this source: less is left than you want to take.",
    ),
    "batches_consumption_known_stock": (
        "yield_unknown",
        "The yield of this batch is not recorded: nobody can say how much of it there is.",
    ),
    "batches_consumption_no_cycle": ("cycle", "A batch cannot descend from itself."),
    "batches_consumption_same_sponsor": (
        "other_sponsor",
        "What belongs to one sponsor never goes into a batch of another.",
    ),
    "batches_lot_number_key": (
        "number_taken",
        "Somebody else has just used this number. Numbers are never reused.",
    ),
    "batches_material_code_key": (
        "code_taken",
        "There is already a material with this code. Codes are never reused.",
    ),
}


@contextmanager
def refusals_in_words(record=None):
    """Turn a lost race into Blocked; what nobody foresaw stays an error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name not in SENTENCES:
            raise
        code, sentence = SENTENCES[name]
        raise Blocked([Blocker(code, sentence, record)]) from error
