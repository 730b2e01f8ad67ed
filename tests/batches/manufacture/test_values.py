"""What a person may type into a step, and what it is taken for."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.manufacture.values import NotAValue, read_number, read_value


@dataclass
class Step:
    kind: str = "number"
    lower: Decimal | None = None
    upper: Decimal | None = None
    expected: str = ""


NO_NUMBERS = """
    12,5 NaN nan Infinity -inf 1e999 1e99 ＜1 <1 >2 ١٢ １２ 1_000 0x10 1.2.3 .5 5. --1 1e5000000
    999999999999999 0.0000001 ² 1e-40
"""


@pytest.mark.parametrize("text", [*NO_NUMBERS.split(), "", " ", "1 000", "5\x00"])
def test_what_is_no_number_is_refused_in_a_sentence(text):
    with pytest.raises(NotAValue) as refused:
        read_value(Step(), text)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("95.0", "95.0"),
        ("-3", "-3"),
        ("+4", "4"),
        ("2e6", "2000000"),
        ("1.5E-3", "0.0015"),
        (" 7 ", "7"),
        ("0", "0"),
        ("007", "7"),
        ("99999999999999", "99999999999999"),
    ],
)
def test_a_number_is_taken_exactly(text, number):
    value, found, _ = read_value(Step(), text)
    assert found == Decimal(number)
    assert value == text.strip()


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_sentence(text):
    try:
        number = read_number(text)
    except NotAValue:
        return
    assert number.is_finite()
    assert abs(number) < 10**14
    assert number == number.quantize(Decimal("0.000001"))


@pytest.mark.parametrize(
    ("value", "inside"),
    [("79.999999", False), ("80", True), ("80.0", True), ("100", True), ("100.000001", False)],
)
def test_limits_include_their_ends(value, inside):
    assert read_value(Step(lower=Decimal(80), upper=Decimal(100)), value)[2] is inside


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        (Step("check"), "", ("done", None, True)),
        (Step("check"), "Yes", ("Yes", None, True)),
        (Step("check"), "no", ("no", None, False)),
        (Step("check", expected="done"), "yes", ("yes", None, True)),
        (Step("check", expected="Sealed"), "sealed", ("sealed", None, True)),
        (Step("check", expected="Sealed"), "open", ("open", None, False)),
        (Step("scan", expected="BAG-1"), "BAG-1", ("BAG-1", None, True)),
        (Step("scan", expected="BAG-1"), "bag-1", ("bag-1", None, False)),
        (Step("scan"), "BAG-9", ("BAG-9", None, None)),
        (Step("text"), "all fine", ("all fine", None, None)),
        (Step("consumption"), "", ("", None, None)),
    ],
)
def test_each_kind_reads_its_value(step, text, expected):
    assert read_value(step, text) == expected


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step("check"), "perhaps"),
        (Step("scan"), ""),
        (Step("text"), " "),
        (Step("text"), "x" * 401),
    ],
)
def test_each_kind_refuses_what_it_cannot_read(step, text):
    with pytest.raises(NotAValue):
        read_value(step, text)
