"""Control charts against worked examples, and every pattern one point short of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

compute = calculations()
whole = st.integers(-1000, 1000)


def signals(values, rule):
    found = compute["nelson"]({"values": values, "mean": 0, "sigma": 1, "rules": [rule]})
    return [signal["index"] for signal in found["signals"]]


def test_individuals_chart_of_eight_viabilities():
    found = compute["individuals-chart"]({"values": [88, 90, 87, 91, 89, 92, 88, 90]})
    assert found["mean"] == 89.375
    assert round(found["mr_bar"], 3) == 2.857
    assert found["ucl"] == pytest.approx(96.975, abs=0.002)
    assert found["lcl"] == pytest.approx(81.775, abs=0.002)
    assert round(found["mr_ucl"], 3) == 9.334
    assert found["constants"] == {"d2": 1.128, "D4": 3.267}


def test_limits_come_from_the_baseline_and_later_points_are_held_against_them():
    found = compute["individuals-chart"]({"values": [10, 12, 10, 12, 30, 11], "baseline_count": 4})
    assert found["mean"] == 11.0
    assert found["out_of_limits"] == [5]
    assert found["ranges_out_of_limits"] == [5, 6]


def test_a_point_on_the_limit_is_inside():
    found = compute["individuals-chart"](
        {"values": ["0", "1.128", "0", "1.128", "3.564"], "baseline_count": 4}
    )
    assert found["ucl"] == 3.564
    assert found["out_of_limits"] == []


def test_values_without_any_change_are_answered():
    found = compute["individuals-chart"]({"values": [5, 5, 5]})
    assert (found["ucl"], found["lcl"], found["out_of_limits"]) == (5.0, 5.0, [])


@pytest.mark.parametrize("given", [{"values": [1]}, {"values": [1, 2], "baseline_count": 3}])
def test_too_few_values_are_refused(given):
    with pytest.raises(BadInput):
        compute["individuals-chart"](given)


UP_AND_DOWN = [1 if place % 2 else -1 for place in range(40)]


@pytest.mark.parametrize(
    ("rule", "values", "found"),
    [
        (1, ["3", "3.1", "-3.1"], [2, 3]),
        (2, ["0.1"] * 8 + ["-0.1"], []),
        (2, ["0.1"] * 10, [9, 10]),
        (2, ["0.1"] * 8 + ["0"], []),
        (3, ["0", "1", "2", "3", "4"], []),
        (3, ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"], [6, 7]),
        (3, ["0.5", "0.4", "0.3", "0.2", "0.1", "0.1"], []),
        (3, ["0.5", "0.4", "0.3", "0.2", "0.1", "0"], [6]),
        (4, UP_AND_DOWN[:13], []),
        (4, UP_AND_DOWN[:15], [14, 15]),
        (5, ["2.1", "0", "2.1"], [3]),
        (5, ["2.1", "2.1", "0"], [2]),
        (5, ["2.1", "0", "-2.1"], []),
        (5, ["2", "0", "2"], []),
        (6, ["1.1", "1.1", "0", "1.1", "1.1"], [5]),
        (6, ["1.1", "1.1", "0", "1.1", "-1.1"], []),
        (6, ["-1.1"] * 6, [4, 5, 6]),
        (7, ["0.9", "-0.9"] * 7, []),
        (7, ["0.9", "-0.9"] * 8, [15, 16]),
        (8, ["1.1", "-1.1"] * 4, [8]),
        (8, ["1.1", "-1.1"] * 3 + ["1.1", "0.9"], []),
        (8, ["1.1"] * 8, []),
    ],
)
def test_a_nelson_pattern_signals_at_the_point_that_completes_it(rule, values, found):
    assert signals(values, rule) == found


def test_all_eight_tests_run_when_none_is_named():
    found = compute["nelson"]({"values": ["3.5", "3.5", "3.5"], "mean": 0, "sigma": 1})
    assert {"rule": 1, "index": 1} in found["signals"]
    assert {"rule": 5, "index": 2} in found["signals"]


@given(st.lists(whole, min_size=1, max_size=60), whole, st.integers(1, 50))
def test_turning_the_chart_over_changes_no_signal(values, mean, sigma):
    upright = compute["nelson"]({"values": values, "mean": mean, "sigma": sigma})
    turned = compute["nelson"](
        {"values": [-value for value in values], "mean": -mean, "sigma": sigma}
    )
    assert upright == turned


@pytest.mark.parametrize(
    ("runs", "verdict", "rules"),
    [
        ([["0", "1"]], "accept", []),
        ([["2", "-2"]], "accept", []),
        ([["2.1", "0"]], "warning", ["1_2s"]),
        ([["3.1", "0"]], "reject", ["1_2s", "1_3s"]),
        ([["2.1", "2.2"]], "reject", ["1_2s", "2_2s"]),
        ([["2.1", "0"], ["2.2", "0"]], "reject", ["1_2s", "2_2s"]),
        ([["2.1", "0"], ["0", "2.2"]], "warning", ["1_2s"]),
        ([["2.1", "0"], ["-2.2", "0"]], "warning", ["1_2s"]),
        ([["2.1", "-2.1"]], "reject", ["1_2s", "R_4s"]),
        ([["2.1", "-1.9"]], "warning", ["1_2s"]),
        ([["2.1", "0"], ["0", "-2.1"]], "warning", ["1_2s"]),
        ([["1.1", "0"]] * 4, "reject", ["4_1s"]),
        ([["1.1", "0"]] * 3, "accept", []),
        ([["1.1", "1.2"]] * 2, "reject", ["4_1s"]),
        ([["0.1", "-0.1"]] * 10, "reject", ["10x"]),
        ([["0.1", "-0.1"]] * 9, "accept", []),
        ([["0.1", "0.2"]] * 5, "reject", ["10x"]),
        ([["3.5", "0"], ["0", "0"]], "accept", []),
    ],
)
def test_westgard_judges_the_last_run_in_the_light_of_those_before(runs, verdict, rules):
    assert compute["westgard"]({"runs": runs}) == {"verdict": verdict, "rules": rules}


def test_runs_of_different_levels_are_refused():
    with pytest.raises(BadInput):
        compute["westgard"]({"runs": [["0"], ["0", "1"]]})


def test_capability_of_one_limit_within_and_overall():
    within = compute["capability"]({"mean": 92, "sd": "2.5", "lower": 80})
    overall = compute["capability"]({"mean": 92, "sd": "3.0", "lower": 80})
    assert within == {"cp": None, "cpu": None, "cpl": 1.6, "cpk": 1.6}
    assert round(overall["cpk"], 2) == 1.33


def test_capability_of_values_uses_their_sample_standard_deviation():
    found = compute["capability"]({"values": [9, 10, 11], "lower": 7, "upper": 13})
    assert found == {"cp": 1.0, "cpu": 1.0, "cpl": 1.0, "cpk": 1.0}


@pytest.mark.parametrize(
    "given",
    [
        {"mean": 5, "sd": 1},
        {"mean": 5, "sd": 0, "lower": 1},
        {"mean": 5, "sd": 1, "lower": 3, "upper": 3},
        {"mean": 5, "lower": 3},
        {"values": [5, 5, 5], "lower": 3},
        {"values": [5], "lower": 3},
        {"values": [5, 6], "mean": 5, "lower": 3},
    ],
)
def test_capability_without_limits_or_spread_is_refused(given):
    with pytest.raises(BadInput):
        compute["capability"](given)
