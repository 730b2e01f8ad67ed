"""Calculations by name: each example computes, nonsense is refused with its field."""

import copy
import json
from decimal import Decimal

import pytest

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")


@pytest.mark.parametrize("calculation", calculations().values(), ids=lambda one: one.name)
def test_every_example_computes_to_its_outputs(calculation):
    assert calculation(calculation.example["inputs"]) == calculation.example["output"]


@pytest.mark.parametrize("calculation", calculations().values(), ids=lambda one: one.name)
def test_an_input_that_is_missing_is_named(calculation):
    for name in calculation.inputs["required"]:
        given = {k: v for k, v in calculation.example["inputs"].items() if k != name}
        with pytest.raises(BadInput) as refusal:
            calculation(given)
        assert refusal.value.field == name


NONSENSE = [
    None,
    True,
    "",
    "12,5",
    "NaN",
    "Infinity",
    "1e999",
    "1e-999",
    Decimal("1e99999999"),
    Decimal("NaN"),
    10**400,
    -1,
    0,
    "１",
    [],
    [None],
    {},
    {"": None},
    "x" * 500,
]


def places(given, path=()):
    """Yield the path to everything in an inputs object."""
    if isinstance(given, dict):
        for name, value in given.items():
            yield (*path, name)
            yield from places(value, (*path, name))
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield (*path, index)
            yield from places(value, (*path, index))


def put(given, path, value):
    copied = copy.deepcopy(given)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copied


@pytest.mark.parametrize("calculation", calculations().values(), ids=lambda one: one.name)
def test_nonsense_in_any_place_is_refused_or_answered_and_never_fails(calculation):
    """An answer must be JSON: no NaN, no Infinity."""
    for path in places(calculation.example["inputs"]):
        for nonsense in NONSENSE:
            try:
                answer = calculation(put(calculation.example["inputs"], path, nonsense))
            except BadInput:
                continue
            json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize("calculation", calculations().values(), ids=lambda one: one.name)
def test_a_null_inside_a_list_is_refused(calculation):
    for path in places(calculation.example["inputs"]):
        if isinstance(path[-1], int):
            with pytest.raises(BadInput):
                calculation(put(calculation.example["inputs"], path, None))


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
