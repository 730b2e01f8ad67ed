"""Cells counted: viability, expansion, population doublings."""

import math

from qc.calculations.inputs import POSITIVE, entries, number, one, parts, schema
from qc.calculations.registry import BadInput, Calculation


def viability(viable_cells, total_cells) -> dict:
    total = number("total_cells", total_cells, above=0)
    viable = number("viable_cells", viable_cells, least=0)
    if viable > total:
        raise BadInput("viable_cells", "More cells are viable than there are cells.")
    return {"viability_percent": float(100 * viable / total)}


def expansion(cells_in, cells_out, hours=None) -> dict:
    seeded = number("cells_in", cells_in, above=0)
    harvested = number("cells_out", cells_out, above=0)
    time = None if hours is None else number("hours", hours, above=0)
    doublings = _doublings(seeded, harvested)
    # Cells that did not become more have no doubling time, neither infinite nor negative.
    grew = time is not None and harvested > seeded and doublings > 0
    return {
        "fold_expansion": float(harvested / seeded),
        "population_doublings": doublings,
        "doubling_time_hours": float(time) / doublings if grew else None,
    }


def cumulative(passages) -> dict:
    doublings = []
    for place, passage in enumerate(entries("passages", passages)):
        field = f"passages[{place}]"
        seeded, harvested = parts(field, passage, "seeded", "harvested")
        doublings.append(
            _doublings(
                number(f"{field}.seeded", seeded, above=0),
                number(f"{field}.harvested", harvested, above=0),
            )
        )
    return {"population_doublings": doublings, "cumulative": math.fsum(doublings)}


def _doublings(seeded, harvested) -> float:
    fold = harvested / seeded
    # A double holds no fold below 1e-307; the logarithm of whole numbers has no such limit.
    if not 1e-300 < fold < 1e300:
        return math.log2(fold.numerator) - math.log2(fold.denominator)
    return math.log2(fold)


CALCULATIONS = (
    Calculation(
        name="viability",
        version="1",
        formula="viable_cells / total_cells × 100, from counts: percentages are never averaged",
        source="Ph. Eur. 2.7.29, nucleated cell count and viability",
        inputs=schema(
            ["viable_cells", "total_cells"],
            viable_cells={**POSITIVE, "description": "0 or more, not above total_cells"},
            total_cells=POSITIVE,
        ),
        example={
            "inputs": {"viable_cells": 152, "total_cells": 160},
            "output": {"viability_percent": 95.0},
        },
        function=viability,
    ),
    Calculation(
        name="expansion",
        version="1",
        formula=(
            "fold = cells_out / cells_in; population doublings = log2(fold); doubling time = "
            "hours / population doublings, none when the cells did not become more"
        ),
        source="Hayflick; exact log2 where handbooks print 3.32 × log10",
        inputs=schema(
            ["cells_in", "cells_out"], cells_in=POSITIVE, cells_out=POSITIVE, hours=POSITIVE
        ),
        example={
            "inputs": {"cells_in": 1000000, "cells_out": 8000000, "hours": 72},
            "output": {
                "fold_expansion": 8.0,
                "population_doublings": 3.0,
                "doubling_time_hours": 24.0,
            },
        },
        function=expansion,
    ),
    Calculation(
        name="cumulative-population-doublings",
        version="1",
        formula="sum over passages of log2(harvested / seeded); seeded is what was plated again",
        source="Hayflick; exact log2 where handbooks print 3.32 × log10",
        inputs=schema(
            ["passages"],
            passages={
                "type": "array",
                "minItems": 1,
                "items": one(["seeded", "harvested"], seeded=POSITIVE, harvested=POSITIVE),
            },
        ),
        example={
            "inputs": {
                "passages": [
                    {"seeded": 1000000, "harvested": 8000000},
                    {"seeded": 5000000, "harvested": 20000000},
                ]
            },
            "output": {"population_doublings": [3.0, 2.0], "cumulative": 5.0},
        },
        function=cumulative,
    ),
)
