"""Vi-CELL BLU exports: one csv row a sample, dates in the order of the instrument computer's
region.
"""

from __future__ import annotations

from qc.instruments.readers import cell_counts, values
from qc.instruments.readers.table import Row, rows_of, title_of
from qc.instruments.reading import Reading, ReadOutcome, refused, storable

READER, VERSION = "native:vicell_blu", "1"

MEASURED = {
    "viability (%)": "viability",
    "total (x10^6) cells/ml": "total_cell_density",
    "viable (x10^6) cells/ml": "viable_cell_density",
    "cell count": "total_cells",
    "viable cells": "viable_cells",
    "average diameter (μm)": "average_diameter",
    "average viable diameter (μm)": "average_viable_diameter",
    "average circularity": "average_circularity",
    "average viable circularity": "average_viable_circularity",
    "average cells per image": "average_cells_per_image",
    "average background intensity": "average_background_intensity",
    "bubble count": "bubble_count",
    "cluster count": "cluster_count",
    "images": "images",
    "dilution": "dilution_factor",
}
SETTINGS = {
    "images for analysis",
    "minimum diameter (μm)",
    "maximum diameter (μm)",
    "cell sharpness",
    "minimum circularity",
    "decluster degree",
    "aspiration cycles",
    "viable spot brightness (%)",
    "viable spot area (%)",
    "mixing cycles",
    "wash",
}
OTHERS = {
    "sample id",
    "cell type",
    "analysis date/time",
    "reanalysis date/time",
    "analysis by",
    "reanalysis by",
    "tag",
}


def read(data: bytes, *, filename: str) -> ReadOutcome:
    """Read a Vi-CELL BLU csv export."""
    rows, encoding = rows_of(data, delimiter=",")
    titles = [title_of(cell) for cell in rows[0].cells] if rows else []
    if not {"sample id", "analysis date/time"} <= set(titles) or not set(MEASURED) & set(titles):
        found = storable(", ".join(rows[0].cells)[:80]) if rows else "nothing"
        return _refuse(
            f"This is not a Vi-CELL BLU export: its first line has no Sample ID and date, "
            f'found "{found}". '
            "Choose the instrument this file comes from, or export it again."
        )
    doubled = [title for title in titles if title in MEASURED and titles.count(title) > 1]
    if doubled:
        return _refuse(
            f'The heading "{doubled[0]}" occurs twice, so it cannot be told which column holds it. '
            "Export the file again from the instrument."
        )
    if len(rows) < 2:
        return _refuse(
            "The file has headings but no samples. Export the run again from the instrument."
        )
    return _outcome(titles, rows, encoding)


def _refuse(error: str) -> ReadOutcome:
    return refused(error, reader=READER, reader_version=VERSION)


def _outcome(titles: list[str], rows: list[Row], encoding: str) -> ReadOutcome:
    place = {title: column for column, title in enumerate(titles) if title}
    known = {*MEASURED, *SETTINGS, *OTHERS}
    not_understood = [
        f'Column "{storable(rows[0].cells[column])[:60]}" is not known and was not read.'
        for title, column in place.items()
        if title not in known
    ]
    warnings = cell_counts.missing_quantities(
        MEASURED[title] for title in place if title in MEASURED
    )
    dates = [_cell(row, place, "analysis date/time") for row in rows[1:]]
    order = values.date_order(dates)
    readings: list[Reading] = []
    samples: list[str] = []
    for row in rows[1:]:
        if len(row.cells) < len(titles) - 1:
            not_understood.append(
                f"Line {row.line} ends early ({len(row.cells)} of {len(titles)} cells): not read."
            )
            continue
        samples.append(storable(_cell(row, place, "sample id")))
        if not samples[-1]:
            warnings.append(f"Line {row.line} holds results without a sample id.")
        if _cell(row, place, "reanalysis date/time"):
            warnings.append(
                f"Line {row.line}: sample {samples[-1]} was analysed a second time on the "
                f"instrument."
            )
        readings += _readings(
            row, place, samples[-1], order, start=len(readings), not_understood=not_understood
        )
    if not readings:
        return _refuse(
            "No line of the file could be read as a sample. Export the run again from the "
            "instrument."
        )
    undated = sum(1 for text in dates if values.local_time(text, order=order) is None)
    if undated:
        warnings.append(
            f'{undated} dates (such as "{storable(dates[0])[:30]}") can be read day first or month '
            f"first, or not at "
            "all: the time of the count must come from the instrument's registered date order."
        )
    warnings += cell_counts.inconsistent_counts(readings) + cell_counts.repeated_samples(samples)
    warnings.append("The file does not state the instrument's serial number.")
    facts = {
        "software": "Vi-CELL BLU",
        "serial": "",
        "layout": "csv table",
        "encoding": encoding,
        "samples": len(samples),
        "date_order": order,
        "edited_by": "",
    }
    return ReadOutcome(
        ok=True,
        reader=READER,
        reader_version=VERSION,
        readings=tuple(readings),
        facts=facts,
        warnings=tuple(warnings),
        not_understood=tuple(not_understood),
    )


def _readings(
    row: Row,
    place: dict[str, int],
    sample: str,
    order: str,
    *,
    start: int,
    not_understood: list[str],
) -> list[Reading]:
    measured_text = storable(_cell(row, place, "analysis date/time"))
    readings: list[Reading] = []
    for title, quantity in MEASURED.items():
        if title not in place:
            continue
        printed = _cell(row, place, title)
        value = values.parse_value(printed)
        locator = f"line {row.line}, column {place[title] + 1}"
        if value.remark:
            not_understood.append(storable(f"{locator}: {value.remark}."))
        readings.append(
            Reading(
                ordinal=start + len(readings),
                locator=locator,
                sample_text=sample,
                quantity=quantity,
                value_text=storable(printed),
                number=value.number,
                qualifier=value.qualifier,
                unit=cell_counts.UNITS[quantity],
                measured_text=measured_text,
                measured_at=values.local_time(measured_text, order=order),
                status=value.status,
                group=storable(_cell(row, place, "cell type")),
                operator=storable(_cell(row, place, "analysis by")),
            )
        )
    return readings


def _cell(row: Row, place: dict[str, int], title: str) -> str:
    column = place.get(title)
    return row.cells[column] if column is not None and column < len(row.cells) else ""
