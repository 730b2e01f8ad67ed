"""States of a periodic evaluation."""

from django.db.models import TextChoices

from cdmo.states import Move


class EvaluationStatus(TextChoices):
    DRAWN_UP = "drawn_up", "Drawn up"
    CONCLUDED = "concluded", "Concluded"


CONCLUDE = Move("conclude", EvaluationStatus.DRAWN_UP, EvaluationStatus.CONCLUDED, signed=True)
EVALUATION_MOVES = (CONCLUDE,)

# What a signature says, by verb: the sentence read before signing is the one kept with it.
MEANINGS = {"conclude": "I evaluated this period by what is listed here, and conclude as written"}
