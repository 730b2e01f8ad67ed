"""Statuses of methods, samples, results and OOS investigations."""

from django.db.models import TextChoices

from cdmo.states import Move


class MethodStatus(TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    RETIRED = "retired", "Retired"


class Validation(TextChoices):
    DEVELOPMENT = "development", "In development"
    QUALIFIED = "qualified", "Qualified"
    VALIDATED = "validated", "Validated"
    COMPENDIAL = "compendial", "Compendial, verified"


class ResultStatus(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    INVALIDATED = "invalidated", "Invalidated"
    SUPERSEDED = "superseded", "Superseded"


class OosStatus(TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class OosConclusion(TextChoices):
    NONE = "", "Not concluded"
    CONFIRMED = "confirmed", "Confirmed"
    NOT_CONFIRMED = "not_confirmed", "Not confirmed"
    LABORATORY_ERROR = "laboratory_error", "Laboratory error"


APPROVE_METHOD = Move("approve", MethodStatus.DRAFT, MethodStatus.APPROVED, signed=True)
METHOD_MOVES = (APPROVE_METHOD,)

SUBMIT = Move("submit", ResultStatus.DRAFT, ResultStatus.SUBMITTED)
APPROVE = Move("approve", ResultStatus.SUBMITTED, ResultStatus.APPROVED, signed=True)
INVALIDATES = tuple(
    Move("invalidate", source, ResultStatus.INVALIDATED)
    for source in (ResultStatus.DRAFT, ResultStatus.SUBMITTED, ResultStatus.APPROVED)
)
SUPERSEDES = tuple(
    Move("supersede", source, ResultStatus.SUPERSEDED)
    for source in (ResultStatus.DRAFT, ResultStatus.SUBMITTED, ResultStatus.APPROVED)
)
RESULT_MOVES = (SUBMIT, APPROVE, *INVALIDATES, *SUPERSEDES)

CLOSE_OOS = Move("conclude", OosStatus.OPEN, OosStatus.CLOSED, signed=True)
OOS_MOVES = (CLOSE_OOS,)

# What a signature says: the sentence read before signing is the one kept with it.
RESULT_MEANING = "I reviewed this result with its raw data and approve it."


def method_meaning(code: str, version: int) -> str:
    return f"I approve method {code}, version {version}."


def conclusion_meaning(number: str, conclusion: str) -> str:
    return f"I conclude {number}: {OosConclusion(conclusion).label.lower()}."
