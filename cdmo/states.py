"""States are data: a `Move` is one legal change of status; docs/states is drawn from them."""

from collections.abc import Iterable
from dataclasses import dataclass

from cdmo.blockers import Blocker


@dataclass(frozen=True, slots=True)
class Move:
    """`verb` takes a record from `source` to `target`; `signed` moves need a signature."""

    verb: str
    source: str
    target: str
    signed: bool = False


def move_blockers(record, moves: Iterable[Move], *, axis: str = "status"):
    """Yield an objection if none of these moves starts at the record's status."""
    moves = tuple(moves)
    status = getattr(record, axis)
    if status not in {move.source for move in moves}:
        choices = dict(record._meta.get_field(axis).flatchoices)
        labels = (str(choices.get(move.source, move.source)).lower() for move in moves)
        wanted = " or ".join(dict.fromkeys(labels))
        yield Blocker(
            "wrong_status",
            f"{record.key} is {str(choices.get(status, status)).lower()}; "
            f"to {moves[0].verb.replace('-', ' ')} it, it must be {wanted}.",
            record=record,
        )


def move_from(record, moves: Iterable[Move], *, axis: str = "status") -> Move:
    """Return the move that starts at the record's status (after `move_blockers` found none)."""
    return next(move for move in moves if move.source == getattr(record, axis))
