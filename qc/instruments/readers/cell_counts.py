"""What the cell counters have in common: the names of what they measure, and checks a typist could
not do.

The quantity names are stable: mapping tables approved by QA refer to them, and the second reader's
output is translated to the same names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from qc.instruments.reading import Reading

# quantity -> UCUM unit
UNITS = {
    "viability": "%",
    "total_cell_density": "10*6/mL",
    "viable_cell_density": "10*6/mL",
    "dead_cell_density": "10*6/mL",
    "total_cells": "1",
    "viable_cells": "1",
    "nonviable_cells": "1",
    "average_diameter": "um",
    "average_viable_diameter": "um",
    "average_circularity": "1",
    "average_viable_circularity": "1",
    "average_cells_per_image": "1",
    "average_background_intensity": "1",
    "images": "1",
    "dilution_factor": "1",
    "bubble_count": "1",
    "cluster_count": "1",
    "diameter_standard_deviation": "um",
    "aggregated_cells": "%",
    "debris_index": "1",
}

# Viability is printed with at least one decimal; the instrument may cut instead of rounding.
ROUNDING = Decimal("0.11")

TITLES = {
    "viability": "viability",
    "total_cell_density": "total cell density",
    "viable_cell_density": "viable cell density",
    "total_cells": "total cell count",
    "viable_cells": "viable cell count",
    "average_diameter": "average diameter",
}


def missing_quantities(found: Iterable[str]) -> list[str]:
    """A sentence for each usual quantity that the file does not have at all."""
    found = set(found)
    return [
        f"This file has no {title}: it was not exported. Nothing was assumed in its place."
        for quantity, title in TITLES.items()
        if quantity not in found
    ]


def inconsistent_counts(readings: Iterable[Reading]) -> list[str]:
    """Sentences for samples whose printed viability does not follow from their printed counts.

    The instrument computes viability as viable over total cells, so a larger difference than its
    own rounding means that a digit was changed or damaged after the count.
    """
    rows: dict[tuple[str, str], dict[str, Reading]] = {}
    for reading in readings:
        place = (
            reading.locator.split(",")[0]
            if reading.locator.startswith("line")
            else _row_of(reading.locator)
        )
        rows.setdefault((place, reading.sample_text), {})[reading.quantity] = reading
    sentences = []
    for (place, sample), row in rows.items():
        total, viable, viability = (
            _number(row.get(name)) for name in ("total_cells", "viable_cells", "viability")
        )
        if total is None or viable is None:
            continue
        if viable > total:
            sentences.append(
                f"{place}: sample {sample} has more viable cells ({viable}) than cells ({total})."
            )
        elif (
            viability is not None and total > 0 and abs(viability - 100 * viable / total) > ROUNDING
        ):
            sentences.append(
                f"{place}: sample {sample} states a viability of {viability} %, but its counts "
                f"({viable} of {total} cells) give {100 * viable / total:.1f} %."
            )
    return sentences


def repeated_samples(samples: Iterable[str]) -> list[str]:
    """One sentence naming the sample ids that occur more than once."""
    repeated = [
        f"{sample} ({times} times)"
        for sample, times in Counter(samples).items()
        if sample and times > 1
    ]
    if not repeated:
        return []
    shown = ", ".join(repeated[:10]) + (" and others" if len(repeated) > 10 else "")
    return [
        f"The same sample id occurs more than once: {shown}. Each occurrence was read on its own."
    ]


def _row_of(locator: str) -> str:
    """`'Run data summary'!H7` -> `row 7`."""
    cell = locator.rsplit("!", 1)[-1]
    return "row " + cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if "!" in locator else "the file"


def _number(reading: Reading | None) -> Decimal | None:
    return reading.number if reading is not None and reading.status == "ok" else None
