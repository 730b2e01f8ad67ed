"""Statuses of deviations."""

from django.db.models import TextChoices

from cdmo.states import Move


class DeviationStatus(TextChoices):
    OPEN = "open", "Open"
    INVESTIGATING = "investigating", "Under investigation"
    CLOSED = "closed", "Closed"


class Classification(TextChoices):
    UNCLASSIFIED = "", "Not classified"
    MINOR = "minor", "Minor"
    MAJOR = "major", "Major"
    CRITICAL = "critical", "Critical"


CLASSIFY = Move("classify", DeviationStatus.OPEN, DeviationStatus.INVESTIGATING)
RECLASSIFY = Move("classify", DeviationStatus.INVESTIGATING, DeviationStatus.INVESTIGATING)
CLOSE = Move("close", DeviationStatus.INVESTIGATING, DeviationStatus.CLOSED, signed=True)
DEVIATION_MOVES = (CLASSIFY, RECLASSIFY, CLOSE)

# What a signature says: the sentence read before signing is the one kept with it.
CLOSE_MEANING = "I close this deviation with this conclusion."
