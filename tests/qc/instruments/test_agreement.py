from dataclasses import replace
from decimal import Decimal

import pytest

from qc.instruments.agreement import compare, same_number, sample_key
from qc.instruments.reading import Reading, ReadOutcome, refused

pytestmark = [pytest.mark.statement("U-01"), pytest.mark.statement("P-37")]


def outcome(*rows, reader="native"):
    """Rows of (sample, quantity, text[, unit])."""
    readings = []
    for ordinal, (sample, quantity, text, *unit) in enumerate(rows):
        readings.append(
            Reading(
                ordinal=ordinal,
                locator=f"line {ordinal}",
                sample_text=sample,
                quantity=quantity,
                value_text=text,
                number=Decimal(text) if text else None,
                unit=unit[0] if unit else "%",
                status="ok" if text else "missing",
            )
        )
    return ReadOutcome(ok=True, reader=reader, reader_version="1", readings=tuple(readings))


def test_readers_agree_when_the_digits_mean_the_same_number():
    native = outcome(("S1", "viability", "7.80"), ("S1", "total_cells", "135", "1"))
    second = outcome(("S1", "viability", "7.8"), ("S1", "total_cells", "135.0", "1"))
    assert compare(native, second) == ()


def test_a_value_stored_as_a_double_agrees_with_its_own_double_only():
    long = Decimal("98.34474945068361234")
    assert same_number(long, Decimal(repr(float(long))))
    assert same_number(Decimal("7.80"), Decimal("7.8"))
    assert not same_number(Decimal("98.3"), Decimal("98.30000000000001"))
    assert not same_number(Decimal("7.80"), Decimal("7.81"))


def test_a_flipped_digit_is_named_with_both_values():
    (found,) = compare(outcome(("S1", "viability", "97.0")), outcome(("S1", "viability", "79.0")))
    assert found.kind == "value"
    assert found.ordinal == 0
    assert found.sentence == "Sample S1, viability: the first reader has 97.0 %, the second 79.0 %."


def test_a_sample_that_one_reader_lacks_is_said_once():
    native = outcome(("S1", "viability", "97.0"), ("S2", "viability", "96"), ("S2", "ph", "7"))
    second = outcome(("S1", "viability", "97.0"), ("S3", "viability", "95"), ("S3", "ph", "7"))
    assert [found.sentence for found in compare(native, second)] == [
        "Sample S2 was found by the first reader only.",
        "Sample S3 was found by the second reader only.",
    ]


def test_repeated_ids_are_compared_one_by_one():
    native = outcome(("S1", "viability", "97"), ("S1", "viability", "50"))
    assert compare(native, native) == ()
    (found,) = compare(native, outcome(("S1", "viability", "97"), ("S1", "viability", "51")))
    assert "occurrence 2" in found.sentence
    (found,) = compare(native, outcome(("S1", "viability", "97")))
    assert found.sentence == (
        "Sample S1 was found 2 times by the first reader and 1 times by the second."
    )


def test_ids_the_second_reader_retyped_are_the_same_sample():
    native = outcome(
        ("007", "viability", "97"), ("1E5", "viability", "50"), ("A-1", "viability", "1")
    )
    second = outcome(
        ("7", "viability", "97"), ("100000.0", "viability", "50"), ("A-1", "viability", "1")
    )
    assert compare(native, second) == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [("007", "7"), ("1E5", "100000"), ("0.0", "0"), (" a ", "a"), ("1e999", "1e999")],
)
def test_only_ids_that_look_numeric_are_paired_by_number(text, key):
    assert sample_key(text) == key


def test_a_missing_value_is_a_disagreement_and_two_missing_ones_are_not():
    full, empty = outcome(("S1", "viability", "97")), outcome(("S1", "viability", ""))
    assert compare(empty, empty) == ()
    assert compare(full, empty)[0].kind == "missing_value"
    assert compare(empty, full)[0].kind == "missing_value"


def test_a_quantity_only_one_reader_knows_is_no_disagreement():
    native = outcome(("S1", "viability", "97"), ("S1", "images", "50"))
    assert compare(native, outcome(("S1", "viability", "97"))) == ()


def test_cells_per_millilitre_equal_millions_of_them_exactly():
    native = outcome(("S1", "total_cell_density", "2.45E6", "/mL"))
    assert compare(native, outcome(("S1", "total_cell_density", "2.45", "10*6/mL"))) == ()
    assert (
        compare(native, outcome(("S1", "total_cell_density", "2.46", "10*6/mL")))[0].kind == "value"
    )
    assert compare(native, outcome(("S1", "total_cell_density", "2.45", "g/L")))[0].kind == "unit"


def test_a_file_only_one_reader_could_read_is_said_plainly():
    good = outcome(("S1", "viability", "97"))
    (found,) = compare(good, refused("No.", reader="allotropy", reader_version="1"))
    assert found.sentence.startswith("The second reader did not read the file")
    (found,) = compare(good, outcome(("S1", "ph", "7")))
    assert found.kind == "unreadable"


def test_the_order_of_the_readings_does_not_matter_across_samples():
    native = outcome(("S1", "viability", "97"), ("S2", "viability", "50"))
    second = outcome(("S2", "viability", "50"), ("S1", "viability", "97"))
    assert compare(native, second) == ()
    swapped = tuple(replace(reading, ordinal=1 - reading.ordinal) for reading in second.readings)
    assert compare(native, replace(second, readings=swapped)) == ()
