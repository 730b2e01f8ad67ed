"""Donation identification numbers of ISBT 128. Pure: no Django, so that anything may use it.

A DIN has 13 characters: facility (5; the first is A-N, P-Z or 1-9), year (2), sequence (6). People
type a 14th, the check character of ISO/IEC 7064 MOD 37-2, which is not part of the number. Scanners
send `=` before it and two flag characters behind; 60 to 96 are 60 + the checksum.
Source: domain.md section 7. Facilities are registered with ICCBBA: a well-formed number is not yet
a known one.
"""

import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_37_2

_SHAPE = re.compile(r"[A-NP-Z1-9][A-Z0-9]{4}[0-9]{8}", re.ASCII)
_BARCODE = re.compile(r"=([A-Z0-9]{13})([0-9A-Z]{2})", re.ASCII)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
CHECK_FLAGS = range(60, 97)


@dataclass(frozen=True, slots=True)
class Donation:
    """A donation number as read: the bare DIN and what speaks against it."""

    din: str
    errors: tuple[str, ...] = ()


def read_donation_number(text: str) -> Donation:
    """Return the 13 characters of a DIN typed or scanned, with every error in words."""
    value = re.sub(r"[ \t]", "", text).upper() if text.isascii() else text
    if barcode := _BARCODE.fullmatch(value):
        return _with_flags(*barcode.groups())
    if len(value) not in {13, 14}:
        return Donation(value, ("A donation number has 13 characters, or 14 with its check.",))
    din, given = value[:13], value[13:]
    errors = list(_shape_errors(din))
    if given and not errors and given != mod_37_2.calc_check_digit(din):
        errors.append(f"The check character {given} does not belong to {din}.")
    return Donation(din, tuple(errors))


def _shape_errors(din: str):
    if not _SHAPE.fullmatch(din):
        yield (
            "A donation number is five letters or digits for the facility (the first neither O nor "
            "0), then two digits for the year and six for the sequence."
        )


def _with_flags(din: str, flags: str) -> Donation:
    errors = list(_shape_errors(din))
    computed = flags.isdigit() and int(flags) in CHECK_FLAGS
    if (
        computed
        and not errors
        and int(flags) != 60 + ALPHABET.index(mod_37_2.calc_check_digit(din))
    ):
        errors.append(f"The flags {flags} do not belong to {din}: it was misread.")
    return Donation(din, tuple(errors))
