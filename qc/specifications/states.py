"""Statuses of specifications and the verdicts of the one function that judges."""

from django.db.models import TextChoices

from cdmo.states import Move


class SpecificationStatus(TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    RETIRED = "retired", "Retired"


class Stage(TextChoices):
    STARTING_MATERIAL = "starting_material", "Starting material"
    IN_PROCESS = "in_process", "In process"
    INTERMEDIATE = "intermediate", "Intermediate"
    DRUG_SUBSTANCE = "drug_substance", "Drug substance"
    DRUG_PRODUCT = "drug_product", "Drug product"
    STABILITY = "stability", "Stability"


class Verdict(TextChoices):
    PASS = "pass", "Passes"
    FAIL = "fail", "Fails"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    REPORT_ONLY = "report_only", "Report only"


APPROVE = Move("approve", SpecificationStatus.DRAFT, SpecificationStatus.APPROVED, signed=True)
SPECIFICATION_MOVES = (APPROVE,)
APPROVALS_NEEDED = 2


def approval_meaning(code: str, version: int) -> str:
    """Return what an approval says: the sentence read before signing is the one kept with it."""
    return f"I approve specification {code}, version {version}."
