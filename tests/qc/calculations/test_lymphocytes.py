"""The mixed lymphocyte reaction: own PHA only, a minimum difference beside p, and n in words."""

import pytest
from scipy.stats import ttest_rel

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

mlr = calculations()["mixed-lymphocyte-reaction"]
RULE = {"alpha": "0.05", "minimum_difference": "0.05", "minimum_pha_percent": 50}


def donor(name, autologous, allogeneic=(40,), tests=None, pha=(100,), negative=(1,)):
    return {
        "donor": name,
        "negative": list(negative),
        "autologous": [autologous],
        "pha": list(pha),
        "allogeneic": list(allogeneic),
        "tests": tests or {},
    }


# Indices 0.0314, 0.0278, 0.0374 against 0.0267, 0.0215, 0.0352.
THREE = [
    donor("D1", "2.67", [50], {"DS": ["3.14"]}),
    donor("D2", "2.15", [52], {"DS": ["2.78"]}),
    donor("D3", "3.52", [54], {"DS": ["3.74"]}),
]


def test_an_index_divides_by_the_mean_pha_of_the_same_donor():
    given = [
        donor("D1", 2, tests={"DS": ["2.6", "2.6"]}, pha=[85, 87]),
        donor("D2", 2, tests={"DS": ["2.6"]}, pha=[52]),
    ]
    first, second = mlr({"donors": given, **RULE})["donors"]
    assert round(first["indices"]["DS"], 4) == 0.0302
    assert second["indices"]["DS"] == 0.05


def test_a_small_p_without_the_minimum_difference_is_no_response():
    found = mlr({"donors": THREE, **RULE})
    condition = found["conditions"]["DS"]
    test = ttest_rel([0.0314, 0.0278, 0.0374], [0.0267, 0.0215, 0.0352], alternative="greater")
    assert condition["p_value"] == pytest.approx(test.pvalue)
    assert condition["p_value"] < 0.05
    assert round(condition["mean_difference"], 4) == 0.0044
    assert condition["allogeneic_response"] is False
    assert found["conditions"]["allogeneic"]["allogeneic_response"] is True
    assert "n = 3" in found["conclusion"]


def test_the_same_data_respond_when_no_difference_is_asked_for():
    found = mlr({"donors": THREE, **RULE, "minimum_difference": 0})
    assert found["conditions"]["DS"]["allogeneic_response"] is True


def test_a_donor_with_a_weak_pha_is_left_out_and_says_why():
    weak = donor("D4", 1, [90], {"DS": [90]}, pha=[40])
    found = mlr({"donors": [*THREE, weak], **RULE})
    assert found["donors"][3]["valid"] is False
    assert "below the minimum of 50 %" in found["donors"][3]["reasons"][0]
    assert found["conditions"] == mlr({"donors": THREE, **RULE})["conditions"]
    assert "n = 3 valid donors of 4" in found["conclusion"]


def test_fewer_than_two_valid_donors_draw_no_conclusion():
    found = mlr({"donors": [THREE[0], donor("D2", 1, pha=[10])], **RULE})
    assert found["conditions"]["DS"]["p_value"] is None
    assert found["conditions"]["DS"]["allogeneic_response"] is None
    assert found["conclusion"].startswith("No conclusion can be drawn: n = 1 valid donor of 2")


def test_an_allogeneic_control_that_did_not_respond_is_said():
    silent = [donor(f"D{at}", at, [at + 1], {"DS": [at + 2]}) for at in range(1, 4)]
    assert (
        "allogeneic control itself gave no response"
        in mlr({"donors": silent, **RULE})["conclusion"]
    )


def test_donors_that_agree_to_the_last_digit_prove_nothing():
    same = [donor(f"D{at}", 2, [50], {"DS": [60]}) for at in range(3)]
    found = mlr({"donors": same, **RULE})["conditions"]["DS"]
    assert found["p_value"] is None
    assert found["mean_difference"] == 0.58


def test_a_condition_is_compared_over_the_donors_that_had_it():
    given = [*THREE, donor("D4", 2, [50])]
    found = mlr({"donors": given, **RULE})
    assert found["conditions"]["DS"]["n"] == 3
    assert found["conditions"]["allogeneic"]["n"] == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"donors": []},
        {"donors": [{**THREE[0], "pha": []}]},
        {"donors": [{**THREE[0], "pha": [None]}]},
        {"donors": [{**THREE[0], "pha": [101]}]},
        {"donors": [{**THREE[0], "tests": {"pha": [1]}}]},
        {"donors": [THREE[0], THREE[0]]},
        {"donors": [{**THREE[0], "cells": 1}]},
        {"alpha": 0},
        {"minimum_difference": -1},
        {"minimum_pha_percent": 101},
    ],
)
def test_a_reaction_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput):
        mlr({"donors": THREE, **RULE} | wrong)


def test_a_donor_without_any_pha_response_has_no_indices():
    found = mlr({"donors": [*THREE, donor("D4", 1, pha=[0], negative=[0])], **RULE})
    assert found["donors"][3] == {
        "donor": "D4",
        "valid": False,
        "reasons": found["donors"][3]["reasons"],
        "indices": {},
    }
