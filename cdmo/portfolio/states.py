"""Statuses and legal moves of agreements, products' processes."""

from django.db.models import TextChoices

from cdmo.states import Move


class AgreementStatus(TextChoices):
    DRAFT = "draft", "Draft"
    IN_FORCE = "in_force", "In force"
    TERMINATED = "terminated", "Terminated"


class AgreementKind(TextChoices):
    MOU = "mou", "Memorandum of understanding"
    CDA = "cda", "Confidentiality agreement"
    MSA = "msa", "Master services agreement"
    WORK_ORDER = "work_order", "Work order"
    QUALITY_AGREEMENT = "quality_agreement", "Quality agreement"
    SUPPLY = "supply", "Supply agreement"


class ScopeStatus(TextChoices):
    IN_SCOPE = "in_scope", "In scope"
    OPTION = "option", "Option"
    EXERCISED = "exercised", "Option exercised"
    DECLINED = "declined", "Declined"


class Work(TextChoices):
    """What a scope item covers, so that a rule can ask whether an agreement authorises a batch."""

    TECH_TRANSFER = "tech_transfer", "Technology transfer"
    NON_GMP = "non_gmp", "Non-GMP runs"
    GMP_CLINICAL = "gmp_clinical", "GMP manufacture for clinical trials"
    GMP_COMMERCIAL = "gmp_commercial", "Commercial manufacture"
    TESTING = "testing", "Testing"
    OTHER = "other", "Other"


class ProcessStatus(TextChoices):
    DEVELOPMENT = "development", "Development"
    ENGINEERING = "engineering", "Engineering"
    QUALIFIED = "qualified", "Qualified"
    RETIRED = "retired", "Retired"


SIGN = Move("sign", AgreementStatus.DRAFT, AgreementStatus.IN_FORCE, signed=True)
TERMINATE = Move("terminate", AgreementStatus.IN_FORCE, AgreementStatus.TERMINATED, signed=True)
AGREEMENT_MOVES = (SIGN, TERMINATE)

EXERCISE = Move("exercise", ScopeStatus.OPTION, ScopeStatus.EXERCISED, signed=True)
DECLINE = Move("decline", ScopeStatus.OPTION, ScopeStatus.DECLINED, signed=True)
SCOPE_MOVES = (EXERCISE, DECLINE)

APPROVE_ENGINEERING = Move(
    "approve", ProcessStatus.DEVELOPMENT, ProcessStatus.ENGINEERING, signed=True
)
APPROVE_QUALIFIED = Move("approve", ProcessStatus.ENGINEERING, ProcessStatus.QUALIFIED, signed=True)
RETIRES = tuple(
    Move("retire", source, ProcessStatus.RETIRED, signed=True)
    for source in (ProcessStatus.DEVELOPMENT, ProcessStatus.ENGINEERING, ProcessStatus.QUALIFIED)
)
APPROVALS = (APPROVE_ENGINEERING, APPROVE_QUALIFIED)
PROCESS_MOVES = (*APPROVALS, *RETIRES)

# What a signature says, by verb: the sentence read before signing is the one kept with it.
MEANINGS = {
    "sign": "Signed for the CDMO",
    "terminate": "Terminated for the CDMO",
    "retire": "Retired",
}


def option_meaning(move: Move, item: str) -> str:
    """Return what a decision on an option says, in the length that a signature keeps."""
    return f"Option {move.target}: {item}"[:200]


def approval_meaning(target: str) -> str:
    """Return what the approval that takes a process version to a status says."""
    return f"Approved for {ProcessStatus(target).label.lower()} use"
