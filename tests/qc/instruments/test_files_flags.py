"""What is flagged on files and readings, and what each flag asks for."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from qc.instruments import flags
from qc.instruments.agreement import Disagreement
from qc.instruments.clock import day_of, instant_of, zone_of_file
from qc.instruments.parsing import Attempt, Parsed
from qc.instruments.reading import Reading, ReadOutcome, refused

UPLOADED = datetime(2026, 11, 20, 12, tzinfo=UTC)


def calibration(performed, due, *, passed=True, pk=1):
    return SimpleNamespace(performed_on=performed, due_on=due, passed=passed, pk=pk)


ABOUT = flags.Circumstances(
    instrument="VC-1",
    serial="AW 1",
    in_use=True,
    timezone="Asia/Jerusalem",
    calibrations=(calibration(date(2026, 1, 1), date(2027, 1, 1)),),
    uploaded_at=UPLOADED,
)


def reading(ordinal=0, **facts):
    facts = {"sample_text": "S-1", "quantity": "viability", "value_text": "95.0", **facts}
    number = None if facts.get("status", "ok") != "ok" else Decimal(facts["value_text"])
    return Reading(ordinal=ordinal, locator=f"line {ordinal}", **{"number": number, **facts})


def parsed(*readings, second=None, disagreements=(), **facts):
    first = ReadOutcome(True, "native:x", "1", tuple(readings) or (reading(),), **facts)
    attempts = [Attempt("first", first, 0.1)]
    if second is not None:
        attempts.append(Attempt("second", second, 0.1))
    return Parsed(tuple(attempts), tuple(disagreements))


def on_file(about=ABOUT, **given):
    return {f["code"]: f for f in flags.file_flags(about, given.pop("of", None) or parsed(**given))}


def on_readings(*readings, about=ABOUT, **given):
    found = flags.reading_flags(about, parsed(*readings, **given))
    return {ordinal: [f["code"] for f in some] for ordinal, some in found.items()}


def test_an_ordinary_file_has_no_flag():
    assert on_file() == {}
    assert on_readings(reading(measured_at="2026-11-20T10:00")) == {}


@pytest.mark.parametrize("stated", ["AW1", "aw 1", " AW 1 ", ""])
def test_the_registered_serial_and_an_absent_one_are_no_flag(stated):
    assert on_file(facts={"serial": stated}) == {}


@pytest.mark.statement("P-16")
def test_another_serial_is_flagged_wherever_the_file_states_it():
    assert on_file(facts={"serial": "AW2"})["serial_differs"]["needs_reason"]
    message = on_file(of=parsed(reading(), reading(1, device_serial="X9")))["serial_differs"][
        "message"
    ]
    assert "X9" in message
    assert "AW 1" in message
    assert not on_file(replace(ABOUT, serial=""), facts={"serial": "AW2"})["serial_not_registered"][
        "needs_reason"
    ]


@pytest.mark.parametrize(
    ("measured", "calibrations", "code"),
    [
        ("2026-11-19T10:00", ABOUT.calibrations, None),
        ("2026-01-01", ABOUT.calibrations, None),
        ("2025-12-31T23:59", ABOUT.calibrations, "no_calibration"),
        ("2026-11-19T10:00", (calibration(date(2025, 1, 1), date(2026, 11, 18)),), "overdue"),
        ("2026-11-18T10:00", (calibration(date(2025, 1, 1), date(2026, 11, 18)),), None),
        (
            "2026-11-19T10:00",
            (*ABOUT.calibrations, calibration(date(2026, 6, 1), date(2027, 1, 1), passed=False)),
            "calibration_failed",
        ),
        (None, (calibration(date(2025, 1, 1), date(2026, 11, 19)),), "overdue"),
        (None, ABOUT.calibrations, None),
    ],
)
def test_calibration_is_judged_on_the_day_of_measuring_else_of_the_upload(
    measured, calibrations, code
):
    about = replace(ABOUT, calibrations=calibrations)
    found = on_file(about, of=parsed(reading(measured_at=measured)))
    assert [one.removeprefix("calibration_") for one in found] == (
        [code.removeprefix("calibration_")] if code else []
    )
    assert all(one["needs_reason"] for one in found.values())


def test_many_bad_days_are_one_flag():
    readings = [reading(n, measured_at=f"2020-01-{n + 1:02}T10:00") for n in range(9)]
    assert list(on_file(of=parsed(*readings))) == ["no_calibration"]


@pytest.mark.statement("P-16")
def test_out_of_use_duplicate_and_partly_read_need_a_reason():
    about = replace(ABOUT, in_use=False, same_bytes_as="IF-26-00001")
    found = on_file(about, not_understood=("line 8, column 2: “ERROR”",))
    assert list(found) == ["duplicate", "out_of_use", "partly_read"]
    assert all(one["needs_reason"] for one in found.values())
    assert "1 place was not understood" in found["partly_read"]["message"]


@pytest.mark.parametrize(
    ("sentence", "code", "needs_reason"),
    [
        ("The file was saved again after the export, last by A.", "edited_after_export", True),
        ("Row 7: … so the cell was edited after the export.", "edited_after_export", True),
        ("The file ends early: its last line is missing.", "incomplete", True),
        ("Viable and nonviable cells do not add up to the total.", "implausible", True),
        ("The file does not state the instrument's serial number.", "warning", False),
    ],
)
def test_a_readers_warning_becomes_a_flag_by_what_it_says(sentence, code, needs_reason):
    (found,) = on_file(warnings=(sentence,)).values()
    assert found == {"code": code, "message": sentence, "needs_reason": needs_reason}


def test_an_edit_known_from_facts_alone_is_flagged():
    assert "Joe" in on_file(facts={"edited_by": "Joe"})["edited_after_export"]["message"]


def test_a_hundred_warnings_are_shown_as_twenty_and_a_count():
    outcome = parsed(warnings=tuple(f"Warning {n}." for n in range(100)))
    found = flags.file_flags(ABOUT, outcome)
    assert len(found) == 21
    assert found[-1]["message"] == "And 80 more."


@pytest.mark.statement("P-37")
def test_disagreement_holds_up_the_readings_it_concerns():
    second = ReadOutcome(True, "allotropy", "1", (reading(),))
    value = Disagreement("value", "S-1", "viability", "They differ.", 1)
    sample = Disagreement("missing_sample", "007", "", "Found once only.")
    both = parsed(
        reading(0, quantity="diameter"),
        reading(1),
        reading(2, sample_text="7"),
        second=second,
        disagreements=(value, sample),
    )
    (told,) = flags.file_flags(ABOUT, both)
    assert (told["code"], told["needs_reason"]) == ("readers_disagree", False)
    assert "in 2 places" in told["message"]
    assert {
        n: [f["code"] for f in some] for n, some in flags.reading_flags(ABOUT, both).items()
    } == {
        1: ["readers_disagree"],
        2: ["readers_disagree"],
    }


def test_a_disagreement_about_everything_holds_up_the_whole_file():
    nothing = Disagreement("unreadable", "", "", "No quantity in common.")
    second = ReadOutcome(True, "allotropy", "1", (reading(),))
    found = on_file(of=parsed(second=second, disagreements=(nothing,)))
    assert found["readers_disagree"]["needs_reason"]
    failed = on_file(of=parsed(second=refused("No.", reader="a", reader_version="1")))
    assert failed["second_reader_failed"]["needs_reason"]


def test_readings_that_are_not_plain_values_are_flagged():
    found = on_readings(
        reading(0, status="masked"),
        reading(1, status="out_of_range", value_text="Undetermined", quantity="ct"),
        reading(2, status="missing", value_text="", quantity="b"),
        reading(3, status="error", value_text="ERROR", quantity="c"),
        reading(4, sample_text=" "),
    )
    assert found == {
        0: ["masked"],
        1: ["out_of_range"],
        2: ["missing"],
        3: ["error"],
        4: ["no_sample_id"],
    }


def test_the_same_sample_and_quantity_twice_is_flagged_but_not_in_another_group():
    found = on_readings(
        reading(0), reading(1), reading(2, group="Standards"), reading(3, quantity="diameter")
    )
    assert found == {0: ["repeated"], 1: ["repeated"]}


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        ("2026-11-20T13:59:59", None),  # 12:00 UTC is 14:00 in Jerusalem
        ("2026-11-20T14:00:01", "in_future"),
        ("2026-11-20", None),
        ("2026-11-21", "in_future"),
    ],
)
def test_a_reading_dated_after_its_upload_is_flagged_on_the_instruments_clock(measured, code):
    found = on_readings(reading(measured_at=measured, measured_text="x"))
    assert found == ({0: [code]} if code else {})


def test_an_unreadable_time_is_told():
    (told,) = flags.reading_flags(ABOUT, parsed(reading(measured_text="03/04/26")))[0]
    assert (told["code"], told["needs_reason"]) == ("time_unclear", False)


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2026-07-01T12:00", "Asia/Jerusalem", "2026-07-01T09:00:00+00:00"),
        ("2026-01-01T12:00:30", "Asia/Jerusalem", "2026-01-01T10:00:30+00:00"),
        ("2026-01-01", "UTC", None),
        ("0001-01-01T00:00", "Asia/Tokyo", None),
        ("2026-13-01T00:00", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_local_time_becomes_an_instant_only_where_it_is_one(local, zone, utc):
    at = instant_of(local, ZoneInfo(zone))
    assert (at.isoformat() if at else None) == utc


def test_an_offset_that_the_file_states_goes_before_the_registered_zone():
    def offset(stated):
        zone = zone_of_file("Asia/Tokyo", {"utc_offset": stated} if stated is not None else {})
        return zone.utcoffset(datetime(2026, 1, 1)).total_seconds() / 3600  # noqa: DTZ001

    assert offset("2") == 2
    assert offset("-3.5") == -3.5
    assert offset(None) == offset("") == offset("nan") == offset("99") == offset(7) == 9


def test_days_are_read_from_days_and_times():
    assert day_of("2026-02-03T10:00") == day_of("2026-02-03") == date(2026, 2, 3)
    assert day_of("2026-02-30") is day_of("") is day_of(None) is None
