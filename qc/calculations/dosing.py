"""What a patient receives: cells for a dose, and the endotoxin that it may carry."""

from fractions import Fraction

from qc.calculations.inputs import NUMBER, POSITIVE, choice, number, schema
from qc.calculations.registry import Calculation

# EU per kg: an hour intravenously, a dose intrathecally.
THRESHOLDS = {"intravenous": Fraction(5), "intrathecal": Fraction(1, 5)}


def dose(weight_kg, cells_per_kg, active_fraction=1, cells_per_ml=None) -> dict:
    cells = number("weight_kg", weight_kg, above=0) * number("cells_per_kg", cells_per_kg, above=0)
    cells /= number("active_fraction", active_fraction, above=0, most=1)
    concentration = None if cells_per_ml is None else number("cells_per_ml", cells_per_ml, above=0)
    return {
        "viable_cells": float(cells),
        "volume_ml": None if concentration is None else float(cells / concentration),
    }


def endotoxin_limit(route, dose_ml_per_hour, weight_kg) -> dict:
    threshold = THRESHOLDS[choice("route", route, *THRESHOLDS)]
    most = threshold * number("weight_kg", weight_kg, above=0)
    return {"limit_eu_per_ml": float(most / number("dose_ml_per_hour", dose_ml_per_hour, above=0))}


CALCULATIONS = (
    Calculation(
        name="dose",
        version="1",
        formula=(
            "viable cells = weight × cells per kg / active fraction; volume in mL = viable cells / "
            "cells per mL"
        ),
        source="dose by body weight, the target counted on the active cells",
        inputs=schema(
            ["weight_kg", "cells_per_kg"],
            weight_kg=POSITIVE,
            cells_per_kg=POSITIVE,
            active_fraction={
                **NUMBER,
                "description": "a fraction above 0, at most 1",
                "default": 1,
            },
            cells_per_ml=POSITIVE,
        ),
        example={
            "inputs": {
                "weight_kg": 70,
                "cells_per_kg": 2000000,
                "active_fraction": "0.40",
                "cells_per_ml": 14000000,
            },
            "output": {"viable_cells": 350000000.0, "volume_ml": 25.0},
        },
        function=dose,
    ),
    Calculation(
        name="endotoxin-limit",
        version="1",
        formula=(
            "K / M: K = 5 EU/kg an hour intravenously, 0.2 EU/kg intrathecally; M = mL an hour (a "
            "dose) and kg of body weight"
        ),
        source="USP <85>, Ph. Eur. 5.1.10",
        inputs=schema(
            ["route", "dose_ml_per_hour", "weight_kg"],
            route={"type": "string", "enum": list(THRESHOLDS)},
            dose_ml_per_hour=POSITIVE,
            weight_kg=POSITIVE,
        ),
        example={
            "inputs": {"route": "intrathecal", "dose_ml_per_hour": 5, "weight_kg": 70},
            "output": {"limit_eu_per_ml": 2.8},
        },
        function=endotoxin_limit,
    ),
)
