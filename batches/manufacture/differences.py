"""What changed from one version of instructions to another. Pure: no query, no model."""

from bisect import bisect_left
from dataclasses import dataclass

FACTS = {
    "title": "Title",
    "process_version": "Process version",
    "yield_unit": "Unit of the yield",
    "yield_lower": "Yield at least",
    "yield_upper": "Yield at most",
}
STEP = {
    "title": "Title",
    "kind": "Kind",
    "instruction": "Instruction",
    "unit": "Unit",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "expected": "Expected",
    "critical": "Critical",
    "mandatory": "Must be done",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its name for people, what it was, what it is."""

    label: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step, known by its code. `how`: added, removed, changed, moved."""

    code: str
    title: str
    how: str
    changes: tuple[Change, ...] = ()
    is_moved: bool = False
    old_place: int | None = None
    new_place: int | None = None


def changed_facts(old: dict, new: dict) -> list[Change]:
    return _changes(FACTS, old, new)


def changed_steps(old: list[dict], new: list[dict]) -> list[StepChange]:
    """Return the steps that differ, in the new order; a removed one stands after the step that it
    followed. A step moved if its place among the steps of both versions is another: those that were
    only pushed down by a new one did not.
    """
    before = {step["code"]: (place, step) for place, step in enumerate(old, start=1)}
    after = {step["code"]: (place, step) for place, step in enumerate(new, start=1)}
    stayed = _stayed([before[code][0] for code in after if code in before])
    found = []
    for code, (place, step) in after.items():
        if code not in before:
            text = tuple(_changes(STEP, {"title": step["title"]}, step))
            one = StepChange(code, step["title"], "added", text, new_place=place)
            found.append((place, 0, one))
            continue
        old_place, was = before[code]
        changes = tuple(_changes(STEP, was, step))
        is_moved = old_place not in stayed
        if changes or is_moved:
            how = "changed" if changes else "moved"
            one = StepChange(code, step["title"], how, changes, is_moved, old_place, place)
            found.append((place, 0, one))
    last = 0  # the new place of the step before, among those that are still there
    for code, (place, step) in before.items():
        if code in after:
            last = after[code][0]
        else:
            text = tuple(_changes(STEP, step, {"title": step["title"]}))
            one = StepChange(code, step["title"], "removed", text, old_place=place)
            found.append((last, place, one))
    return [one for _, _, one in sorted(found, key=lambda entry: entry[:2])]


def _changes(labels, old, new):
    return [
        Change(label, old.get(name), new.get(name))
        for name, label in labels.items()
        if _told(old.get(name)) != _told(new.get(name))
    ]


def _told(value):
    return "" if value is None else value


def _stayed(places: list[int]) -> set[int]:
    """Return one longest series of old places that still stand in their old order."""
    ends: list[int] = []
    links: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(ends, place)
        links[place] = ends[at - 1] if at else None
        ends[at : at + 1] = [place]
    kept, place = set(), ends[-1] if ends else None
    while place is not None:
        kept.add(place)
        place = links[place]
    return kept
