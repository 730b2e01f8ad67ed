"""From allotropy's JSON (Allotrope Simple Model) to our readings. Standard library only.

For cell counters the quantities get the same names as the native readers give, so the two can be
compared. For every other instrument the documents are walked and each `{value, unit}` becomes a
reading named by where it stands. Known faults of the source are handled here, once:

- a missing value is written as -0.0 beside a separate error document, or as NaN: both are
`missing`;
- the identifiers are random in every run and the UNC path tells the server's folders: neither gets
out;
- local times are stamped +00:00 whatever the zone: the offset is dropped, the local time stays;
- SoftMax Pro's optical density is labelled mAU, and every calculated value "(unitless)": the first
is given as OD, the second without a unit, so that it cannot be used before a mapping states one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from qc.instruments.readers.asm_walk import Found, Place, measurements, walk
from qc.instruments.readers.cell_counts import UNITS
from qc.instruments.reading import Reading, ReadOutcome, storable

READER = "allotropy"

CELL_COUNTS = {
    "viability (cell counter)": "viability",
    "total cell density (cell counter)": "total_cell_density",
    "viable cell density (cell counter)": "viable_cell_density",
    "dead cell density (cell counter)": "dead_cell_density",
    "average total cell diameter": "average_diameter",
    "average live cell diameter (cell counter)": "average_viable_diameter",
    "total cell count": "total_cells",
    "viable cell count": "viable_cells",
    "dead cell count": "nonviable_cells",
    "average total cell circularity": "average_circularity",
    "average viable cell circularity": "average_viable_circularity",
    "cell density dilution factor": "dilution_factor",
    "cell aggregation percentage": "aggregated_cells",
    "debris index": "debris_index",
}
UCUM = {
    "10^6 cells/mL": "10*6/mL",
    "\u00b5m": "um",
    "\u03bcm": "um",
    "\u00b5L": "uL",
    "\u03bcL": "uL",
    "(unitless)": "1",
    "cell": "1",
    "#": "1",
    "Counts": "1",
    "degC": "Cel",
    "pH": "[pH]",
    "mmHg": "mm[Hg]",
    "RFU": "{RFU}",
    "mAU": "{OD}",
}
NOT_STATED = {"", "n/a", "na", "none", "unknown"}
# allotropy writes these in place of a person the file does not name.
PLACEHOLDER_ANALYSTS = {"vi-cell xr", "vi-cell blu", *NOT_STATED}


def outcome_from_asm(asm: dict[str, Any], *, vendor: str, version: str) -> ReadOutcome:
    """Our outcome for one converted file."""
    root = next((value for key, value in asm.items() if key.endswith("aggregate document")), {})
    return _Conversion(root, vendor, version).outcome()


class _Conversion:
    def __init__(self, root: dict[str, Any], vendor: str, version: str) -> None:
        self.root, self.vendor, self.version = root, vendor, version
        self.readings: list[Reading] = []
        self.warnings: list[str] = []
        self.names: dict[str, str] = {}
        self.serial = _stated(root.get("device system document", {}).get("equipment serial number"))
        self.serial = re.sub(r"^s/n\s*:?\s*", "", self.serial, flags=re.IGNORECASE)

    def outcome(self) -> ReadOutcome:
        places: dict[str, Place] = {}
        for place in measurements(self.root):
            for identifier in place.identifiers:
                places[identifier] = place
            for found in walk(place):
                self._add(place, found)
            self._missing_ct(place)
        self._calculated(places)
        system = self.root.get("data system document", {})
        named = (_stated(system.get(f"software {part}")) for part in ("name", "version"))
        software = " ".join(filter(None, named))
        facts = {
            "software": storable(software),
            "serial": storable(self.serial),
            "layout": storable(_stated(system.get("ASM converter name"))),
            "model": storable(
                _stated(self.root.get("device system document", {}).get("model number"))
            ),
            "edited_by": "",
        }
        if self.vendor == "softmax_pro":
            self.warnings.append(
                "Optical densities are labelled mAU by the second reader and are given as OD; "
                "calculated values carry no "
                "unit, and the measurement time is when the document was last saved."
            )
        if self.vendor == "luminex_xponent":
            self.warnings.append(
                "Only medians, net medians and bead counts were read: the second reader leaves out "
                "concentrations, "
                "control ranges, kit lots and the file's own check sum."
            )
        if not self.readings:
            self.warnings.append("The second reader found no values in the file.")
        return ReadOutcome(
            ok=True,
            reader=READER,
            reader_version=self.version,
            readings=tuple(self.readings),
            facts=facts,
            warnings=tuple(dict.fromkeys(self.warnings)),
        )

    def _add(self, place: Place, found: Found) -> None:
        quantity = CELL_COUNTS.get(found.feature) if place.technique == "cell counting" else None
        if place.technique == "cell counting" and quantity is None:
            return  # settings and extras that no native reader names
        if found.in_settings and quantity is None:
            return
        unit = UCUM.get(found.unit, found.unit)
        if quantity is not None and unit not in ("10*6/mL", "%", "um", "1"):
            unit = UNITS[quantity]
        number, status = self._number(place, found)
        self.readings.append(
            Reading(
                ordinal=len(self.readings),
                locator=storable(f"{place.locator}, {found.label}"),
                sample_text=storable(self._sample(place)),
                quantity=quantity or self._name(found.label),
                value_text=""
                if number is None and status == "missing"
                else storable(_digits(found.value)),
                number=number,
                unit=storable(unit),
                measured_text=storable(place.time),
                measured_at=_local(place.time),
                device_serial=storable(self.serial),
                status=status,
                group=storable(found.group or place.group),
                operator=storable(
                    "" if place.analyst.lower() in PLACEHOLDER_ANALYSTS else place.analyst
                ),
            )
        )

    def _sample(self, place: Place) -> str:
        if self.vendor == "nucleocounter" and place.image.endswith(".cm"):
            return place.image.removesuffix(
                ".cm"
            )  # the sample id is only the last part of what the file prints
        return place.sample

    def _number(self, place: Place, found: Found) -> tuple[Decimal | None, str]:
        value = found.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None, "error"
        if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
            return None, "missing"
        if isinstance(value, float) and value == 0 and math.copysign(1, value) < 0:
            return None, "missing"
        number = Decimal(repr(value))
        if place.technique == "flow cytometry" and number == -1:
            return None, "missing"  # FlowJo's mark for a gate that was not counted
        for feature, error in place.errors:
            if feature and _plain(feature) in _plain(found.label):
                return number, _error_status(error)
        masked = [error for _, error in place.errors if "mask" in error.lower()]
        return number, "masked" if masked else "ok"

    def _missing_ct(self, place: Place) -> None:
        """A PCR well without a cycle threshold: said, where allotropy merely leaves it out."""
        if place.technique != "qpcr":
            return
        if any(found.feature.startswith("cycle threshold result") for found in walk(place)):
            return
        self.readings.append(
            Reading(
                ordinal=len(self.readings),
                locator=storable(f"{place.locator}, cycle threshold result"),
                sample_text=storable(place.sample),
                quantity="cycle_threshold",
                value_text="",
                unit="1",
                measured_text=storable(place.time),
                measured_at=_local(place.time),
                device_serial=storable(self.serial),
                status="missing",
                group=storable(place.group),
            )
        )
        self.warnings.append(
            "Some wells have no cycle threshold: undetermined in the file, or left out of the "
            "conversion."
        )

    def _calculated(self, places: dict[str, Place]) -> None:
        for number, document in enumerate(_calculated_documents(self.root), start=1):
            result = document.get("calculated result", {})
            sources = document.get("data source aggregate document", {}).get(
                "data source document", []
            )
            known = [
                places[source["data source identifier"]]
                for source in sources
                if _source(source) in places
            ]
            same = {(place.sample, place.group) for place in known}
            if not known or len(same) != 1 or known[0].technique == "cell counting":
                continue  # over several samples: a value of the plate, not of a sample
            place = known[0]
            label = str(document.get("calculated data name", ""))
            analytes = {
                place.identifiers[_source(source)]
                for source, place in zip(sources, known, strict=False)
            }
            if len(analytes) == 1 and (analyte := analytes.pop()):
                label = f"{analyte} {label}"
            unit = result.get("unit", "")
            found = Found(label, label, result.get("value"), "" if unit == "(unitless)" else unit)
            where = (
                f"calculated value {number}" if len(known) > 1 else f"{place.locator}, calculated"
            )
            self._add(place.at(where), found)

    def _name(self, label: str) -> str:
        """A stable snake_case name. Two labels never share one: `CD8+` is not `CD8-`."""
        if label == "cycle threshold result (qPCR)":
            return "cycle_threshold"
        spelled = (
            label.replace("%", " percent ")
            .replace("#", " number ")
            .replace("\u00b5", "u")
            .replace("\u03bc", "u")
        )
        spelled = re.sub(r"\+", " pos ", spelled)
        spelled = re.sub(r"(?<=\w)-(?=\W|$)", " neg ", spelled)
        name = re.sub(r"[^0-9a-z]+", "_", spelled.lower()).strip("_") or "value"
        candidate, count = name, 1
        while self.names.setdefault(candidate, label) != label:
            count += 1
            candidate = f"{name}_{count}"
        return storable(candidate)[:200]


def _calculated_documents(value: Any) -> Iterator[dict[str, Any]]:
    """Calculated values stand at the root or within a measurement aggregate."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "calculated data document" and isinstance(inner, list):
                yield from (item for item in inner if isinstance(item, dict))
            else:
                yield from _calculated_documents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _calculated_documents(inner)


def _source(source: dict[str, Any]) -> str:
    return str(source.get("data source identifier", ""))


def _stated(value: object) -> str:
    text = str(value).strip() if value is not None else ""
    return "" if text.lower() in NOT_STATED else text


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _error_status(error: str) -> str:
    lowered = error.lower()
    if "mask" in lowered:
        return "masked"
    return "out_of_range" if "range" in lowered or "<" in lowered or ">" in lowered else "error"


def _digits(value: object) -> str:
    return repr(value) if isinstance(value, int | float) else str(value)


def _local(text: str) -> str | None:
    """The local part of an ISO time; 1970 is what stands for "no time" in the source."""
    match = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text)
    return None if match is None or match[0].startswith("1970-01-01") else match[0]
