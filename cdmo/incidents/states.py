"""States of an incident of the system, and how much it weighs."""

from django.db.models import TextChoices

from cdmo.states import Move


class IncidentStatus(TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Severity(TextChoices):
    MINOR = "minor", "Minor"
    MAJOR = "major", "Major"
    CRITICAL = "critical", "Critical"


CLOSE = Move("close", IncidentStatus.OPEN, IncidentStatus.CLOSED, signed=True)
INCIDENT_MOVES = (CLOSE,)

# What a signature says, by verb: the sentence read before signing is the one kept with it.
MEANINGS = {"close": "The incident is understood, and what it needed has been done"}
