"""The text file a Vi-CELL XR writes for one sample: `name : value` lines under `Results:` and
`Settings:`.

Three dates stand in it: RunDate is when the cells were counted; LogDate and FileDate are not. The
file also lists the counts of every image, so the totals can be checked against their parts: a file
cut short or with a changed digit does not pass, where the second reader takes both without a word.
"""

from __future__ import annotations

import re

from qc.instruments.readers import cell_counts, values
from qc.instruments.readers.table import lines_of
from qc.instruments.reading import Reading, ReadOutcome, refused, storable

MEASURED = {
    "viability (%)": "viability",
    "total cells / ml (x 10^6)": "total_cell_density",
    "total viable cells / ml (x 10^6)": "viable_cell_density",
    "total cells": "total_cells",
    "viable cells": "viable_cells",
    "nonviable cells": "nonviable_cells",
    "average diameter (microns)": "average_diameter",
    "average circularity": "average_circularity",
    "average cells / image": "average_cells_per_image",
    "images": "images",
    "dilution": "dilution_factor",
}
IMAGE_SERIES = {"countdata": "total_cells", "viablecellsdata": "viable_cells"}
LAST_LINE = "imagebasename"


def read_report(data: bytes, *, reader: str, version: str) -> ReadOutcome:
    """Read the text export of one sample."""
    text, encoding = values.decode(data)
    lines = lines_of(text)
    software = lines[0].strip() if lines else ""
    if "vi-cell xr" not in software.lower():
        found = storable(software)[:60]
        return refused(
            f"This is not a Vi-CELL XR export: the first line does not name the Vi-CELL XR "
            f'software, found "{found}". '
            "Choose the instrument this file comes from, or export it again.",
            reader=reader,
            reader_version=version,
        )
    entries, doubled, not_understood = _entries(lines)
    if doubled or "sample id" not in entries or not set(MEASURED) & set(entries):
        why = (
            f'"{doubled[0]}" occurs more than once'
            if doubled
            else "it has no Sample ID or none of the known results"
        )
        return refused(
            f"This Vi-CELL XR text layout is not known to the reader: {storable(why)}. "
            "Export one sample per text file, or report the layout so that it can be added.",
            reader=reader,
            reader_version=version,
        )
    return _outcome(entries, not_understood, software, encoding, reader=reader, version=version)


def _entries(lines: list[str]) -> tuple[dict[str, tuple[int, str]], list[str], list[str]]:
    """name -> (line number, value); names that occur twice; lines of another shape."""
    entries: dict[str, tuple[int, str]] = {}
    doubled, odd = [], []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or re.fullmatch(r"\s*\w+:\s*", line):
            continue  # blank, or a section heading such as "Results:"
        name, colon, value = line.partition(":")
        key = " ".join(name.split()).lower()
        if not colon:
            odd.append(storable(f"Line {number}: {line.strip()[:100]}"))
        elif key in entries:
            doubled.append(key)
        else:
            entries[key] = (number, value.strip())
    return entries, doubled, odd


def _outcome(
    entries: dict[str, tuple[int, str]],
    not_understood: list[str],
    software: str,
    encoding: str,
    *,
    reader: str,
    version: str,
) -> ReadOutcome:
    def text_of(key: str) -> str:
        return storable(entries.get(key, (0, ""))[1])

    serial, sample, measured_text = text_of("unit s/n"), text_of("sample id"), text_of("rundate")
    measured_at = values.local_time(measured_text)
    readings: list[Reading] = []
    for title, quantity in MEASURED.items():
        if title not in entries:
            continue
        line, printed = entries[title]
        value = values.parse_value(printed)
        if value.remark:
            not_understood.append(storable(f"Line {line}: {value.remark}."))
        readings.append(
            Reading(
                ordinal=len(readings),
                locator=f"line {line}",
                sample_text=sample,
                quantity=quantity,
                value_text=storable(printed),
                number=value.number,
                qualifier=value.qualifier,
                unit=cell_counts.UNITS[quantity],
                measured_text=measured_text,
                measured_at=measured_at,
                device_serial=serial,
                status=value.status,
                group=text_of("cell type"),
                operator=text_of("user"),
            )
        )
    warnings = cell_counts.missing_quantities(reading.quantity for reading in readings)
    if measured_at is None:
        warnings.append(f'The date of the count ("{measured_text[:40]}") could not be read.')
    if not serial:
        warnings.append("The file does not state the instrument's serial number.")
    if LAST_LINE not in entries:
        warnings.append(
            "The file ends early: its last line (ImageBaseName) is missing. Export it again and "
            "compare."
        )
    warnings += _image_warnings(entries, readings) + _count_warnings(readings)
    facts = {
        "software": storable(software),
        "serial": serial,
        "layout": "text",
        "encoding": encoding,
        "samples": 1,
        "log_date": text_of("logdate"),
        "file_date": text_of("filedate"),
        "analysis_version": text_of("analysis version"),
        "comments": [f"{sample}: {text_of('comment')}"] if text_of("comment") else [],
        "edited_by": "",
    }
    return ReadOutcome(
        ok=True,
        reader=reader,
        reader_version=version,
        readings=tuple(readings),
        facts=facts,
        warnings=tuple(warnings),
        not_understood=tuple(not_understood),
    )


def _image_warnings(entries: dict[str, tuple[int, str]], readings: list[Reading]) -> list[str]:
    """Sentences where the counts of the images do not add up to the printed totals."""
    printed = {reading.quantity: reading.number for reading in readings}
    warnings = []
    for key, quantity in IMAGE_SERIES.items():
        if key not in entries or printed.get(quantity) is None:
            continue
        counts = [values.parse_value(part).number for part in entries[key][1].split(",")]
        images = printed.get("images")
        if None in counts or (images is not None and len(counts) != images):
            warnings.append(
                f"Line {entries[key][0]}: the list of counts per image is incomplete or damaged."
            )
        elif sum(counts) != printed[quantity]:
            warnings.append(
                f"Line {entries[key][0]}: the counts of the single images add up to {sum(counts)}, "
                f"but the file states {printed[quantity]}."
            )
    return warnings


def _count_warnings(readings: list[Reading]) -> list[str]:
    printed = {reading.quantity: reading.number for reading in readings}
    total, viable, dead = (
        printed.get(name) for name in ("total_cells", "viable_cells", "nonviable_cells")
    )
    warnings = []
    if None not in (total, viable, dead) and viable + dead != total:
        warnings.append(
            f"Viable and nonviable cells ({viable} and {dead}) do not add up to the total "
            f"({total})."
        )
    # The shared check tells rows apart by their place; here every line belongs to the one sample.
    viability = printed.get("viability")
    if (
        None not in (total, viable, viability)
        and total
        and abs(viability - 100 * viable / total) > cell_counts.ROUNDING
    ):
        warnings.append(
            f"The stated viability of {viability} % does not follow from the counts ({viable} of "
            f"{total} cells)."
        )
    return warnings
