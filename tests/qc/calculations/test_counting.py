"""Cells, vectors and doses, against worked examples; and what is no count at all."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.calculations.registry import BadInput, calculations

pytestmark = pytest.mark.statement("U-23")

compute = calculations()
counts = st.integers(1, 10**12)


def test_viability_is_computed_from_counts():
    assert compute["viability"]({"viable_cells": 152, "total_cells": 160}) == {
        "viability_percent": 95.0
    }


@pytest.mark.parametrize(("viable", "total"), [(5, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(viable, total):
    with pytest.raises(BadInput):
        compute["viability"]({"viable_cells": viable, "total_cells": total})


@given(counts, counts)
def test_viability_of_any_counts_is_a_percentage(dead, viable):
    found = compute["viability"]({"viable_cells": viable, "total_cells": viable + dead})
    assert 0 <= found["viability_percent"] <= 100


def test_expansion_by_eight_in_72_hours_doubles_every_24():
    assert compute["expansion"]({"cells_in": "1e6", "cells_out": "8e6", "hours": 72}) == {
        "fold_expansion": 8.0,
        "population_doublings": 3.0,
        "doubling_time_hours": 24.0,
    }


@pytest.mark.parametrize("out", [1000000, 999999])
def test_cells_that_did_not_grow_have_no_doubling_time(out):
    found = compute["expansion"]({"cells_in": 1000000, "cells_out": out, "hours": 72})
    assert found["doubling_time_hours"] is None
    assert found["population_doublings"] <= 0


def test_without_hours_there_is_no_doubling_time():
    found = compute["expansion"]({"cells_in": 1, "cells_out": 2})
    assert found["doubling_time_hours"] is None


def test_a_fold_that_no_double_holds_is_refused_not_infinite():
    with pytest.raises(BadInput):
        compute["expansion"]({"cells_in": "1e-200", "cells_out": "1e200"})


def test_doublings_add_up_over_passages():
    """1e6 to 8e6, 8e6 to 6e7, 5e7 to 4.5e8: 3.000 + 2.907 + 3.170 = 9.077."""
    found = compute["cumulative-population-doublings"](
        {
            "passages": [
                {"seeded": "1e6", "harvested": "8e6"},
                {"seeded": "8e6", "harvested": "6e7"},
                {"seeded": "5e7", "harvested": "4.5e8"},
            ]
        }
    )
    assert [round(each, 3) for each in found["population_doublings"]] == [3.000, 2.907, 3.170]
    assert round(found["cumulative"], 3) == 9.077


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=20))
def test_the_cumulative_is_the_sum_of_its_passages(passages):
    found = compute["cumulative-population-doublings"](
        {"passages": [{"seeded": s, "harvested": h} for s, h in passages]}
    )
    whole = math.prod((Fraction(h, s) for s, h in passages), start=Fraction(1))
    exact = math.log2(whole.numerator) - math.log2(whole.denominator)
    assert found["cumulative"] == pytest.approx(exact, abs=1e-9)


def test_copies_are_twice_the_ratio_to_a_diploid_gene():
    found = compute["vector-copy-number"](
        {"vector_copies": "462.4", "reference_copies": "651.0", "transduced_fraction": "0.40"}
    )
    assert round(found["copies_per_cell"], 2) == 1.42
    assert round(found["copies_per_transduced_cell"], 2) == 3.55


@pytest.mark.parametrize(
    ("fraction", "linear"),
    [("0.0199", False), ("0.02", True), ("0.20", True), ("0.2001", False)],
)
def test_titres_are_linear_from_2_to_20_percent_inclusive(fraction, linear):
    found = compute["transducing-titre"](
        {"cells": 100000, "positive_fraction": fraction, "volume_ml": "0.002"}
    )
    assert found["in_linear_range"] is linear


def test_titre_multiplies_by_the_dilution():
    given = {"cells": "1e5", "positive_fraction": "0.12", "volume_ml": "0.002"}
    assert compute["transducing-titre"](given)["titre_per_ml"] == 6.0e6
    assert compute["transducing-titre"]({**given, "dilution": 10})["titre_per_ml"] == 6.0e7


def test_vector_volume_for_three_per_cell():
    found = compute["vector-volume"]({"cells": "1e8", "moi": 3, "titre_per_ml": "5e8"})
    assert found["volume_ml"] == 0.6
    assert found["expected_transduced_fraction"] == pytest.approx(0.950212931632136)


def test_dose_counts_the_active_cells():
    found = compute["dose"](
        {"weight_kg": 70, "cells_per_kg": "2e6", "active_fraction": "0.40", "cells_per_ml": "1.2e7"}
    )
    assert found["viable_cells"] == 3.5e8
    assert round(found["volume_ml"], 1) == 29.2


@pytest.mark.parametrize(
    ("route", "volume", "limit"), [("intrathecal", 5, 2.8), ("intravenous", 100, 3.5)]
)
def test_endotoxin_limit_is_k_over_m(route, volume, limit):
    found = compute["endotoxin-limit"](
        {"route": route, "dose_ml_per_hour": volume, "weight_kg": 70}
    )
    assert found["limit_eu_per_ml"] == limit


def test_another_route_is_refused_with_those_known():
    with pytest.raises(BadInput, match="intravenous, intrathecal"):
        compute["endotoxin-limit"]({"route": "oral", "dose_ml_per_hour": 5, "weight_kg": 70})
