"""Who may do a thing at all: the right, before anything about the record."""

from cdmo.accounts.roles import Right, roles_with
from cdmo.blockers import Blocker


def right_blockers(by, right: Right):
    """Yield an objection if this person holds no role with the right."""
    if not by.may(right):
        holders = " or ".join(role.label for role in roles_with(right)) or "nobody"
        yield Blocker(
            "no_right",
            f"{by.full_name} may not {right.label}: this takes {holders}.",
            owner=holders,
        )
