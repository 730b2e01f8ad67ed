"""How a status looks: colour, icon and word, from the value itself and the same everywhere.

grey planned or pending · blue in work · amber attention or conditional · green released or passed ·
red rejected, failed or late. A test walks every status of every model: each one is here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """A colour of the palette (CSS class `state-…`) and an icon of Tabler's (`ti-…`)."""

    colour: str
    icon: str


GREY, BLUE, AMBER, GREEN, RED = "grey", "blue", "amber", "green", "red"
UNKNOWN = Look(GREY, "question-mark")

LOOKS = {
    # not yet
    "planned": Look(GREY, "calendar"),
    "pending": Look(GREY, "hourglass"),
    "waiting": Look(GREY, "hourglass-empty"),
    "queued": Look(GREY, "clock"),
    "draft": Look(GREY, "pencil"),
    "proposed": Look(GREY, "sparkles"),
    "option": Look(GREY, "circle-dashed"),
    "quarantine": Look(GREY, "lock"),
    "reserved": Look(GREY, "bookmark"),
    "development": Look(GREY, "flask"),
    # in work
    "issued": Look(BLUE, "file-check"),
    "in_process": Look(BLUE, "player-play"),
    "running": Look(BLUE, "loader"),
    "reading": Look(BLUE, "loader"),
    "submitted": Look(BLUE, "send"),
    "in_review": Look(BLUE, "eye"),
    "performed": Look(BLUE, "hand-finger"),
    "investigating": Look(BLUE, "search"),
    "active": Look(BLUE, "player-play"),
    "open": Look(BLUE, "circle-dot"),
    "engineering": Look(BLUE, "tool"),
    "transit": Look(BLUE, "truck"),
    "shipped": Look(BLUE, "truck"),
    "completed": Look(BLUE, "flag"),
    "to_certify": Look(BLUE, "rosette"),
    "minor": Look(BLUE, "info-circle"),
    # look here
    "conditional": Look(AMBER, "alert-triangle"),
    "conditional_go": Look(AMBER, "alert-triangle"),
    "on_hold": Look(AMBER, "hand-stop"),
    "hold": Look(AMBER, "hand-stop"),
    "inconclusive": Look(AMBER, "help"),
    "major": Look(AMBER, "alert-triangle"),
    "out_of_use": Look(AMBER, "plug-off"),
    "oos_supplied": Look(AMBER, "alert-octagon"),
    "unclassified": Look(AMBER, "help"),
    # good
    "released": Look(GREEN, "circle-check"),
    "available": Look(GREEN, "circle-check"),
    "approved": Look(GREEN, "circle-check"),
    "effective": Look(GREEN, "circle-check"),
    "verified": Look(GREEN, "checks"),
    "confirmed": Look(GREEN, "check"),
    "pass": Look(GREEN, "check"),
    "ready": Look(GREEN, "rosette-discount-check"),
    "final": Look(GREEN, "rosette-discount-check"),
    "done": Look(GREEN, "check"),
    "read": Look(GREEN, "file-check"),
    "go": Look(GREEN, "check"),
    "in_force": Look(GREEN, "circle-check"),
    "in_scope": Look(GREEN, "check"),
    "exercised": Look(GREEN, "check"),
    "qualified": Look(GREEN, "circle-check"),
    "in_use": Look(GREEN, "plug-connected"),
    "live": Look(GREEN, "plug-connected"),
    "attested": Look(GREEN, "rosette-discount-check"),
    "drawn_up": Look(BLUE, "report-search"),
    "concluded": Look(GREEN, "rosette-discount-check"),
    "keep": Look(GREEN, "check"),
    # bad
    "blocked": Look(RED, "circle-x"),
    "rejected": Look(RED, "circle-x"),
    "recalled": Look(RED, "arrow-back-up"),
    "aborted": Look(RED, "player-stop"),
    "failed": Look(RED, "circle-x"),
    "fail": Look(RED, "x"),
    "expired": Look(RED, "calendar-x"),
    "late": Look(RED, "clock-exclamation"),
    "no_go": Look(RED, "circle-x"),
    "stopped": Look(RED, "player-stop"),
    "terminated": Look(RED, "file-x"),
    "critical": Look(RED, "alert-octagon"),
    "destroyed": Look(RED, "trash"),
    "invalidated": Look(RED, "ban"),
    "remove": Look(RED, "user-minus"),
    # over, and neither good nor bad
    "closed": Look(GREY, "lock"),
    "retired": Look(GREY, "archive"),
    "deactivated": Look(GREY, "user-off"),
    "revoked": Look(GREY, "plug-off"),
    "future": Look(GREY, "calendar"),
    "superseded": Look(GREY, "arrow-forward-up"),
    "consumed": Look(GREY, "droplet-off"),
    "set_aside": Look(GREY, "eye-off"),
    "not_applicable": Look(GREY, "minus"),
    "report_only": Look(GREY, "file-text"),
    "declined": Look(GREY, "x"),
    "site": Look(GREY, "building-factory"),
    "clinic": Look(BLUE, "building-hospital"),
    "administered": Look(GREEN, "vaccine"),
    "voided": Look(RED, "ban"),
    "standing": Look(GREEN, "signature"),
}

# Where the same word weighs differently on another record.
BY_RECORD = {
    ("person", "active"): Look(GREEN, "user-check"),
    ("deviation", "open"): Look(AMBER, "alert-triangle"),
    ("deviation", "closed"): Look(GREEN, "circle-check"),
    ("oos", "open"): Look(AMBER, "alert-triangle"),
    ("oos", "closed"): Look(GREEN, "circle-check"),
    ("oos", "confirmed"): Look(RED, "circle-x"),
    ("step", "open"): Look(GREY, "circle"),
    ("release_check", "pending"): Look(GREY, "hourglass"),
    ("transfer", "closed"): Look(GREEN, "flag"),
    ("transfer_gate", "hold"): Look(AMBER, "hand-stop"),
    ("instrument_file", "queued"): Look(GREY, "clock"),
}


def look_of(value, record_type: str = "") -> Look:
    """Return how a status looks; an unknown one is grey with a question mark, never an error."""
    value = str(value or "unclassified")
    return BY_RECORD.get((record_type, value)) or LOOKS.get(value, UNKNOWN)


def word_of(value) -> str:
    """Return a status as a word, where the record that knows its label is not at hand."""
    return str(value or "").replace("_", " ").capitalize() or "Not classified"
