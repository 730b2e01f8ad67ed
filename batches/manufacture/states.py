"""The four axes of a batch and the legal moves on each (domain.md section 3)."""

from django.db.models import TextChoices

from cdmo.states import Move


class Execution(TextChoices):
    PLANNED = "planned", "Planned"
    ISSUED = "issued", "Issued"
    IN_PROCESS = "in_process", "In process"
    ON_HOLD = "on_hold", "On hold"
    COMPLETED = "completed", "Completed"
    ABORTED = "aborted", "Aborted"


class Disposition(TextChoices):
    PENDING = "pending", "Not decided"
    CONDITIONAL = "conditional", "Conditionally released"
    RELEASED = "released", "Released"
    REJECTED = "rejected", "Rejected"
    OOS_SUPPLIED = "oos_supplied", "Supplied out of specification"
    RECALLED = "recalled", "Recalled"


class Inventory(TextChoices):
    QUARANTINE = "quarantine", "Quarantine"
    AVAILABLE = "available", "Available"
    RESERVED = "reserved", "Reserved"
    CONSUMED = "consumed", "Consumed"
    SHIPPED = "shipped", "Shipped"
    DESTROYED = "destroyed", "Destroyed"


class Custody(TextChoices):
    SITE = "site", "At the site"
    TRANSIT = "transit", "In transit"
    CLINIC = "clinic", "At the clinic"
    ADMINISTERED = "administered", "Administered"


class Purpose(TextChoices):
    FEASIBILITY = "feasibility", "Feasibility"
    COMPARISON = "comparison", "Comparison"
    STABILITY = "stability", "Stability"
    ENGINEERING = "engineering", "Engineering"
    APS = "aps", "Aseptic process simulation"
    PPQ = "ppq", "Process performance qualification"
    CLINICAL = "clinical", "Clinical"
    COMMERCIAL = "commercial", "Commercial"


CLINICAL_PURPOSES = frozenset({Purpose.CLINICAL, Purpose.COMMERCIAL, Purpose.PPQ})
GMP_PURPOSES = CLINICAL_PURPOSES | {Purpose.APS}


class Stage(TextChoices):
    """Where a batch is, in one word drawn from its axes; stored nowhere."""

    PLANNED = "planned", "Planned"
    ISSUED = "issued", "Issued"
    IN_PROCESS = "in_process", "In process"
    ON_HOLD = "on_hold", "On hold"
    IN_REVIEW = "in_review", "In review"
    TO_CERTIFY = "to_certify", "To certify"
    CONDITIONAL = "conditional", "Conditionally released"
    RELEASED = "released", "Released"
    ABORTED = "aborted", "Aborted"
    REJECTED = "rejected", "Rejected"
    OOS_SUPPLIED = "oos_supplied", "Supplied out of specification"
    RECALLED = "recalled", "Recalled"


def stage_of(*, execution: str, disposition: str, is_reviewed: bool) -> Stage:
    """Return the one badge of a batch: its disposition once decided, else how far its work is."""
    if disposition != Disposition.PENDING:
        return Stage(disposition)
    if execution == Execution.COMPLETED:
        return Stage.TO_CERTIFY if is_reviewed else Stage.IN_REVIEW
    return Stage(execution)


class StepKind(TextChoices):
    CHECK = "check", "Check"
    NUMBER = "number", "Measured value"
    TEXT = "text", "Text"
    SCAN = "scan", "Scan"
    CONSUMPTION = "consumption", "Material use"


class StepStatus(TextChoices):
    OPEN = "open", "Open"
    PERFORMED = "performed", "Performed"
    VERIFIED = "verified", "Verified"
    NOT_APPLICABLE = "not_applicable", "Not applicable"


class MasterStatus(TextChoices):
    DRAFT = "draft", "Draft"
    EFFECTIVE = "effective", "Effective"
    RETIRED = "retired", "Retired"


ISSUE = Move("issue", Execution.PLANNED, Execution.ISSUED, signed=True)
START = Move("start", Execution.ISSUED, Execution.IN_PROCESS)
HOLD = Move("hold", Execution.IN_PROCESS, Execution.ON_HOLD)
RESUME = Move("resume", Execution.ON_HOLD, Execution.IN_PROCESS)
COMPLETE = Move("complete", Execution.IN_PROCESS, Execution.COMPLETED, signed=True)
# A correction after completion voids its signature; production signs the corrected record again.
COMPLETE_AGAIN = Move("complete", Execution.COMPLETED, Execution.COMPLETED, signed=True)
ABORTS = tuple(
    Move("abort", source, Execution.ABORTED, signed=True)
    for source in (Execution.PLANNED, Execution.ISSUED, Execution.IN_PROCESS, Execution.ON_HOLD)
)
EXECUTION_MOVES = (ISSUE, START, HOLD, RESUME, COMPLETE, COMPLETE_AGAIN, *ABORTS)

CERTIFY = Move("certify", Disposition.PENDING, Disposition.RELEASED, signed=True)
CERTIFY_FINALLY = Move("certify", Disposition.CONDITIONAL, Disposition.RELEASED, signed=True)
CERTIFY_CONDITIONALLY = Move(
    "certify-conditionally", Disposition.PENDING, Disposition.CONDITIONAL, signed=True
)
REJECTS = (
    Move("reject", Disposition.PENDING, Disposition.REJECTED, signed=True),
    Move("reject", Disposition.CONDITIONAL, Disposition.REJECTED, signed=True),
)
RECALLS = (
    Move("recall", Disposition.RELEASED, Disposition.RECALLED, signed=True),
    Move("recall", Disposition.CONDITIONAL, Disposition.RECALLED, signed=True),
)
DISPOSITION_MOVES = (CERTIFY, CERTIFY_FINALLY, CERTIFY_CONDITIONALLY, *REJECTS, *RECALLS)

# What the physical status becomes when disposition is decided.
INVENTORY_AFTER = {
    Disposition.RELEASED: Inventory.AVAILABLE,
    Disposition.CONDITIONAL: Inventory.AVAILABLE,
    Disposition.REJECTED: Inventory.QUARANTINE,
    Disposition.RECALLED: Inventory.QUARANTINE,
}
APPROVE_MASTER = Move("approve", MasterStatus.DRAFT, MasterStatus.EFFECTIVE, signed=True)
RETIRE_MASTER = Move("retire", MasterStatus.EFFECTIVE, MasterStatus.RETIRED)
MASTER_MOVES = (APPROVE_MASTER, RETIRE_MASTER)

# What a signature says, by verb: the sentence read before signing is the one kept with it.
MEANINGS = {
    "approve": "I approve these instructions for manufacture.",
    "issue": "I issue this batch record: the copy agrees with the approved instructions.",
    "start": "I started this batch.",
    "witness-start": "I was present when this batch was started and confirm it.",
    "hold": "I hold this batch.",
    "resume": "I resume this batch.",
    "complete": "I completed this batch; its record, with the yield given here, is complete and "
    "true.",
    "record-yield": "I record the yield of this batch, which its completed record lacks.",
    "abort": "I abort this batch. The reason says what becomes of its material.",
    "review": "I reviewed this batch record, its exceptions and its audit trail.",
    "reject": "I reject this batch. It never becomes available again.",
    "recall": "I recall this batch and everything that was made from it.",
}
