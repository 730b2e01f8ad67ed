"""Walking an Allotrope Simple Model document: the measurements in it, and the values in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

# Branches that say how the instrument was set, how signals were corrected, or hold curves: no
# results.
SKIPPED = {
    "device control aggregate document",
    "compensation matrix aggregate document",
    "data region aggregate document",
    "error aggregate document",
    "image aggregate document",
    "calculated data aggregate document",
    "sample document",
}
SETTINGS = {"data processing document", "custom information document"}
PER_SAMPLE_NOISE = {"compartment temperature", "plate well count", "temperature"}


class Found(NamedTuple):
    """One value: its own name, its name with what it belongs to (`IL-6 fluorescence median`),
    value, unit.
    """

    feature: str
    label: str
    value: Any
    unit: str
    group: str = ""
    in_settings: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One measurement document with what its surroundings say about it. `identifiers` map to
    analyte names.
    """

    technique: str
    document: dict[str, Any]
    locator: str
    sample: str
    group: str
    time: str
    analyst: str
    image: str
    wavelength: str
    identifiers: dict[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()

    def at(self, locator: str) -> Place:
        """The same sample, elsewhere in the output; errors belong to the measured value only."""
        return replace(self, locator=locator, errors=())


def measurements(root: dict[str, Any]) -> Iterator[Place]:
    """Every measurement document of the file, in order."""
    for key, documents in root.items():
        if not key.endswith(" document") or not isinstance(documents, list):
            continue
        technique = key.removesuffix(" document")
        for number, outer in enumerate(documents, start=1):
            aggregate = outer.get("measurement aggregate document", {})
            for inner_number, document in enumerate(
                aggregate.get("measurement document", []), start=1
            ):
                yield _place(
                    technique, outer, aggregate, document, f"measurement {number}.{inner_number}"
                )


def _place(
    technique: str,
    outer: dict[str, Any],
    aggregate: dict[str, Any],
    document: dict[str, Any],
    where: str,
) -> Place:
    sample = document.get("sample document", {})
    plate = _text(sample.get("well plate identifier"))
    well = _text(sample.get("well location identifier") or sample.get("location identifier"))
    name = _text(sample.get("sample identifier"))
    if name == f"{plate} {well}":
        name = ""  # made up by the converter for a well without a sample
    if technique == "flow cytometry":
        # FlowJo's own running number says nothing; the acquired file is what a person knows the
        # sample by.
        name = _text(aggregate.get("experimental data identifier")) or name
    group = _text(sample.get("custom information document", {}).get("group identifier"))
    images = document.get("image aggregate document", {}).get("image document", [])
    controls = document.get("device control aggregate document", {}).get(
        "device control document", []
    )
    wavelength = next(
        (c["detector wavelength setting"] for c in controls if "detector wavelength setting" in c),
        {},
    )
    errors = document.get("error aggregate document", {}).get("error document", [])
    return Place(
        technique=technique,
        document=document,
        locator=f"{plate} {well}".strip() or where,
        sample="" if name.lower() in ("n/a", "none") else name,
        group=_text(document.get("target DNA description")) or group,
        time=_text(document.get("measurement time") or aggregate.get("measurement time")),
        analyst=_text(outer.get("analyst") or aggregate.get("analyst")),
        image=next((_text(image.get("experimental data identifier")) for image in images), ""),
        wavelength=_wavelength(wavelength),
        identifiers=_identifiers(document),
        errors=tuple(
            (_text(error.get("error feature")), _text(error.get("error"))) for error in errors
        ),
    )


def walk(place: Place) -> Iterator[Found]:
    """Every `{value, unit}` of a measurement that is a result of it."""
    for found in _walk(place.document, prefix="", group="", in_settings=False):
        if found.feature in PER_SAMPLE_NOISE and place.technique == "plate reader":
            continue
        if found.feature == "absorbance" and place.wavelength:
            found = found._replace(label=f"absorbance {place.wavelength}")
        yield found


def _walk(node: dict[str, Any], *, prefix: str, group: str, in_settings: bool) -> Iterator[Found]:
    prefix = _text(node.get("analyte name")) or prefix
    feature = _text(node.get("statistical feature"))
    if feature:
        prefix = f"{prefix} {feature}".strip()
    if "population identifier" in node:
        # The outermost population is the whole sample; gates are named by their path below it.
        group = (
            f"{group}/{_text(node.get('written name'))}"
            if "parent population identifier" in node
            else ""
        )
    for key, value in node.items():
        if key in SKIPPED or key.endswith("data cube"):
            continue
        inside = in_settings or key in SETTINGS
        if isinstance(value, dict) and "value" in value:
            role = _text(value.get("has statistic datum role")).removesuffix(" role")
            name = role if key == "statistical value" and role else key
            if key == "count" and "population identifier" in node:
                name = "population count"
            label = f"{prefix} {name}".strip()
            yield Found(key, label, value["value"], _text(value.get("unit")), group, inside)
        elif isinstance(value, dict):
            yield from _walk(value, prefix=prefix, group=group, in_settings=inside)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _walk(item, prefix=prefix, group=group, in_settings=inside)


def _identifiers(document: dict[str, Any]) -> dict[str, str]:
    """The random identifiers calculated values refer to, each with its analyte's name, if any."""
    found = {_text(document.get("measurement identifier")): ""}
    for analyte in document.get("analyte aggregate document", {}).get("analyte document", []):
        if identifier := _text(analyte.get("analyte identifier")):
            found[identifier] = _text(analyte.get("analyte name"))
    return found


def _wavelength(setting: dict[str, Any]) -> str:
    value = setting.get("value")
    return f"{value:g}{_text(setting.get('unit'))}" if isinstance(value, int | float) else ""


def _text(value: object) -> str:
    return str(value).strip() if value is not None else ""
