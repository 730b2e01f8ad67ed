"""Shelf life by ICH Q1E, checked against fits made another way: design matrices and bisection."""

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import fdtrc, stdtrit

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

shelf_life = calculations()["shelf-life"]
ONE = {"B1": [[0, "95.1"], [3, "94.4"], [6, "93.9"], [9, "93.0"], [12, "92.6"]]}
THREE = {
    "A": [[0, 100.3], [3, 99.4], [6, 98.9], [9, 97.8], [12, 97.3]],
    "B": [[0, 99.8], [3, 99.3], [6, 98.2], [9, 97.7], [12, 96.7]],
    "C": [[0, 101.2], [3, 100.1], [6, 99.7], [9, 98.8], [12, 98.1]],
}


def residual(x, y):
    beta, *_ = numpy.linalg.lstsq(x, y, rcond=None)
    return float(((y - x @ beta) ** 2).sum())


def by_matrices(batches):
    """Return p of slopes and of intercepts from three design matrices."""
    names = sorted(batches)
    t = numpy.array([float(p[0]) for name in names for p in batches[name]])
    y = numpy.array([float(p[1]) for name in names for p in batches[name]])
    which = numpy.array([at for at, name in enumerate(names) for _ in batches[name]])
    dummies = (which[:, None] == numpy.arange(len(names))).astype(float)
    separate = residual(numpy.hstack([dummies, dummies * t[:, None]]), y)
    one_slope = residual(numpy.hstack([dummies, t[:, None]]), y)
    one_line = residual(numpy.column_stack([numpy.ones_like(t), t]), y)
    k, df = len(names), len(y) - 2 * len(names)
    square = separate / df
    return (
        float(fdtrc(k - 1, df, (one_slope - separate) / (k - 1) / square)),
        float(fdtrc(k - 1, df, (one_line - one_slope) / (k - 1) / square)),
    )


def test_one_batch_of_five_points():
    found = shelf_life({"batches": ONE, "lower_limit": 90})
    assert found["model"] == "common"
    assert round(found["fits"]["B1"]["slope"], 4) == -0.2133
    assert round(found["shelf_life_months"], 2) == 21.54
    assert found["label_months"] == 21
    assert found["p_slopes"] is None


def test_poolability_agrees_with_fits_by_design_matrices():
    found = shelf_life({"batches": THREE, "lower_limit": 95})
    assert (found["p_slopes"], found["p_intercepts"]) == pytest.approx(by_matrices(THREE))


def test_batches_of_one_slope_keep_their_own_intercepts_and_the_worst_decides():
    found = shelf_life({"batches": THREE, "lower_limit": 95})
    assert found["model"] == "common_slope"
    assert found["error_variance"] == "pooled"
    assert len({fit["slope"] for fit in found["fits"].values()}) == 1
    assert found["shelf_life_months"] == min(found["crossings"].values())
    assert found["crossings"]["B"] == found["shelf_life_months"]


def test_alike_batches_share_one_line():
    batches = {name: [[m, v + "1" * at] for m, v in ONE["B1"]] for at, name in enumerate("XY", 1)}
    found = shelf_life({"batches": batches, "lower_limit": 90})
    assert found["model"] == "common"
    assert found["crossings"]["X"] == found["crossings"]["Y"]


STEEP = {**ONE, "B2": [[0, "95.0"], [3, "93.1"], [6, "91.2"], [9, "88.9"], [12, "87.1"]]}


def test_separate_lines_use_each_its_own_error_unless_told_otherwise():
    own = shelf_life({"batches": STEEP, "lower_limit": 85})
    pooled = shelf_life({"batches": STEEP, "lower_limit": 85, "error_variance": "pooled"})
    assert own["model"] == pooled["model"] == "separate"
    assert (own["error_variance"], pooled["error_variance"]) == ("individual", "pooled")
    alone = shelf_life({"batches": {"B2": STEEP["B2"]}, "lower_limit": 85})
    assert own["crossings"]["B2"] == alone["shelf_life_months"]
    assert pooled["crossings"]["B2"] != own["crossings"]["B2"]


def test_two_limits_take_the_two_sided_bound():
    one = shelf_life({"batches": ONE, "lower_limit": 90})
    two = shelf_life({"batches": ONE, "lower_limit": 90, "upper_limit": 110})
    assert two["shelf_life_months"] < one["shelf_life_months"]


def test_an_upper_limit_mirrors_a_lower_one():
    mirrored = {"B1": [[month, str(200 - float(value))] for month, value in ONE["B1"]]}
    found = shelf_life({"batches": mirrored, "upper_limit": 110})
    assert found["shelf_life_months"] == pytest.approx(21.5435325906)


def test_a_line_that_never_crosses_has_no_crossing():
    rising = {"B": [[0, 90], [3, "91.1"], [6, "91.9"], [9, 93]]}
    found = shelf_life({"batches": rising, "lower_limit": 50})
    assert found["crossings"] == {"B": None}
    assert found["shelf_life_months"] is None
    assert found["label_months"] is None


def test_a_batch_out_of_limits_from_the_start_has_no_life():
    found = shelf_life({"batches": ONE, "lower_limit": 96})
    assert (found["shelf_life_months"], found["label_months"]) == (0.0, 0)


def test_a_perfect_line_crosses_where_it_crosses():
    found = shelf_life({"batches": {"B": [[0, 100], [6, 97], [12, 94]]}, "lower_limit": 90})
    assert found["shelf_life_months"] == 20.0


@pytest.mark.parametrize(
    "given",
    [
        {"batches": {}, "lower_limit": 90},
        {"batches": {"B": [[0, 1], [1, 2]]}, "lower_limit": 0},
        {"batches": {"B": [[3, 1], [3, 2], [3, 3]]}, "lower_limit": 0},
        {"batches": {"B": [[0, 1], [-1, 2], [3, 3]]}, "lower_limit": 0},
        {"batches": ONE},
        {"batches": ONE, "lower_limit": 90, "upper_limit": 90},
        {"batches": ONE, "lower_limit": 90, "pooling_alpha": 1},
        {
            "batches": {"A": [[0, 5], [1, 4], [2, 3]], "B": [[0, 6], [1, 5], [2, 4]]},
            "lower_limit": 0,
        },
    ],
)
def test_studies_that_prove_nothing_are_refused(given):
    with pytest.raises(BadInput):
        shelf_life(given)


def test_months_beyond_all_measure_are_computed_too():
    far = [[0, "95.1"], ["1e300", "94.4"], [6, "93.9"], [9, "93.0"], [12, "92.6"]]
    assert shelf_life({"batches": {"B1": far}, "lower_limit": 90})["model"] == "common"


months = st.lists(st.integers(0, 36), min_size=4, max_size=8, unique=True)


@settings(max_examples=60)
@given(months, st.data(), st.integers(60, 110))
def test_the_bound_is_on_its_limit_at_the_crossing_and_inside_before(at, data, limit):
    values = [data.draw(st.integers(8000, 11000)) / 100 for _ in at]
    found = shelf_life(
        {"batches": {"B": [[t, str(v)] for t, v in zip(at, values, strict=True)]}}
        | {"lower_limit": limit}
    )
    x, y = numpy.array(at, float), numpy.array(values)
    design = numpy.column_stack([numpy.ones_like(x), x])
    (b0, b1), *_ = numpy.linalg.lstsq(design, y, rcond=None)
    s2 = residual(design, y) / (len(x) - 2)
    assume(s2 > 1e-6)
    q, sxx = float(stdtrit(len(x) - 2, 0.95)), float(((x - x.mean()) ** 2).sum())

    def room(t):
        width = q * numpy.sqrt(s2 * (1 / len(x) + (t - x.mean()) ** 2 / sxx))
        return b0 + b1 * t - width - limit

    crossing = found["shelf_life_months"]
    if crossing is None:
        assert room(0) > 0
        assert room(1e5) > 0
    elif crossing == 0:
        assert room(0) <= 1e-9
    else:
        assume(crossing < 1e5)
        assert room(0) > -1e-9
        assert crossing == pytest.approx(brentq(room, 0, crossing + 10, xtol=1e-10), abs=1e-6) or (
            abs(room(crossing)) < 1e-6
        )
