"""Tolerance factors and equivalence against printed figures and against simulation-free checks."""

import math
from fractions import Fraction

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

compute = calculations()


def factor(n, coverage, sides, confidence="0.95", **more):
    return compute["tolerance-interval"](
        {"n": n, "mean": 0, "sd": 1, "confidence": confidence, "coverage": coverage, "sides": sides}
        | more
    )["k"]


@pytest.mark.parametrize(
    ("n", "coverage", "printed"),
    [
        (3, "0.95", 9.789),
        (4, "0.95", 6.341),
        (5, "0.95", 5.077),
        (6, "0.95", 4.422),
        (8, "0.95", 3.746),
        (10, "0.95", 3.393),
        (15, "0.95", 2.965),
        (20, "0.95", 2.760),
        (30, "0.95", 2.555),
        (5, "0.99", 6.598),
        (10, "0.99", 4.437),
        (20, "0.99", 3.621),
        (30, "0.99", 3.355),
    ],
)
def test_two_sided_factors_are_the_exact_ones(n, coverage, printed):
    assert round(factor(n, coverage, 2), 3) == pytest.approx(printed, abs=0.00051)


@pytest.mark.parametrize(
    ("n", "coverage", "printed"),
    [
        (3, "0.95", 7.656),
        (5, "0.95", 4.203),
        (6, "0.95", 3.708),
        (10, "0.95", 2.911),
        (20, "0.95", 2.396),
        (30, "0.95", 2.220),
        (5, "0.99", 5.741),
        (10, "0.99", 3.981),
        (20, "0.99", 3.295),
        (30, "0.99", 3.064),
    ],
)
def test_one_sided_factors_are_those_of_the_non_central_t(n, coverage, printed):
    assert round(factor(n, coverage, 1), 3) == pytest.approx(printed, abs=0.00051)


def test_howe_is_used_only_when_it_is_named():
    """The worked example of the NIST/SEMATECH handbook, 7.2.6.3: n = 43, k = 2.217."""
    exact = factor(43, "0.90", 2, confidence="0.99")
    howe = factor(43, "0.90", 2, confidence="0.99", method="howe")
    assert round(howe, 3) == 2.217
    assert round(exact, 3) != 2.217


def test_values_give_the_interval_of_their_mean_and_standard_deviation():
    values = [9, 10, 11, 10, 12, 8]
    of_values = compute["tolerance-interval"](
        {"values": values, "confidence": "0.95", "coverage": "0.9", "sides": 2}
    )
    of_figures = compute["tolerance-interval"](
        {"n": 6, "mean": 10, "sd": str(math.sqrt(2)), "confidence": "0.95", "coverage": "0.9"}
        | {"sides": 2}
    )
    assert of_values["lower"] == pytest.approx(of_figures["lower"])
    assert of_values["method"] == "exact"


@settings(max_examples=30)
@given(st.integers(2, 5000), st.sampled_from(["0.8", "0.9", "0.99"]), st.sampled_from([1, 2]))
def test_more_values_never_need_a_wider_interval(n, coverage, sides):
    assert factor(n + 1, coverage, sides) < factor(n, coverage, sides) < math.inf


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 1},
        {"n": "2.5"},
        {"sd": 0},
        {"confidence": 1},
        {"coverage": 0},
        {"sides": 3},
        {"values": [1, 2]},
        {"method": "wald"},
    ],
)
def test_a_tolerance_interval_of_nonsense_is_refused(wrong):
    right = {"n": 5, "mean": 0, "sd": 1, "confidence": "0.95", "coverage": "0.95", "sides": 2}
    compute["tolerance-interval"](right)
    with pytest.raises(BadInput):
        compute["tolerance-interval"](right | wrong)


def with_mean_and_sd(mean, sd):
    """Return six values of just this mean and standard deviation."""
    shape = numpy.array([-1.5, -0.5, -0.2, 0.1, 0.6, 1.5])
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    return [repr(float(value)) for value in mean + sd * shape]


def test_two_one_sided_tests_of_six_against_six():
    """d = 0.8, s = 3.0 and 2.6, margin 5: t 3.579 and −2.591, p 0.0025 and 0.0134."""
    found = compute["equivalence"](
        {
            "a": with_mean_and_sd(41.0, 3.0),
            "b": with_mean_and_sd(40.2, 2.6),
            "margin": 5,
            "alpha": "0.05",
            "variances": "pooled",
            "scale": "difference",
        }
    )
    assert found["estimate"] == pytest.approx(0.8)
    assert found["df"] == 10
    assert round(found["p_lower"], 4) == 0.0025
    assert round(found["p_upper"], 4) == 0.0134
    assert [round(found[end], 2) for end in ("ci_low", "ci_high")] == [-2.14, 3.74]
    assert found["equivalent"] is True


def test_ratios_of_geometric_means_are_given_as_ratios():
    found = compute["equivalence"](
        {
            "a": [100, 110, 121],
            "b": [200, 220, 242],
            "lower": "0.8",
            "upper": "1.25",
            "scale": "log_ratio",
            "alpha": "0.05",
            "variances": "welch",
        }
    )
    assert found["estimate"] == pytest.approx(0.5)
    assert found["ci_low"] < 0.5 < found["ci_high"]
    assert found["equivalent"] is False


@pytest.mark.filterwarnings("ignore:Precision loss occurred:RuntimeWarning")  # one group is equal
@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=9),
    st.lists(st.integers(1, 500), min_size=2, max_size=9),
    st.sampled_from(["pooled", "welch"]),
)
def test_the_two_tests_are_those_of_a_library(a, b, variances):
    if len(set(a)) == 1 and len(set(b)) == 1:
        return
    found = compute["equivalence"]({"a": a, "b": b, "margin": 7, "variances": variances})
    pooled = {"equal_var": variances == "pooled"}
    above = ttest_ind([x + 7 for x in a], b, alternative="greater", **pooled)
    below = ttest_ind([x - 7 for x in a], b, alternative="less", **pooled)
    assert found["p_lower"] == pytest.approx(above.pvalue)
    assert found["p_upper"] == pytest.approx(below.pvalue)
    assert found["df"] == pytest.approx(above.df)


@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=8),
    st.lists(st.integers(1, 500), min_size=2, max_size=8),
    st.integers(1, 300),
    st.sampled_from(["pooled", "welch"]),
)
def test_equivalence_is_the_interval_inside_the_limits(a, b, margin, variances):
    if len(set(a)) == 1 and len(set(b)) == 1:
        return
    found = compute["equivalence"](
        {"a": a, "b": b, "margin": margin, "alpha": "0.05", "variances": variances}
    )
    inside = -margin < found["ci_low"] and found["ci_high"] < margin
    edge = min(abs(found["ci_low"] + margin), abs(found["ci_high"] - margin)) < 1e-6
    assert edge or found["equivalent"] == inside


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": [1]},
        {"a": [1, 1], "b": [2, 2]},
        {"margin": 0},
        {"margin": -1},
        {"lower": -1, "upper": 1},
        {"margin": None},
        {"margin": None, "lower": 2, "upper": 1},
        {"scale": "log_ratio", "margin": 2, "a": [0, 1]},
        {"alpha": "0.5"},
        {"variances": "equal"},
    ],
)
def test_an_equivalence_of_nonsense_is_refused(wrong):
    right = {"a": [1, 2, 3], "b": [2, 3, 4], "margin": 5, "alpha": "0.05"}
    compute["equivalence"](right)
    with pytest.raises(BadInput):
        compute["equivalence"](right | wrong)


@pytest.mark.parametrize(
    ("confidence", "reliability", "runs"),
    [
        ("0.95", "0.90", 29),
        ("0.95", "0.95", 59),
        ("0.95", "0.99", 299),
        ("0.90", "0.90", 22),
        ("0.9", "0.1", 1),
        ("0.99", "0.1", 2),
        ("0.75", "0.5", 2),
    ],
)
def test_success_runs_are_rounded_up_and_no_further(confidence, reliability, runs):
    found = compute["success-run"]({"confidence": confidence, "reliability": reliability})
    assert found == {"runs": runs}


@given(st.integers(1, 99), st.integers(1, 99))
def test_as_many_runs_as_are_needed_and_not_one_more(confidence, reliability):
    doubt, reliable = Fraction(100 - confidence, 100), Fraction(reliability, 100)
    runs = compute["success-run"](
        {"confidence": str(confidence / 100), "reliability": str(reliability / 100)}
    )["runs"]
    assert reliable**runs <= doubt
    assert runs == 1 or reliable ** (runs - 1) > doubt


def test_a_reliability_is_computed_from_runs_that_all_passed():
    found = compute["success-run"]({"confidence": "0.95", "passes": 29})
    assert round(found["reliability"], 4) == 0.9019
