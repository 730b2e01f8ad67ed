"""Donation numbers and the Single European Code: a malformed one is an answer, with its errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.calculations.identifiers import CHARACTERS
from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

din = calculations()["donation-number"]
sec = calculations()["single-european-code"]
CODE = "BE00A317G123498654321 E000005700120270331"


@pytest.mark.parametrize(
    ("value", "check", "flags"),
    [
        ("G123498654321", "H", "77"),
        ("G1234 98 654321", "H", "77"),
        ("A999922012346", "*", "96"),
        ("A999922012346*", "*", "96"),
        ("A999914123456N", "N", "83"),
        ("NA99991412345", "6", "66"),
    ],
)
def test_check_character_and_flags(value, check, flags):
    found = din({"value": value})
    assert found["valid"] is True
    assert (found["check_character"], found["flags"], found["errors"]) == (check, flags, [])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("G12349865432", "has 13 characters"),
        ("G123498654321X", "does not belong"),
        ("G123498654321HH", "at most one"),
        ("G1234986*4321", "only be the check character"),
        ("I123498654321", "never I, O or 0"),
        ("g123498654321", "capitals"),
        ("G12349865432A", "are digits"),
        ("G1234-8654321", "letters A to Z"),
        ("G123498654321h", "check character is a capital"),
    ],
)
def test_a_malformed_donation_number_is_answered_with_what_is_wrong(value, why):
    found = din({"value": value})
    assert found["valid"] is False
    assert any(why in error for error in found["errors"])


@given(st.from_regex(r"\A[A-HJ-NP-Z1-9][A-Z0-9]{4}[0-9]{8}\Z"), st.integers(0, 12), st.data())
def test_one_wrong_character_never_passes(number, place, data):
    check = din({"value": number})["check_character"]
    wrong = data.draw(st.sampled_from([c for c in CHARACTERS[:36] if c != number[place]]))
    assert din({"value": number + check})["valid"] is True
    assert din({"value": number[:place] + wrong + number[place + 1 :] + check})["valid"] is False


@pytest.mark.parametrize("value", ["", "  ", 5, None, []])
def test_what_is_no_text_is_refused(value):
    for identify in (din, sec):
        with pytest.raises(BadInput):
            identify({"value": value})


@pytest.mark.parametrize("value", [CODE, f"SEC {CODE}", CODE.replace(" ", "\n"), f"SEC\n{CODE}"])
def test_a_single_european_code_is_taken_apart(value):
    assert sec({"value": value}) == {
        "valid": True,
        "country": "BE",
        "establishment": "00A317",
        "donation": "G123498654321",
        "coding_system": "E",
        "product": "0000057",
        "split": "001",
        "expires_on": "2027-03-31",
        "errors": [],
    }


def test_a_product_without_expiry_is_valid():
    found = sec({"value": CODE.replace("20270331", "00000000")})
    assert (found["valid"], found["expires_on"]) == (True, None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (CODE.replace(" ", ""), "two parts"),
        (CODE.replace(" ", "  "), "two parts"),
        (CODE.replace("BE", "XX", 1), "country"),
        (CODE.replace(" E", " Z"), "coding system"),
        (CODE.replace("20270331", "20270231"), "expiry date"),
        (CODE[1:], "21 characters"),
        (CODE[:-1], "19 characters"),
        (CODE.lower(), "capital letters"),
        (CODE.replace("0000057", "00000X7"), "seven digits"),
        ("SEC", "two parts"),
    ],
)
def test_a_malformed_code_is_answered_with_what_is_wrong(value, why):
    found = sec({"value": value})
    assert found["valid"] is False
    assert any(why in error for error in found["errors"])
