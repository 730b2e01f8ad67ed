"""What stands against storing or looking up an identity, beside the right itself."""

from cdmo.blockers import Blocker


def reason_blockers(chain, *, reason: str):
    if not (reason or "").strip():
        yield Blocker(
            "no_reason", "Say why: it is kept with your name for as long as the record.", chain
        )


def stored_blockers(chain, *, stored: bool):
    """To store: nothing stands there yet. What is stored is never overwritten."""
    if stored:
        yield Blocker(
            "already_stored",
            f"An identity is stored under {chain.coi}. It is never overwritten.",
            chain,
        )


def found_blockers(chain, *, stored: bool):
    if not stored:
        yield Blocker("not_stored", f"No identity is stored under {chain.coi}.", chain)
