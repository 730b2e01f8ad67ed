"""What speaks against taking readings on trust: flags on a file and on single readings. Pure.

A flag is {code, message, needs_reason}. Where `needs_reason` is true nobody confirms a reading
without saying why; the others are told and hold nobody up. Owners say who can do something about a
flag.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from qc.instruments import rules
from qc.instruments.agreement import Disagreement, sample_key
from qc.instruments.clock import day_of, instant_of, zone_of_file
from qc.instruments.parsing import Parsed
from qc.instruments.reading import Reading, ReadOutcome

AT_MOST = 20  # sentences of one kind on a file; the rest stand with the reader's run
ANALYST = "QC analyst"
OWNERS = {
    "serial_differs": rules.KEEPERS,
    "serial_not_registered": rules.KEEPERS,
    "calibration_overdue": rules.KEEPERS,
    "calibration_failed": rules.KEEPERS,
    "no_calibration": rules.KEEPERS,
    "out_of_use": rules.KEEPERS,
    "edited_after_export": ANALYST,
    "incomplete": ANALYST,
    "partly_read": ANALYST,
    "second_reader_absent": "System administrator",
}
# A reader's warnings, by words in them: what they amount to. The first that fits counts; others are
# told without asking for a reason.
WARNINGS = (
    ("after the export", "edited_after_export"),
    ("changed after acquisition", "edited_after_export"),
    ("The file ends early", "incomplete"),
    ("incomplete or damaged", "incomplete"),
    ("do not add up", "implausible"),
    ("add up to", "implausible"),
    ("does not follow from the counts", "implausible"),
    ("not a software version this reader was tested with", "untested_version"),
)
READING_STATUSES = {
    "masked": "The instrument masked this reading: it takes no part in the result.",
    "out_of_range": "The instrument could not determine this value, or it is out of its range.",
    "missing": "The file has no value here.",
    "error": "The instrument reported an error in place of a value.",
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about a file beside its content."""

    instrument: str
    serial: str
    in_use: bool
    timezone: str
    calibrations: Sequence  # performed_on, due_on, passed, pk
    uploaded_at: datetime
    same_bytes_as: str = ""  # another instrument's file with the same content

    def uploaded_on(self) -> date:
        return self.uploaded_at.astimezone(ZoneInfo(self.timezone)).date()


def flag(code: str, message: str, *, needs_reason: bool = True) -> dict:
    return {"code": code, "message": message, "needs_reason": needs_reason}


def duplicate(number: str) -> dict:
    """Return the flag of a file whose bytes were uploaded before and read then."""
    return flag("duplicate", f"These are the same bytes as {number}. Its readings are shown there.")


def file_flags(about: Circumstances, parsed: Parsed) -> list[dict]:
    """Return every flag on a file that the first reader could read."""
    outcome = parsed.first
    return [
        *_same_bytes(about),
        *_serial(about, outcome),
        *_use(about, outcome.readings),
        *_warnings(outcome),
        *_partly_read(outcome),
        *_second(parsed),
    ]


def _same_bytes(about):
    if about.same_bytes_as:
        yield flag(
            "duplicate",
            f"The same bytes were uploaded as {about.same_bytes_as}, for another instrument.",
        )


def _plain(serial: str) -> str:
    return "".join(serial.split()).casefold()


def _serial(about, outcome: ReadOutcome):
    stated = {reading.device_serial for reading in outcome.readings}
    stated = sorted({*stated, str(outcome.facts.get("serial") or "")} - {""})
    if not stated:
        return
    if not about.serial:
        yield flag(
            "serial_not_registered",
            f"The file names instrument {', '.join(stated[:3])}; {about.instrument} is registered "
            "without a serial number, so they could not be compared.",
            needs_reason=False,
        )
    elif odd := [serial for serial in stated if _plain(serial) != _plain(about.serial)]:
        yield flag(
            "serial_differs",
            f"The file was written by instrument {', '.join(odd[:3])}, but {about.instrument} is "
            f"registered with serial number {about.serial}.",
        )


def _use(about, readings: Iterable[Reading]):
    if not about.in_use:
        yield flag("out_of_use", f"{about.instrument} is out of use.")
    days = {day_of(reading.measured_at) for reading in readings} - {None}
    for on in sorted(days or {about.uploaded_on()}):
        state = rules.calibration_state(about.calibrations, on)
        if state in {"valid", "due_soon"}:
            continue
        newest = rules.calibration_in_force(about.calibrations, on)
        when = f"on {on.day} {on:%b %Y}" + (
            ", when the readings were taken" if days else ", when the file was uploaded"
        )
        if state == "none":
            yield flag(
                "no_calibration", f"{about.instrument} has no calibration recorded for {when[3:]}."
            )
        elif state == "failed":
            yield flag(
                "calibration_failed",
                f"{about.instrument} had failed its last calibration {when}.",
            )
        else:
            yield flag(
                "calibration_overdue",
                f"The calibration of {about.instrument} was overdue {when}: it ended on "
                f"{newest.due_on.day} {newest.due_on:%b %Y}.",
            )
        return  # the first such day says it; a file of a year would say it 200 times


def _warnings(outcome: ReadOutcome):
    """Yield one flag for each kind of warning that matters, the rest one by one."""
    kinds, told = defaultdict(list), []
    for sentence in outcome.warnings:
        code = next((code for words, code in WARNINGS if words in sentence), None)
        (kinds[code] if code else told).append(sentence)
    for code, sentences in kinds.items():
        yield flag(code, _listed(sentences))
    if "edited_after_export" not in kinds and outcome.facts.get("edited_by"):
        yield flag(
            "edited_after_export",
            f"The file was changed after the export, by {outcome.facts['edited_by']}.",
        )
    for sentence in told[:AT_MOST]:
        yield flag("warning", sentence, needs_reason=False)
    if len(told) > AT_MOST:
        yield flag("warning", f"And {len(told) - AT_MOST} more.", needs_reason=False)


def _listed(sentences: Sequence[str]) -> str:
    rest = len(sentences) - 3
    return " ".join(sentences[:3]) + (f" And {rest} more like these." if rest > 0 else "")


def _partly_read(outcome: ReadOutcome):
    if count := len(outcome.not_understood):
        places = "place was" if count == 1 else "places were"
        yield flag(
            "partly_read",
            f"{count} {places} not understood and not read. {_listed(outcome.not_understood)}",
        )


def _second(parsed: Parsed):
    if parsed.second_absent:
        yield flag("second_reader_absent", parsed.second.error, needs_reason=False)
    elif parsed.second is not None and not parsed.second.ok:
        yield flag("second_reader_failed", parsed.second.error)
    elif count := len(parsed.disagreements):
        # What concerns one sample or value stands there and holds that one up; only what concerns
        # no sample holds up the whole file.
        nowhere = any(one.kind == "unreadable" for one in parsed.disagreements)
        places = "place" if count == 1 else "places"
        sentences = _listed([one.sentence for one in parsed.disagreements])
        yield flag(
            "readers_disagree",
            f"The two readers differ in {count} {places}. {sentences}",
            needs_reason=nowhere,
        )


# single readings


def reading_flags(about: Circumstances, parsed: Parsed) -> dict[int, list[dict]]:
    """Return {ordinal: flags} for those readings that have any."""
    readings = parsed.first.readings
    zone = zone_of_file(about.timezone, parsed.first.facts)
    times = Counter(_place(reading) for reading in readings)
    seen = Counter()
    by_ordinal, by_sample = _by_place(parsed.disagreements)
    found = {}
    for reading in readings:
        place = _place(reading)
        seen[place] += 1
        flags = [
            *_status(reading),
            *_repeated(reading, seen[place], times[place]),
            *_time(reading, zone, about),
            *by_ordinal.get(reading.ordinal, ()),
            *by_sample.get(sample_key(reading.sample_text), ()),
        ]
        if flags:
            found[reading.ordinal] = flags
    return found


def _place(reading: Reading) -> tuple[str, str, str]:
    return reading.sample_text.strip(), reading.quantity, reading.group


def _status(reading: Reading):
    if sentence := READING_STATUSES.get(reading.status):
        printed = f" It prints “{reading.value_text[:40]}”." if reading.value_text else ""
        yield flag(reading.status, sentence + printed)
    if not reading.sample_text.strip():
        yield flag("no_sample_id", "The file names no sample for this reading.")


def _repeated(reading: Reading, which: int, times: int):
    if times > 1 and reading.sample_text.strip():
        quantity = reading.quantity.replace("_", " ")
        yield flag(
            "repeated",
            f"The file has {times} readings of {quantity} for sample {reading.sample_text[:60]}; "
            f"this is number {which}.",
        )


def _time(reading: Reading, zone: tzinfo, about: Circumstances):
    at, on = instant_of(reading.measured_at, zone), day_of(reading.measured_at)
    late = at > about.uploaded_at if at else on is not None and on > about.uploaded_on()
    if late:
        yield flag(
            "in_future",
            f"The file dates this reading {reading.measured_text or reading.measured_at}, which is "
            "after the upload. A clock is wrong.",
        )
    elif at is None and on is None and reading.measured_text:
        yield flag(
            "time_unclear",
            f"When this was measured is not clear from “{reading.measured_text[:60]}”.",
            needs_reason=False,
        )


def _by_place(disagreements: Iterable[Disagreement]):
    by_ordinal, by_sample = defaultdict(list), defaultdict(list)
    for one in disagreements:
        said = flag("readers_disagree", one.sentence)
        if one.ordinal is not None:
            by_ordinal[one.ordinal].append(said)
        elif one.kind != "unreadable":
            by_sample[sample_key(one.sample_text)].append(said)
    return by_ordinal, by_sample
