import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.instruments.reading import InvalidOutcome, Reading, ReadOutcome, refused, storable

READING = Reading(
    ordinal=0,
    locator="Sheet1!D5",
    sample_text="S1",
    quantity="viability",
    value_text="7.80",
    number=Decimal("7.80"),
    unit="%",
    measured_text="2 Mar 2023  8:31:38 AM",
    measured_at="2023-03-02T08:31:38",
)
OUTCOME = ReadOutcome(
    ok=True,
    reader="native:x",
    reader_version="1",
    readings=(READING,),
    facts={"serial": "X1", "samples": 1, "settings": {"a": ["b", None, True]}},
    warnings=("Look at this.",),
    not_understood=("Row 3.",),
)


def through_json(outcome):
    return ReadOutcome.from_dict(json.loads(json.dumps(outcome.to_dict(), allow_nan=False)))


def test_an_outcome_survives_json_and_keeps_its_digits():
    again = through_json(OUTCOME)
    assert again == OUTCOME
    assert str(again.readings[0].number) == "7.80"


@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20),
    sample=st.text(max_size=50),
)
def test_every_decimal_and_sample_id_survives(number, sample):
    reading = Reading(0, "line 1", storable(sample), "viability", "1", number)
    again = Reading.from_dict(json.loads(json.dumps(reading.to_dict())))
    assert again == reading
    assert str(again.number) == str(number)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_nan_is_refused_on_the_way_out_and_on_the_way_in(text):
    with pytest.raises(InvalidOutcome):
        Reading(0, "line 1", "S1", "viability", text, Decimal(text))
    with pytest.raises(InvalidOutcome):
        Reading.from_dict({**READING.to_dict(), "number": text})
    with pytest.raises(InvalidOutcome):
        ReadOutcome.from_dict({**OUTCOME.to_dict(), "facts": {"x": float(text.replace("s", ""))}})


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"number": 7.8},
        {"number": "1e999999"},
        {"number": "9" * 61},
        {"number": "seven"},
        {"number": None},  # an ok reading without a number
        {"status": "fine"},
        {"status": "missing"},  # with a number
        {"qualifier": "~"},
        {"ordinal": -1},
        {"ordinal": True},
        {"ordinal": "0"},
        {"sample_text": None},
        {"sample_text": "a\x00b"},
        {"sample_text": "\ud800"},
        {"sample_text": "x" * 30_000},
        {"measured_at": "2023-03-02T08:31:38+00:00"},
        {"measured_at": "yesterday"},
    ],
)
def test_a_reading_of_another_shape_is_refused(change):
    with pytest.raises(InvalidOutcome):
        Reading.from_dict({**READING.to_dict(), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"ok": 1},
        {"ok": False},  # without an error
        {"error": "But it is ok."},
        {"readings": {}},
        {"readings": [[]]},
        {"warnings": "text"},
        {"warnings": [1]},
        {"facts": []},
        {"facts": {"a": 0.5}},
        {"facts": {"a": "\x00"}},
        {"facts": {"a": [[[[[[[[1]]]]]]]]}},
        {"traceback": "x"},
    ],
)
def test_an_outcome_of_another_shape_is_refused(change):
    with pytest.raises(InvalidOutcome):
        ReadOutcome.from_dict({**OUTCOME.to_dict(), **change})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_any_other_json_is_refused_and_never_crashes(values):
    with pytest.raises(InvalidOutcome):
        ReadOutcome.from_dict(values)


def test_a_missing_field_is_refused():
    values = OUTCOME.to_dict()
    del values["warnings"]
    with pytest.raises(InvalidOutcome, match="warnings"):
        ReadOutcome.from_dict(values)


def test_a_refusal_has_no_readings_and_one_sentence():
    outcome = refused("No.\x00", reader="r", reader_version="")
    assert not outcome.ok
    assert outcome.readings == ()
    assert outcome.error == "No.\ufffd"
    assert through_json(outcome) == outcome
