"""QuantStudio real-time PCR text exports: the `[Results]` section, one row a well and target.

Native because allotropy converts only the wells that also have amplification data in the file and
leaves out the others without a word, and because `Undetermined` must stay visible: it is not a
number, and it is not nothing.
"""

from __future__ import annotations

import re

from qc.instruments.readers import values
from qc.instruments.readers.table import lines_of
from qc.instruments.reading import Reading, ReadOutcome, refused, storable

READER, VERSION = "native:quantstudio", "1"

MEASURED = {
    "ct": "cycle_threshold",
    "ct mean": "cycle_threshold_mean",
    "ct sd": "cycle_threshold_standard_deviation",
    "quantity": "target_quantity",
    "quantity mean": "target_quantity_mean",
    "quantity sd": "target_quantity_standard_deviation",
    "delta ct": "delta_cycle_threshold",
    "delta ct mean": "delta_cycle_threshold_mean",
    "rq": "relative_quantity",
}
# The unit of a quantity is whatever the standards were entered in: the file does not say.
NO_UNIT = {"target_quantity", "target_quantity_mean", "target_quantity_standard_deviation"}
NEEDED = {"well position", "target name", "ct"}


def read(data: bytes, *, filename: str) -> ReadOutcome:
    """Read a QuantStudio text export."""
    text, encoding = values.decode(data)
    lines = lines_of(text)
    header = _header(lines)
    instrument = header.get("Instrument Type", "")
    if (
        "quantstudio" not in instrument.lower()
        and "quantstudio" not in header.get("Experiment File Name", "").lower()
    ):
        found = storable(next((line for line in lines if line.strip()), "").strip()[:60])
        return _refuse(
            f"This is not a QuantStudio export: its header does not name a QuantStudio, it begins "
            f'with "{found}". '
            "Choose the instrument this file comes from, or export it again as text."
        )
    start = next(
        (number for number, line in enumerate(lines) if line.strip().lower() == "[results]"), None
    )
    if start is None:
        return _refuse(
            "The file has no [Results] section. Export it again with the results included."
        )
    titles = (
        [" ".join(cell.split()).lower() for cell in lines[start + 1].split("\t")]
        if start + 1 < len(lines)
        else []
    )
    titles = [
        title.replace("\u0442", "t") for title in titles
    ]  # some versions write Ct with a Cyrillic letter
    if not set(titles) >= NEEDED:
        return _refuse(
            "The [Results] section has no columns Well Position, Target Name and CT. "
            "Export it again, or report the layout so that it can be added."
        )
    return _outcome(header, lines, start, titles, encoding)


def _refuse(error: str) -> ReadOutcome:
    return refused(error, reader=READER, reader_version=VERSION)


def _header(lines: list[str]) -> dict[str, str]:
    entries = {}
    for line in lines:
        if line.strip().startswith("["):
            break
        if match := re.fullmatch(r"\*\s*(.+?)\s*=\s*(.*?)\s*", line):
            entries[storable(match[1])] = storable(match[2])
    return entries


def _outcome(
    header: dict[str, str], lines: list[str], start: int, titles: list[str], encoding: str
) -> ReadOutcome:
    place = {title: column for column, title in enumerate(titles) if title}
    run_text = header.get("Experiment Run End Time", "")
    # "2010-10-20 02:23:34 AM EDT": the instrument's local time, and the name of its zone.
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: [AP]M)?)(?: (\w+))?", run_text)
    measured_at = values.local_time(match[1]) if match else None
    operator = header.get("User Name", "")
    readings: list[Reading] = []
    not_understood: list[str] = []
    undetermined, omitted, wells = [], [], 0
    for number, line in enumerate(lines[start + 2 :], start=start + 3):
        if line.strip().startswith("["):
            break
        if not line.strip():
            continue
        cells = [cell.strip().strip('"') for cell in line.split("\t")]
        cell = {
            title: storable(cells[column]) for title, column in place.items() if column < len(cells)
        }
        if not cell.get("well position") or "ct" not in cell:
            not_understood.append(storable(f"Line {number} is no well: {line.strip()[:100]}"))
            continue
        wells += 1
        where = f"{cell['well position']} {cell['target name']}".strip()
        is_omitted = cell.get("omit", "").lower() == "true"
        if is_omitted:
            omitted.append(where)
        if cell["ct"].lower() == "undetermined":
            undetermined.append(where)
        for title, quantity in MEASURED.items():
            if not cell.get(title):
                continue
            reading = _reading(cell, title, quantity, number, is_omitted)
            if reading["status"] == "error":
                not_understood.append(
                    f'Line {number}, {where}: "{cell[title][:40]}" is not a {title.upper()} value.'
                )
            readings.append(
                Reading(
                    ordinal=len(readings),
                    measured_text=run_text,
                    measured_at=measured_at,
                    operator="" if operator.upper() == "NA" else operator,
                    **reading,
                )
            )
    if not wells:
        return _refuse(
            "The [Results] section holds no wells. Export it again with the results included."
        )
    warnings = _header_warnings(header, measured_at)
    if undetermined:
        warnings.append(
            f"No Ct was determined in {len(undetermined)} wells: {_some(undetermined)}."
        )
    if omitted:
        warnings.append(
            f"{len(omitted)} wells were omitted from the analysis on the instrument: "
            f"{_some(omitted)}."
        )
    facts = {
        "software": storable(header.get("Instrument Type", "")),
        "serial": storable(header.get("Instrument Serial Number", "")),
        "layout": "text with [Results]",
        "encoding": encoding,
        "wells": wells,
        "experiment": header.get("Experiment Name", ""),
        "run_ended": run_text,
        "zone_name": match[2] or "" if match else "",
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


def _reading(cell: dict[str, str], title: str, quantity: str, line: int, is_omitted: bool) -> dict:
    printed = cell[title]
    value = values.parse_value(printed)
    status, number = value.status, value.number
    if printed.lower() == "undetermined":
        # No amplification up to the last cycle: beyond the range of the method, with no number to
        # report.
        status = "out_of_range"
    elif is_omitted and status == "ok":
        status = "masked"
    column = "CT" if title == "ct" else title
    return {
        "locator": f"line {line}, well {cell['well position']}, column {column}",
        "sample_text": cell.get("sample name", ""),
        "quantity": quantity,
        "value_text": printed,
        "number": number,
        "qualifier": value.qualifier,
        "unit": "" if quantity in NO_UNIT else "1",
        "status": status,
        "group": cell.get("target name", ""),
    }


def _header_warnings(header: dict[str, str], measured_at: str | None) -> list[str]:
    expired = [
        name.removesuffix("is expired").strip()
        for name, value in header.items()
        if name.lower().endswith("is expired") and value.lower() != "no"
    ]
    warnings = [f"The file states an expired calibration: {_some(expired)}."] if expired else []
    if measured_at is None:
        warnings.append("The end time of the run could not be read.")
    if not header.get("Instrument Serial Number"):
        warnings.append("The file does not state the instrument's serial number.")
    return warnings


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")
