"""Who or what objects to changes in the laboratory. Pure: no query, no clock, no write."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cdmo.accounts.roles import Right, Role
from cdmo.blockers import Blocker
from qc.calculations.values import NotAValue, parse_value
from qc.laboratory.states import OosConclusion, OosStatus, ResultStatus

# Clocks of clients run a little ahead; what lies further ahead was mistyped.
CLOCK_SKEW = timedelta(minutes=5)
IN_FORCE = (ResultStatus.DRAFT, ResultStatus.SUBMITTED, ResultStatus.APPROVED)
OPEN_RESULTS = (ResultStatus.DRAFT, ResultStatus.SUBMITTED)

_IDENTIFIER = re.compile(r"[^\s./\\][^/\\\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One value as handed in. `report_only` records a test beside the specification."""

    sample: Any
    test: str
    value: str
    unit: str = ""
    tested_at: datetime | None = None
    report_only: bool = False
    instrument: Any = None
    measurement: Any = None
    confirm_reason: str = ""
    supersedes: Any = None
    reason: str = ""
    illustrative: bool = False

    @property
    def name(self) -> str:
        return f"{self.test} of {self.sample.key}"


def name_of(result) -> str:
    """Return how a result is called in a sentence. Reads `result.sample`."""
    return f"{result.test} of {result.sample.key}"


def reason_blockers(reason: str, what: str, record=None):
    if not (reason or "").strip():
        yield Blocker("reason_missing", f"Say why {what}.", record=record)


def move_blockers(result, moves):
    """Yield an objection if no such move starts at the result's status."""
    moves = tuple(moves)
    if result.status not in {move.source for move in moves}:
        wanted = " or ".join(ResultStatus(move.source).label.lower() for move in moves)
        yield Blocker(
            "wrong_status",
            f"{name_of(result)} is {result.get_status_display().lower()}; to {moves[0].verb} it, "
            f"it must be {wanted}.",
            record=result,
        )


# methods and samples


def method_author_blockers(method, *, by):
    if by.pk == method.written_by_id:
        yield Blocker(
            "own_text",
            f"{by.full_name} wrote {method.key}: somebody else approves it.",
            record=method,
        )


def sample_blockers(*, batch, number, taken_at, at):
    """Yield every objection to a sample as named and dated."""
    if number and not (_IDENTIFIER.fullmatch(number) and number == number.strip()):
        yield Blocker(
            "bad_number",
            f"“{number}” cannot be a sample's number: no slashes, no blanks at its ends, no point "
            "first.",
        )
    if taken_at > at + CLOCK_SKEW:
        yield Blocker("in_the_future", "A sample cannot be taken in the future.", record=batch)


# results


def entry_blockers(entry: Entry, *, line, tests, specification, at):
    """Yield every objection to one value. `line`: the specification's for its test, or None."""
    sample, name = entry.sample, entry.name
    if line is None and not entry.report_only:
        yield _no_line(entry, tests, specification)
    if line is not None and entry.unit and entry.unit != line.unit:
        yield Blocker(
            "unit",
            f"{name}: {entry.unit} is not the unit of the specification, "
            f"{line.unit or 'which has none'}. Nothing is converted by itself.",
            record=line,
        )
    try:
        parse_value(entry.value)
    except NotAValue as error:
        yield Blocker("not_a_value", f"{name}: {error}", record=sample)
    tested_at = entry.tested_at
    if tested_at is not None and tested_at > at + CLOCK_SKEW:
        yield Blocker("in_the_future", f"{name} cannot be tested in the future.", record=sample)
    if tested_at is not None and entry.measurement is None and tested_at < sample.taken_at:
        yield Blocker(
            "before_sampling", f"{name} cannot be tested before the sample was taken.", sample
        )


def _no_line(entry, tests, specification):
    if specification is None:
        return Blocker(
            "no_specification",
            f"{entry.name}: no specification of {entry.sample.batch.product.code} is in force for "
            f"batch {entry.sample.batch.number}.",
            record=entry.sample.batch,
            owner=Role.QA.label,
        )
    return Blocker(
        "not_on_specification",
        f"{entry.test} is not a test of {specification.key}. Its tests are: {', '.join(tests)}.",
        record=specification,
    )


def in_force_blockers(entry: Entry, *, existing):
    """Yield an objection if a value of this sample and test stands and is not named as replaced."""
    if existing is not None and (entry.supersedes is None or entry.supersedes.pk != existing.pk):
        yield Blocker(
            "result_exists",
            f"{entry.name} has a result already ({existing.value}, "
            f"{existing.get_status_display().lower()}). A retest names the result that it "
            "supersedes, and why.",
            record=existing,
        )


def supersede_blockers(entry: Entry, *, old, oos):
    """Yield objections to replacing a result. `oos`: the investigation of the old one, or None.

    No testing into compliance: an out-of-specification result is replaced only after quality
    assurance has concluded that it does not stand (FDA guidance on OOS results, 2022).
    """
    if old.sample_id != entry.sample.pk or old.test != entry.test:
        yield Blocker(
            "other_result",
            f"{entry.name} cannot supersede a result of {name_of(old)}.",
            record=old,
        )
    if old.status == ResultStatus.SUPERSEDED:
        yield Blocker(
            "superseded_already", f"{name_of(old)} is superseded by another result.", record=old
        )
    if oos is not None and oos.status == OosStatus.OPEN:
        yield Blocker(
            "oos_open",
            f"{oos.number} about {name_of(old)} is open: a retest replaces the result only after "
            "its conclusion.",
            record=oos,
            owner=Role.QA.label,
        )
    if oos is not None and oos.conclusion == OosConclusion.CONFIRMED:
        yield Blocker(
            "oos_confirmed",
            f"{oos.number} confirmed {name_of(old)}: it stands.",
            record=oos,
            owner=Role.QA.label,
        )


def own_draft_blockers(result, *, by, verb):
    if result.analyst_id != by.pk:
        yield Blocker(
            "not_own_result",
            f"{name_of(result)} was entered by somebody else: only its analyst may {verb} it.",
            record=result,
        )


def draft_blockers(result):
    if result.status != ResultStatus.DRAFT:
        yield Blocker(
            "not_a_draft",
            f"{name_of(result)} is {result.get_status_display().lower()} and is not edited any "
            "more. Invalidate it, or enter a result that supersedes it.",
            record=result,
        )


def typed_value_blockers(result):
    """Yield an objection if the value came out of an instrument's file: it is evidence."""
    if result.measurement_id is not None:
        yield Blocker(
            "imported_value",
            f"The value of {name_of(result)} stands in an instrument's file and is not typed over.",
            record=result,
        )


def submit_blockers(result, *, line, method):
    """Yield objections to submitting. `line`: of the specification in force, with its method."""
    if line is None:
        if result.line_id is not None:
            yield Blocker(
                "not_on_specification",
                f"{result.test} is not a test of the specification in force any more.",
                record=result,
            )
        return
    if line.method and (method is None or method.status != "approved"):
        what = "is not in the register of methods" if method is None else "is not approved"
        yield Blocker(
            "method_not_approved",
            f"{name_of(result)}: method {line.method} {what}.",
            record=method or line,
            owner=Role.REVIEWER.label,
        )


def reviewer_blockers(result, *, by):
    if result.analyst_id == by.pk:
        yield Blocker(
            "own_result",
            f"{by.full_name} entered {name_of(result)}: somebody else reviews it.",
            record=result,
            owner=Role.REVIEWER.label,
        )


def invalidate_blockers(result, *, by, oos):
    """Yield objections to invalidating. A finding out of specification is not made to go away."""
    if result.status not in IN_FORCE:
        yield Blocker(
            "wrong_status",
            f"{name_of(result)} is {result.get_status_display().lower()} already.",
            record=result,
        )
    is_own = result.status in OPEN_RESULTS and result.analyst_id == by.pk
    if not is_own and not by.may(Right.INVALIDATE_RESULT):
        yield Blocker(
            "no_right",
            f"{by.full_name} may not {Right.INVALIDATE_RESULT.label} that is not their own draft: "
            "this takes QC reviewer or quality assurance.",
            record=result,
            owner=f"{Role.REVIEWER.label} or {Role.QA.label}",
        )
    if oos is not None:
        how = "open" if oos.status == OosStatus.OPEN else "concluded"
        yield Blocker(
            "oos_first",
            f"{oos.number} about {name_of(result)} is {how}: only its conclusion as a laboratory "
            "error invalidates the result.",
            record=oos,
            owner=Role.QA.label,
        )


def conclude_blockers(oos, *, by, conclusion, rationale):
    """Yield every objection to a conclusion. Reads `oos.result`."""
    if conclusion not in set(OosConclusion.values) - {OosConclusion.NONE}:
        yield Blocker("conclusion", f"{conclusion} is not a conclusion.", record=oos)
    yield from reason_blockers(rationale, f"{oos.key} is concluded so", oos)
    if by.pk in {oos.result.analyst_id, oos.result.reviewer_id}:
        yield Blocker(
            "own_result",
            f"{by.full_name} entered or reviewed the result: somebody else concludes {oos.key}.",
            record=oos,
            owner=Role.QA.label,
        )


# readings confirmed into results

_SAME_WORD = {"concentration": "density", "diameters": "diameter", "cells": "cell"}


def words_of(text: str) -> set[str]:
    """Return the words of a quantity or test, for comparing what they speak of."""
    found = re.findall(r"[a-z0-9+]+", text.casefold().replace("_", " "))
    return {_SAME_WORD.get(word, word) for word in found}


def speaks_of(test: str, quantity: str) -> bool:
    """Whether a test's name has all the words of the quantity that an instrument measures."""
    return words_of(quantity) <= words_of(test)


def units_agree(reading: str, line: str) -> bool:
    """Whether two units are the same one. A missing unit agrees with none but the number one's."""
    return (reading.strip() or "1") == (line.strip() or "1") and bool(reading.strip() or not line)


def reading_blockers(measurement, *, name, line, reason, confirmed_as, file):
    """Yield every objection to confirming one reading.

    `confirmed_as`: the result in force made from it already, or None. A flag on the reading or on
    its whole file is no refusal for ever: it takes a reason, which is kept with the result.
    """
    if measurement.file_id != file.pk:
        yield Blocker("other_file", f"Reading {measurement.key} is not of {file.key}.", file)
        return
    if confirmed_as is not None:
        yield Blocker(
            "confirmed_already",
            f"Reading {measurement.key} ({measurement.locator}) is confirmed already as "
            f"{name_of(confirmed_as)}.",
            record=confirmed_as,
        )
    if line is not None and not units_agree(measurement.unit, line.unit):
        yield Blocker(
            "unit",
            f"{name}: the reading is in {measurement.unit or 'no unit'}, the specification asks "
            f"for {line.unit or 'no unit'}. There is no rule that converts one into the other.",
            record=line,
        )
    doubts = cautions(measurement, test=line.test if line is not None else name, file=file)
    if doubts and not (reason or "").strip():
        yield Blocker(
            "reason_missing",
            f"{name}, {measurement.locator}: {' '.join(doubts)} Say why it is confirmed all the "
            "same.",
            record=file,
        )


def cautions(measurement, *, test, file) -> list[str]:
    """Return what takes a reason: flags that ask for one, a doubtful reading, another quantity."""
    flags = [flag for flag in (*file.flags, *measurement.flags) if needs_reason(flag)]
    found = [_sentence(flag) for flag in flags]
    status = measurement.reading_status
    if status != "ok" and not any(code_of(flag) == status for flag in flags):
        found.append(f"The instrument marked the reading: {status.replace('_', ' ')}.")
    if not speaks_of(test, measurement.quantity):
        quantity = measurement.quantity.replace("_", " ")
        found.append(f"The reading is {quantity}, the test is {test}.")
    return found


def remarks(measurement) -> list[str]:
    """Return what is told with a reading and holds nobody up."""
    return [_sentence(flag) for flag in measurement.flags if not needs_reason(flag)]


def needs_reason(flag) -> bool:
    return not isinstance(flag, dict) or flag.get("needs_reason", True)


def code_of(flag) -> str:
    return flag.get("code", "") if isinstance(flag, dict) else ""


def _sentence(flag) -> str:
    text = flag.get("message", "") if isinstance(flag, dict) else str(flag)
    text = (text or str(flag)).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
