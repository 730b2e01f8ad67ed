"""Batch numbers: PRODUCT-SITE-YY-NNNN-C, human-readable, unique for ever, never reused. Pure.

C is the ISO 7064 MOD 37-2 check character over the letters and digits before it: it catches every
single wrong character and every swap of neighbours.
"""

import re

from stdnum.iso7064 import mod_37_2

_GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._*-]{1,58}[A-Za-z0-9*]", re.ASCII)


def check_character(text: str) -> str:
    """Return the check character of the letters and digits of a text."""
    return mod_37_2.calc_check_digit(re.sub(r"[^0-9A-Z]", "", text.upper()))


def batch_number(*, product: str, site: str, year: str, sequence: int) -> str | None:
    """Return the number, or None where the check character would be *.

    A star cannot stand in a file name and is misread on labels: such a sequence number is skipped.
    """
    stem = f"{product}-{site}-{year}-{sequence:04d}"
    check = check_character(stem)
    return None if check == "*" else f"{stem}-{check}"


def is_well_formed(number: str) -> bool:
    """Return whether a number given by a person can stand in addresses, file names and barcodes.

    “new” is the address of the form that plans a batch.
    """
    return bool(_GIVEN.fullmatch(number)) and number.lower() != "new"
