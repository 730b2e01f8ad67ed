"""Statuses of transfers and gates; decisions."""

from django.db.models import TextChoices

from cdmo.states import Move


class TransferStatus(TextChoices):
    PLANNED = "planned", "Planned"
    ACTIVE = "active", "Active"
    ON_HOLD = "on_hold", "On hold"
    CLOSED = "closed", "Closed"
    STOPPED = "stopped", "Stopped"


class GateStatus(TextChoices):
    WAITING = "waiting", "Not reached"
    OPEN = "open", "Open"
    GO = "go", "Go"
    CONDITIONAL_GO = "conditional_go", "Go with conditions"
    NO_GO = "no_go", "No go"
    HOLD = "hold", "On hold"


class Decision(TextChoices):
    GO = "go", "Go"
    CONDITIONAL_GO = "conditional_go", "Go with conditions"
    NO_GO = "no_go", "No go"
    HOLD = "hold", "Hold"


class Unit(TextChoices):
    SENDING = "sending", "Sending unit"
    RECEIVING = "receiving", "Receiving unit"


GATES = {
    "G0": "Intake",
    "G1": "Gap analysis and due diligence",
    "G2": "Plan",
    "G3": "Knowledge and readiness",
    "G4": "Analytical transfer",
    "G5": "Engineering runs",
    "G6": "Qualification runs and comparability",
    "G7": "Close-out",
}

OPEN = Move("open", GateStatus.WAITING, GateStatus.OPEN)
DECISIONS = tuple(
    Move("decide", source, target, signed=True)
    for source in (GateStatus.OPEN, GateStatus.HOLD)
    for target in (GateStatus.GO, GateStatus.CONDITIONAL_GO, GateStatus.NO_GO, GateStatus.HOLD)
)
REOPENS = tuple(
    Move("reopen", source, GateStatus.OPEN, signed=True)
    for source in (GateStatus.GO, GateStatus.CONDITIONAL_GO, GateStatus.NO_GO)
)
# Opening a gate again sends those after it back to wait.
FALLS_BACK = tuple(
    Move("fall back", source, GateStatus.WAITING)
    for source in GateStatus
    if source != GateStatus.WAITING
)
GATE_MOVES = (OPEN, *DECISIONS, *REOPENS, *FALLS_BACK)

# What a gate that both units decided alike makes of the whole transfer.
TRANSFER_AFTER = {
    Decision.GO: TransferStatus.ACTIVE,
    Decision.CONDITIONAL_GO: TransferStatus.ACTIVE,
    Decision.NO_GO: TransferStatus.STOPPED,
    Decision.HOLD: TransferStatus.ON_HOLD,
}

# What a signature says: the sentence read before signing is the one kept with it.
REOPEN_MEANING = (
    "I open this gate again; its decision and those of all later gates no longer stand."
)


def decision_meaning(decision: str, unit: str) -> str:
    return f"{Decision(decision).label}, for the {Unit(unit).label.lower()}"
