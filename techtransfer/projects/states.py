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
GATE_MOVES = (OPEN, *DECISIONS)
