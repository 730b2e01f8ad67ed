"""What speaks against a chain of identity or a scan. Pure."""

import re

from cdmo.blockers import Blocker

PSEUDONYM = re.compile(r"[A-Z0-9-]{4,40}", re.ASCII)
COI = re.compile(r"[A-Z0-9][A-Z0-9-]{5,39}", re.ASCII)
_DATE = re.compile(r"(19|20)[0-9]{2}-?(0[1-9]|1[0-2])-?([0-2][0-9]|3[01])")

PSEUDONYM_RULE = (
    "A pseudonym is 4 to 40 capital letters, digits and hyphens, at least one of them a digit: "
    "never a name, initials or a date of birth."
)
COI_RULE = "A chain-of-identity identifier is 6 to 40 capital letters, digits and hyphens."


def is_pseudonym(text: str) -> bool:
    """Whether a text can be a pseudonym: nothing that looks like a name or a birthday."""
    shaped = PSEUDONYM.fullmatch(text) and any(character.isdigit() for character in text)
    return bool(shaped) and not _DATE.search(text)


def chain_blockers(product, *, pseudonym, coi, coi_exists, patients_chain):
    """`patients_chain`: the chain this patient already has for the product, if any."""
    if not product.is_for_one_patient:
        yield Blocker(
            "not_for_one_patient",
            f"{product.key} is not made for one patient: it needs no chain of identity.",
            product,
        )
    if not is_pseudonym(pseudonym):
        yield Blocker("bad_pseudonym", PSEUDONYM_RULE)
    elif patients_chain is not None:
        yield Blocker(
            "patient_has_chain",
            f"This patient's chain of identity for {product.key} is {patients_chain.key}: "
            "every batch of one patient carries the same one.",
            patients_chain,
        )
    if coi and not COI.fullmatch(coi):
        yield Blocker("bad_coi", COI_RULE)
    elif coi_exists:
        yield Blocker("coi_taken", f"There is already a chain {coi}. Identifiers are never reused.")


def scan_blockers(batch):
    if batch.coi_id is None:
        yield Blocker(
            "no_chain",
            f"{batch.key} has no chain of identity: there is nothing to compare a scan with.",
            batch,
            "Planner",
        )
    if batch.execution == "aborted":
        yield Blocker("batch_aborted", f"{batch.key} was aborted.", batch)
