"""ChemoMetec NucleoCounter exports: NucleoView (NC-200, one sample as `name;value;`) and NC-View
(NC-202, a table).

Both print densities in cells per millilitre (`2.45E6`, `274 000`): they are kept in that unit,
`/mL`, and not turned into millions, because a conversion is the mapping's to state.
"""

from __future__ import annotations

import re

from qc.instruments.readers import cell_counts, values
from qc.instruments.readers.table import Row, rows_of, title_of
from qc.instruments.reading import Reading, ReadOutcome, refused, storable

READER, VERSION = "native:nucleocounter", "1"

DENSITIES = ("total_cell_density", "viable_cell_density", "dead_cell_density")
VIEW_MEASURED = {
    "viability (%)": "viability",
    "total (cells/ml)": "total_cell_density",
    "live (cells/ml)": "viable_cell_density",
    "dead (cells/ml)": "dead_cell_density",
    "estimated cell diameter (um)": "average_diameter",
    "cell diameter standard deviation (um)": "diameter_standard_deviation",
    "(%) of cells in aggregates with five or more cells": "aggregated_cells",
    "multiplication factor": "dilution_factor",
}
TABLE_MEASURED = {
    "viability (%)": "viability",
    "total (cells/ml)": "total_cell_density",
    "live (cells/ml)": "viable_cell_density",
    "dead (cells/ml)": "dead_cell_density",
    "diameter (μm)": "average_diameter",
    "aggregates (%)": "aggregated_cells",
    "debris index": "debris_index",
    "dilution factor": "dilution_factor",
}
TABLE_OTHERS = {
    "name",
    "sample id",
    "tags",
    "protocol",
    "media",
    "user",
    "operator",
    "signed by",
    "instrument",
    "status",
}
LAST_LINE = "csv file version"


def read(data: bytes, *, filename: str) -> ReadOutcome:
    """Read a NucleoView or NC-View csv export."""
    table, encoding = rows_of(data, delimiter=",")
    titles = [title_of(cell) for cell in table[0].cells] if table else []
    if {"sample id", "instrument", "viability (%)"} <= set(titles):
        return _read_table(titles, table, encoding)
    pairs, encoding = rows_of(data, delimiter=";")
    entries = {title_of(row.cells[0]): row for row in pairs if len(row.cells) > 1 and row.cells[0]}
    if {"image", "viability (%)", "live (cells/ml)"} <= set(entries):
        return _read_view(entries, pairs, encoding)
    found = storable(table[0].cells[0][:60]) if table else "nothing"
    return _refuse(
        f"This is not a NucleoCounter export: neither the NucleoView nor the NC-View headings were "
        f'found, but "{found}". '
        "Choose the instrument this file comes from, or export it again."
    )


def _refuse(error: str) -> ReadOutcome:
    return refused(error, reader=READER, reader_version=VERSION)


def _unit(quantity: str) -> str:
    return "/mL" if quantity in DENSITIES else cell_counts.UNITS[quantity]


def _serial(text: str) -> str:
    return storable(re.sub(r"^\s*s/n\s*:?\s*", "", text, flags=re.IGNORECASE).strip())


def _read_view(entries: dict[str, Row], rows: list[Row], encoding: str) -> ReadOutcome:
    def text_of(title: str) -> str:
        return storable(entries[title].cells[1]) if title in entries else ""

    measured_text = text_of("date time")
    match = re.fullmatch(r"(\d{4})(\d{2})(\d{2}) (\d{2})(\d{2})(\d{2})", measured_text)
    measured_at = None
    if match:
        measured_at = values.iso_time(
            int(match[1]), int(match[2]), int(match[3]), ":".join(match.group(4, 5, 6))
        )
    not_understood: list[str] = []
    readings: list[Reading] = []
    for title, quantity in VIEW_MEASURED.items():
        if title not in entries:
            continue
        row = entries[title]
        readings.append(
            _reading(
                quantity,
                row.cells[1],
                locator=f"line {row.line}",
                ordinal=len(readings),
                sample_text=text_of("image"),
                measured_text=measured_text,
                measured_at=measured_at,
                device_serial=_serial(text_of("instrument s/n")),
                operator=text_of("operator"),
                not_understood=not_understood,
            )
        )
    warnings = []
    if measured_at is None:
        warnings.append(f'The date of the count ("{measured_text[:40]}") could not be read.')
    if LAST_LINE not in entries:
        warnings.append(
            "The file ends early: its last entry (csv file version) is missing. Export it again "
            "and compare."
        )
    if text_of("21 cfr part 11").lower() == "disabled":
        warnings.append("The file states that the instrument's 21 CFR Part 11 mode was disabled.")
    warnings += _density_warnings(readings)
    offset = text_of("time zone offset")
    facts = {
        "software": f"NucleoView {text_of('application sw version')}".strip(),
        "serial": _serial(text_of("instrument s/n")),
        "layout": "NucleoView",
        "encoding": encoding,
        "samples": 1,
        "instrument_type": text_of("instrument type"),
        "protocol": text_of("protocol template title"),
        "protocol_adaptation": text_of("protocol adaptation title"),
        "utc_offset": offset,
        "login": text_of("login id"),
        "part_11": text_of("21 cfr part 11"),
        "edited_by": "",
    }
    return _done(readings, facts, warnings, not_understood)


def _read_table(titles: list[str], rows: list[Row], encoding: str) -> ReadOutcome:
    place = {title: column for column, title in enumerate(titles) if title}
    if len(rows) < 2:
        return _refuse(
            "The file has headings but no samples. Export the run again from the instrument."
        )
    not_understood = [
        f'Column "{storable(rows[0].cells[column])[:60]}" is not known and was not read.'
        for title, column in place.items()
        if title not in TABLE_MEASURED and title not in TABLE_OTHERS
    ]
    readings: list[Reading] = []
    warnings: list[str] = []
    samples, serials, unsigned = [], set(), 0
    for row in rows[1:]:
        if len(row.cells) < len(titles):
            not_understood.append(
                f"Line {row.line} ends early ({len(row.cells)} of {len(titles)} cells): not read."
            )
            continue
        cell = {title: storable(row.cells[column]) for title, column in place.items()}
        samples.append(cell["sample id"])
        serials.add(_serial(cell["instrument"]))
        unsigned += not cell.get("signed by")
        status = cell.get("status", "OK")
        if status != "OK":
            warnings.append(
                f'Line {row.line}: sample {samples[-1]} has the instrument status "{status[:60]}".'
            )
        match = re.match(r"(\d{4})(\d{2})(\d{2})-", cell.get("name", ""))
        for title, quantity in TABLE_MEASURED.items():
            if title not in place:
                continue
            readings.append(
                _reading(
                    quantity,
                    cell[title],
                    locator=f"line {row.line}, column {place[title] + 1}",
                    ordinal=len(readings),
                    sample_text=samples[-1],
                    measured_text=cell.get("name", ""),
                    measured_at=values.iso_time(int(match[1]), int(match[2]), int(match[3]), None)
                    if match
                    else None,
                    device_serial=_serial(cell["instrument"]),
                    operator=cell.get("operator", ""),
                    group=cell.get("protocol", ""),
                    # "Warning: …" leaves the count valid for a person to judge; any other status
                    # does not.
                    failed=status != "OK" and not status.lower().startswith("warning"),
                    not_understood=not_understood,
                )
            )
    if not readings:
        return _refuse(
            "No line of the file could be read as a sample. Export the run again from the "
            "instrument."
        )
    warnings.append("The file states the day of each count but not the time.")
    if unsigned:
        warnings.append(f"{unsigned} of {len(samples)} counts were not signed on the instrument.")
    if len(serials) > 1:
        warnings.append(
            f"The file holds counts of {len(serials)} instruments: "
            f"{', '.join(sorted(serials))[:200]}."
        )
    warnings += _density_warnings(readings) + cell_counts.repeated_samples(samples)
    facts = {
        "software": "NC-View",
        "serial": min(serials) if len(serials) == 1 else "",
        "layout": "NC-View table",
        "encoding": encoding,
        "samples": len(samples),
        "unsigned": unsigned,
        "edited_by": "",
    }
    return _done(readings, facts, warnings, not_understood)


def _reading(
    quantity: str,
    printed: str,
    *,
    not_understood: list[str],
    locator: str,
    failed: bool = False,
    **rest: object,
) -> Reading:
    value = values.parse_value(printed)
    if value.remark:
        not_understood.append(storable(f"{locator}: {value.remark}."))
    return Reading(
        locator=locator,
        quantity=quantity,
        value_text=storable(printed),
        number=value.number,
        qualifier=value.qualifier,
        unit=_unit(quantity),
        status="error" if failed and value.status == "ok" else value.status,
        **rest,
    )


def _density_warnings(readings: list[Reading]) -> list[str]:
    """Sentences where the viability does not follow from the densities, beyond their three printed
    digits.
    """
    rows: dict[str, dict[str, Reading]] = {}
    for reading in readings:
        place = reading.locator.split(",")[0] if "," in reading.locator else "The count"
        rows.setdefault(place, {})[reading.quantity] = reading
    sentences = []
    for place, row in rows.items():
        total, viable, viability = (
            row[name].number if name in row else None
            for name in ("total_cell_density", "viable_cell_density", "viability")
        )
        if None in (total, viable, viability) or not total:
            continue
        if abs(viability - 100 * viable / total) > 1:
            sentences.append(
                f"{place}: the stated viability of {viability} % does not follow from the "
                f"densities "
                f"({viable} of {total} cells/mL)."
            )
    return sentences


def _done(
    readings: list[Reading], facts: dict, warnings: list[str], not_understood: list[str]
) -> ReadOutcome:
    return ReadOutcome(
        ok=True,
        reader=READER,
        reader_version=VERSION,
        readings=tuple(readings),
        facts=facts,
        warnings=tuple(warnings),
        not_understood=tuple(not_understood),
    )
