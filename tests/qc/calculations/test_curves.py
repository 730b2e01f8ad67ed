"""The four-parameter logistic: known curves are found again, and nothing is read beyond them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

fit = calculations()["four-parameter-logistic"]
DOSES = [1, 3, 10, 30, 100, 300, 1000, 3000]


def response(x, a, b, c, d):
    return d + (a - d) / (1 + (x / c) ** b)


def standards(a, b, c, d, doses=DOSES):
    return [[x, response(x, a, b, c, d)] for x in doses]


def test_a_curve_is_found_again_and_reads_its_unknowns_back():
    """a 0.05, b 1.1, c 200, d 2.8: a response of 1.0 is 111.9."""
    found = fit({"standards": standards(0.05, 1.1, 200, 2.8), "unknowns": ["1.0"]})
    assert [found[name] for name in "abcd"] == pytest.approx([0.05, 1.1, 200, 2.8], rel=1e-6)
    assert round(found["unknowns"][0]["concentration"], 1) == 111.9
    assert found["unknowns"][0]["qualifier"] is None
    assert found["recoveries"] == pytest.approx([100.0] * len(DOSES), rel=1e-5)
    assert found["residual_sum_of_squares"] < 1e-12


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0, 0.3),
    st.floats(0.6, 2.5),
    st.floats(10, 500),
    st.floats(1, 4),
    st.booleans(),
    st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_any_ordinary_curve_is_found_again_whatever_its_units(a, b, c, d, falling, unit):
    """A competitive assay falls with the dose; responses may be optical densities or counts."""
    a, d = ((d, a) if falling else (a, d)) if unit == 1.0 else (a * unit, d * unit)
    found = fit({"standards": standards(a, b, c, d), "unknowns": []})
    scale = max(abs(a), abs(d))
    assert found["residual_sum_of_squares"] < 1e-10 * scale * scale
    assert found["b"] == pytest.approx(b, rel=1e-3)
    assert found["c"] == pytest.approx(c, rel=1e-3)


def test_unknowns_outside_the_standards_get_a_qualifier_and_no_number():
    given = standards(0.05, 1.1, 200, 2.8)
    below, above = response(0.9, 0.05, 1.1, 200, 2.8), response(3500, 0.05, 1.1, 200, 2.8)
    found = fit({"standards": given, "unknowns": [below, above, -1, 99, given[0][1], given[-1][1]]})
    assert [one["qualifier"] for one in found["unknowns"]] == [
        "<LLOQ",
        ">ULOQ",
        "<LLOQ",
        ">ULOQ",
        None,
        None,
    ]
    assert [one["concentration"] is None for one in found["unknowns"]] == [True] * 4 + [False] * 2


def test_a_falling_curve_qualifies_the_other_way_round():
    found = fit({"standards": standards(2.8, 1.1, 200, 0.05), "unknowns": [3.5, 0.01]})
    assert [one["qualifier"] for one in found["unknowns"]] == ["<LLOQ", ">ULOQ"]


def test_replicates_count_each_and_are_recovered_by_their_mean():
    noisy = [
        [x, y * (1 + error)] for x, y in standards(0.05, 1.1, 200, 2.8) for error in (-0.02, 0.02)
    ]
    found = fit({"standards": noisy, "unknowns": []})
    assert len(found["recoveries"]) == len(DOSES)
    assert found["recoveries"] == pytest.approx([100.0] * len(DOSES), abs=3)


def test_the_fit_is_a_minimum():
    """No small step in any parameter makes the squares smaller."""
    noisy = [
        [x, y + 0.01 * (-1) ** place] for place, (x, y) in enumerate(standards(0.05, 1.1, 200, 2.8))
    ]
    found = fit({"standards": noisy, "unknowns": []})
    best = [found[name] for name in "abcd"]

    def squares(parameters):
        return math.fsum((y - response(x, *parameters)) ** 2 for x, y in noisy)

    assert squares(best) == pytest.approx(found["residual_sum_of_squares"])
    for place in range(4):
        for step in (-1e-3, 1e-3):
            moved = [value * (1 + step * (at == place)) for at, value in enumerate(best)]
            assert squares(moved) >= squares(best)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [[1, 1], [2, 2], [3, 3]],
        [[1, 1], [2, 1], [3, 1], [4, 1]],
        [[1, 1], [1, 2], [1, 3], [1, 4]],
        [[-1, 1], [2, 2], [3, 3], [4, 4]],
        [[1, 1, 1], [2, 2], [3, 3], [4, 4]],
        [1, 2, 3, 4],
    ],
)
def test_standards_that_make_no_curve_are_refused(given):
    with pytest.raises(BadInput):
        fit({"standards": given, "unknowns": [1]})
