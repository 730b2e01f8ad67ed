"""The app's tables live in its rooms; this module only makes Django find them."""

from techtransfer.projects.models import Gate, GateCondition, GateDecision, TransferProject

__all__ = ["Gate", "GateCondition", "GateDecision", "TransferProject"]
