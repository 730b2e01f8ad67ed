"""Calculations by name: each example computes, nonsense is refused with its field."""

from decimal import Decimal

import pytest

from qc.calculations.registry import BadInput, calculations


@pytest.mark.parametrize("calculation", calculations().values(), ids=lambda one: one.name)
def test_every_example_computes_to_its_outputs(calculation):
    assert calculation(calculation.example["inputs"]) == calculation.example["outputs"]


@pytest.mark.parametrize("value", ["70.4", Decimal("70.4"), Decimal("7.04E+1")])
def test_a_number_and_its_text_are_judged_alike(value):
    assert calculations()["judge"]({"value": value, "criterion": "> 70"}) == {
        "reportable": "70",
        "verdict": "fail",
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "value"),
        ({"value": None, "criterion": "> 70"}, "value"),
        ({"value": "5"}, "criterion"),
        ({"value": "5", "criterion": ""}, "criterion"),
        ({"value": "5", "criterion": 5}, "criterion"),
        ({"value": True, "criterion": "> 70"}, "value"),
        ({"value": 70.4, "criterion": "> 70"}, "value"),
        ({"value": [5], "criterion": "> 70"}, "value"),
        ({"value": 10**5000, "criterion": "> 70"}, "value"),
        ({"value": Decimal("NaN"), "criterion": "> 70"}, "value"),
        ({"value": "12,5", "criterion": "> 70"}, "value"),
        ({"value": "5", "criterion": "> 70", "rounding": "bankers"}, "rounding"),
        ({"value": "5", "criterion": "> 70", "extra": 1}, "extra"),
        ([], ""),
        ("5", ""),
    ],
)
def test_nonsense_is_refused_and_names_its_field(given, field):
    with pytest.raises(BadInput) as refusal:
        calculations()["judge"](given)

    assert refusal.value.field == field
    assert refusal.value.message
