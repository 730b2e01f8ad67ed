"""States of an access review, and what a reviewer decides about one access."""

from django.db.models import TextChoices

from cdmo.states import Move


class ReviewStatus(TextChoices):
    OPEN = "open", "Open"
    ATTESTED = "attested", "Attested"


class Decision(TextChoices):
    KEEP = "keep", "Keep"
    REMOVE = "remove", "Remove"


ATTEST = Move("attest", ReviewStatus.OPEN, ReviewStatus.ATTESTED, signed=True)
REVIEW_MOVES = (ATTEST,)

# What a signature says, by verb: the sentence read before signing is the one kept with it.
MEANINGS = {
    "attest": "I have reviewed every access listed here, and it shall be as decided",
    "issue-token": "This service account gets a token, given into the right hands",
}
