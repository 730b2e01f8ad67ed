"""Who may take a dossier out of the house, and when a sponsor may have one."""

from cdmo.archive.states import Edition
from cdmo.blockers import Blocker

DECIDED = {"released", "conditional", "rejected", "oos_supplied", "recalled"}


def export_blockers(batch, *, edition):
    """Yield what stands against this edition now. The complete one is never withheld."""
    if edition == Edition.SPONSOR and batch.disposition not in DECIDED:
        yield Blocker(
            "not_decided",
            f"{batch.number} has not been certified or rejected: its sponsor gets a dossier only "
            "after the decision.",
            record=batch,
            owner="Qualified Person",
        )
