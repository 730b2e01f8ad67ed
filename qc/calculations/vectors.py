"""Vectors: copies in a cell, titre, and how much to add."""

import math

from qc.calculations.inputs import NUMBER, POSITIVE, number, schema
from qc.calculations.registry import Calculation

DIPLOID = 2
LINEAR_FROM, LINEAR_TO = 2, 20  # percent of positive cells, both included
_FRACTION = {**NUMBER, "description": "a fraction from 0 to 1"}


def copy_number(vector_copies, reference_copies, transduced_fraction=None) -> dict:
    vector = number("vector_copies", vector_copies, least=0)
    reference = number("reference_copies", reference_copies, above=0)
    fraction = (
        None
        if transduced_fraction is None
        else number("transduced_fraction", transduced_fraction, above=0, most=1)
    )
    copies = DIPLOID * vector / reference
    return {
        "copies_per_cell": float(copies),
        "copies_per_transduced_cell": None if fraction is None else float(copies / fraction),
    }


def titre(cells, positive_fraction, volume_ml, dilution=1) -> dict:
    positive = number("positive_fraction", positive_fraction, least=0, most=1)
    found = number("cells", cells, above=0) * positive
    found *= number("dilution", dilution, above=0)
    return {
        "titre_per_ml": float(found / number("volume_ml", volume_ml, above=0)),
        "in_linear_range": LINEAR_FROM <= 100 * positive <= LINEAR_TO,
    }


def volume(cells, moi, titre_per_ml) -> dict:
    multiplicity = number("moi", moi, above=0)
    needed = number("cells", cells, above=0) * multiplicity
    return {
        "volume_ml": float(needed / number("titre_per_ml", titre_per_ml, above=0)),
        "expected_transduced_fraction": -math.expm1(-float(multiplicity)),
    }


CALCULATIONS = (
    Calculation(
        name="vector-copy-number",
        version="1",
        formula=(
            "copies per cell = 2 × vector copies / copies of a diploid reference gene; per "
            "transduced cell = that / transduced fraction"
        ),
        source="digital or quantitative PCR against a gene that a cell carries twice",
        inputs=schema(
            ["vector_copies", "reference_copies"],
            vector_copies={**NUMBER, "description": "0 or more"},
            reference_copies=POSITIVE,
            transduced_fraction={**NUMBER, "description": "a fraction above 0, at most 1"},
        ),
        example={
            "inputs": {
                "vector_copies": 450,
                "reference_copies": 600,
                "transduced_fraction": "0.50",
            },
            "output": {"copies_per_cell": 1.5, "copies_per_transduced_cell": 3.0},
        },
        function=copy_number,
    ),
    Calculation(
        name="transducing-titre",
        version="1",
        formula=(
            "cells at transduction × positive fraction × dilution / volume in mL; linear from "
            "2 to 20 % positive cells, both included"
        ),
        source="titration by flow cytometry on wells with few transduced cells",
        inputs=schema(
            ["cells", "positive_fraction", "volume_ml"],
            cells=POSITIVE,
            positive_fraction=_FRACTION,
            volume_ml=POSITIVE,
            dilution={**POSITIVE, "default": 1},
        ),
        example={
            "inputs": {"cells": 100000, "positive_fraction": "0.12", "volume_ml": "0.002"},
            "output": {"titre_per_ml": 6000000.0, "in_linear_range": True},
        },
        function=titre,
    ),
    Calculation(
        name="vector-volume",
        version="1",
        formula=(
            "volume in mL = cells × multiplicity of infection / titre; expected transduced "
            "fraction = 1 − exp(−multiplicity) (Poisson)"
        ),
        source="Poisson distribution of vectors over cells",
        inputs=schema(
            ["cells", "moi", "titre_per_ml"], cells=POSITIVE, moi=POSITIVE, titre_per_ml=POSITIVE
        ),
        example={
            "inputs": {"cells": 100000000, "moi": 3, "titre_per_ml": 500000000},
            "output": {"volume_ml": 0.6, "expected_transduced_fraction": -math.expm1(-3)},
        },
        function=volume,
    ),
)
