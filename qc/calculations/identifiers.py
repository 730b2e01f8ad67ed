"""Identifiers of human origin: ISBT 128 donation numbers and the Single European Code.

Structure and check characters only. Product code tables of ISBT 128 may not be passed on, so a
product code is looked at for its shape alone. A malformed identifier is an answer, not an error:
whoever scans labels wants to know what is wrong with each.
"""

import re
from datetime import date

from stdnum.iso7064 import mod_37_2

from qc.calculations.inputs import schema, text
from qc.calculations.registry import Calculation

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
FLAGS_FROM = 60
CODING_SYSTEMS = {"A": "ISBT 128", "B": "Eurocode", "E": "EUTC"}
# Member states and those of the European Economic Area; the United Kingdom's codes stay in use on
# what it coded while it was one.
_COUNTRY = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GB|GR|HR|HU|IE|IS|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK"
)
_NO_EXPIRY = "00000000"


def donation_number(value) -> dict:
    given = text("value", value).replace(" ", "")
    number, check = given[:13], given[13:]
    errors = [*_donation_errors(number), *_check_errors(number, check)]
    computed = None if _unreadable(number) else mod_37_2.calc_check_digit(number)
    return {
        "din": number if len(number) == 13 and computed else None,
        "check_character": computed,
        "flags": str(FLAGS_FROM + CHARACTERS.index(computed)) if computed else None,
        "valid": not errors,
        "errors": errors,
    }


def _unreadable(number: str) -> bool:
    return len(number) != 13 or not re.fullmatch("[0-9A-Z]{13}", number)


def _donation_errors(number: str):
    if len(number) < 13:
        yield f"A donation number has 13 characters; this has {len(number)}."
    if re.search("[a-z]", number):
        yield "Letters of a donation number are capitals."
    if "*" in number:
        yield "* may only be the check character, the last of 14."
    if re.search(r"[^0-9A-Za-z*]", number):
        yield "A donation number is made of the letters A to Z and digits."
    if number[:1] in {"I", "O", "0"}:
        yield "The first character is never I, O or 0."
    if len(number) == 13 and not re.fullmatch("[0-9]{8}", number[5:]):
        yield "The last eight characters, year and sequence, are digits."


def _check_errors(number: str, check: str):
    if len(check) > 1:
        yield "After 13 characters at most one check character may follow."
    elif check and check not in CHARACTERS:
        yield "The check character is a capital letter, a digit or *."
    elif check and not _unreadable(number) and not mod_37_2.is_valid(number + check):
        yield "The check character does not belong to this number."


def single_european_code(value) -> dict:
    given = text("value", value).strip()
    body = re.sub(r"\ASEC:?\s*(?=\S)", "", given, count=1)
    donation_part, product_part, errors = _halves(body)
    establishment, donation = donation_part[2:8], donation_part[8:]
    expires = product_part[11:]
    errors += [
        *_donation_part_errors(donation_part),
        *_product_part_errors(product_part),
    ]
    return {
        "valid": not errors,
        "country": donation_part[:2] or None,
        "establishment": establishment or None,
        "donation": donation or None,
        "coding_system": product_part[:1] or None,
        "product": product_part[1:8] or None,
        "split": product_part[8:11] or None,
        "expires_on": _day(expires).isoformat() if _day(expires) else None,
        "errors": errors,
    }


def _halves(body: str) -> tuple[str, str, list[str]]:
    parts = re.split(r" |\r\n|\n|\r", body)
    if len(parts) == 2:
        return parts[0], parts[1], []
    joined = re.sub(r"\s", "", body)
    message = "The code has two parts, 21 and 19 characters, with one space or line break between."
    return joined[:21], joined[21:], [message]


def _donation_part_errors(part: str):
    if len(part) != 21:
        yield f"The first part, of the donation, has 21 characters; this has {len(part)}."
    if not re.fullmatch("[0-9A-Z]*", part):
        yield "The first part is made of capital letters and digits."
    if not _COUNTRY.match(part):
        yield "The code does not begin with a country of the European Economic Area."


def _product_part_errors(part: str):
    if len(part) != 19:
        yield f"The second part, of the product, has 19 characters; this has {len(part)}."
    if not re.fullmatch("[0-9A-Z]*", part):
        yield "The second part is made of capital letters and digits."
    system, product, expires = part[:1], part[1:8], part[11:]
    if system not in CODING_SYSTEMS:
        yield "The coding system is A (ISBT 128), B (Eurocode) or E (EUTC)."
    if system == "E" and not re.fullmatch("[0-9]{7}", product):
        yield "A product of EUTC has a number of seven digits."
    if expires != _NO_EXPIRY and _day(expires) is None:
        yield "The expiry date is not a day, written YYYYMMDD (00000000 for none)."


def _day(written: str) -> date | None:
    if not re.fullmatch("[0-9]{8}", written):
        return None
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return None


CALCULATIONS = (
    Calculation(
        name="donation-number",
        version="1",
        formula=(
            "facility (5: A to N, P to Z or 1 to 9 first) + year (2 digits) + sequence (6 digits); "
            "check character ISO 7064 MOD 37-2; flags = 60 + its value"
        ),
        source="ISBT 128 Standard Technical Specification; ISO/IEC 7064",
        inputs=schema(
            ["value"],
            value={
                "type": "string",
                "description": "13 characters, spaces allowed; the check character may follow",
            },
        ),
        example={
            "inputs": {"value": "G1234 98 654321 H"},
            "output": {
                "din": "G123498654321",
                "check_character": "H",
                "flags": "77",
                "valid": True,
                "errors": [],
            },
        },
        function=donation_number,
    ),
    Calculation(
        name="single-european-code",
        version="1",
        formula=(
            "[SEC] country (2) + establishment (6) + donation (13), one space or line break, "
            "coding system (A, B, E) + product (7) + split (3) + expiry (YYYYMMDD, 00000000: none)"
        ),
        source="Directive 2006/86/EC, Annex VII, as amended by Directive (EU) 2015/565",
        inputs=schema(["value"], value={"type": "string"}),
        example={
            "inputs": {"value": "SEC BE00A317G123498654321 E000005700120270331"},
            "output": {
                "valid": True,
                "country": "BE",
                "establishment": "00A317",
                "donation": "G123498654321",
                "coding_system": "E",
                "product": "0000057",
                "split": "001",
                "expires_on": "2027-03-31",
                "errors": [],
            },
        },
        function=single_european_code,
    ),
)
