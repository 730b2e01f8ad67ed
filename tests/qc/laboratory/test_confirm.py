"""Readings become results by exact identifier, with every flag answered by a reason."""

from datetime import timedelta

import pytest

from cdmo.accounts.isolation import as_sponsor
from cdmo.blockers import Blocked
from qc.instruments.models import InstrumentFile, Measurement
from qc.laboratory import services
from qc.laboratory.models import Result
from qc.laboratory.rules import speaks_of, units_agree
from qc.laboratory.services.confirm import proposals
from tests.builders.laboratory import (
    a_read_file,
    a_reading,
    a_result,
    a_sample,
    a_specification,
    codes_of,
)
from tests.builders.manufacture import STARTED, a_product_with_master, a_started_batch

pytestmark = pytest.mark.statement("U-06")

AT = STARTED + timedelta(hours=3)
LINES = (
    {"test": "Viability", "criterion": ">= 80", "unit": "%"},
    {"test": "GFAP+", "criterion": ">= 70", "unit": "%"},
    {"test": "viable cell concentration", "criterion": ">= 1.0", "unit": "10*6/mL"},
    {"test": "viable cell density", "criterion": ">= 1.0", "unit": "/mL"},
)


@pytest.fixture
def sample(cast):
    product = a_product_with_master(cast)
    a_specification(cast, product, lines=LINES)
    return a_sample(cast, a_started_batch(cast, product), at=AT, number="CLB001")


@pytest.fixture
def file(cast, sample):
    return a_read_file(cast, at=AT)


def reading(file, quantity="viability", value="95.00", unit="%", sample="CLB001", **facts):
    return a_reading(file, quantity, value, unit, sample, **facts)


def confirm(cast, file, mapping, *, by=None, **given):
    return services.confirm_measurements(
        file=file,
        mapping={m.pk if isinstance(m, Measurement) else m: to for m, to in mapping.items()},
        by=by or cast.analyst,
        at=AT,
        **given,
    )


def test_a_reading_becomes_a_draft_that_keeps_the_link_to_its_source(cast, sample, file):
    source = reading(file)

    (result,) = confirm(cast, file, {source: ("CLB001", "Viability")})

    assert (result.value, result.unit, result.status) == ("95.00", "%", "draft")
    assert (result.measurement, result.instrument) == (source, file.instrument)
    assert result.measurement.run.reader_version == "1"
    assert (result.tested_at, result.analyst) == (source.measured_at, cast.analyst)
    assert result.confirm_reason == ""
    source.refresh_from_db()
    assert source.status == "confirmed"


def test_every_objection_is_listed_and_nothing_is_confirmed(cast, sample, file):
    InstrumentFile.objects.filter(pk=file.pk).update(
        flags=[{"code": "serial", "message": "The serial number is not the registered one"}]
    )
    percent, count = reading(file), reading(file, "viable_cell_density", "8.1", "10*6/mL")
    lost = reading(file, "viability", "", "%", reading_status="missing")

    with pytest.raises(Blocked) as refusal:
        confirm(
            cast,
            file,
            {
                percent: ("CLB999", "Viability"),
                count: ("CLB001", "viable cell density"),
                lost: ("CLB001", "Purity"),
                987654: ("CLB001", "Viability"),
            },
            by=cast.reviewer,
        )

    assert sorted(refusal.value.codes) == sorted(
        [
            "no_right",
            "no_reading",
            "sample_unknown",
            "unit",
            "reason_missing",
            "reason_missing",
            "not_on_specification",
            "not_a_value",
        ]
    )
    assert "CLB999" in str(refusal.value)
    assert not Result.objects.exists()
    assert not Measurement.objects.filter(status="confirmed").exists()


@pytest.mark.statement("P-37")
def test_a_unit_is_never_converted(cast, sample, file):
    count = reading(file, "viable_cell_density", "8.1", "10*6/mL")

    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {count: ("CLB001", "viable cell density")}, reason="It is the same")
    assert codes_of(refusal) == {"unit"}

    (result,) = confirm(cast, file, {count: ("CLB001", "viable cell concentration")})
    assert (result.value, result.unit) == ("8.1", "10*6/mL")


@pytest.mark.parametrize(
    ("on_file", "on_reading", "status"),
    [
        ([{"code": "calibration", "message": "The calibration is overdue."}], [], "ok"),
        ([{"code": "edited", "message": "The file was edited after the export."}], [], "ok"),
        ([{"code": "duplicate", "message": "The same content was uploaded before."}], [], "ok"),
        ([], [{"code": "readers", "message": "The two readers disagree."}], "ok"),
        ([], ["plain words"], "ok"),
        ([], [], "out_of_range"),
    ],
)
def test_a_flag_is_answered_by_a_reason_that_stays_with_the_result(
    cast, sample, file, on_file, on_reading, status
):
    InstrumentFile.objects.filter(pk=file.pk).update(flags=on_file)
    source = reading(file, flags=on_reading, reading_status=status)

    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {source: ("CLB001", "Viability")}, reason="  ")
    assert codes_of(refusal) == {"reason_missing"}

    (result,) = confirm(cast, file, {source: ("CLB001", "Viability")}, reason="Service was here")
    assert result.confirm_reason.endswith("Confirmed because: Service was here")
    assert len(result.confirm_reason) > len("Confirmed because: Service was here")


def test_a_flag_that_asks_for_no_reason_holds_nobody_up(cast, sample, file):
    told = {"code": "warning", "message": "No comment was typed.", "needs_reason": False}
    InstrumentFile.objects.filter(pk=file.pk).update(flags=[told])
    source = reading(file, flags=[told])

    (result,) = confirm(cast, file, {source: ("CLB001", "Viability")})

    assert result.confirm_reason == ""
    assert "No comment was typed." in proposals(file, AT)[0].remarks


def test_one_reason_may_be_given_for_each_reading(cast, sample, file):
    flagged = reading(file, flags=["The well was masked."])
    plain = reading(file, "viable_cell_density", "8.1", "10*6/mL")

    results = confirm(
        cast,
        file,
        {flagged: ("CLB001", "Viability"), plain: ("CLB001", "viable cell concentration")},
        reasons={flagged.pk: "Recounted by eye"},
    )

    assert [r.confirm_reason for r in results] == [
        "The well was masked. Confirmed because: Recounted by eye",
        "",
    ]


def test_a_reading_of_another_quantity_takes_a_reason(cast, sample, file):
    source = reading(file)

    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {source: ("CLB001", "GFAP+")})

    assert codes_of(refusal) == {"reason_missing"}
    assert "The reading is viability, the test is GFAP+." in str(refusal.value)


def test_a_reading_is_confirmed_once_until_its_result_is_invalidated(cast, sample, file):
    source = reading(file)
    (result,) = confirm(cast, file, {source: ("CLB001", "Viability")})

    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {source: ("CLB001", "Viability")})
    assert codes_of(refusal) == {"confirmed_already", "result_exists"}

    services.invalidate_result(result=result, by=cast.analyst, at=AT, reason="Wrong sample")
    (again,) = confirm(cast, file, {source: ("CLB001", "Viability")})
    assert again.measurement == source


def test_two_readings_of_one_test_are_not_both_confirmed(cast, sample, file):
    one, other = reading(file), reading(file, value="94.0")

    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {one: ("CLB001", "Viability"), other: ("CLB001", "Viability")})

    assert codes_of(refusal) == {"twice"}


def test_a_reading_of_another_file_is_not_confirmed_through_this_one(cast, sample, file):
    source = reading(file)
    other = a_read_file(cast, at=AT, number="IF-2", content=b"other", status="queued")

    with pytest.raises(Blocked) as refusal:
        confirm(cast, other, {source: ("CLB001", "Viability")})

    assert codes_of(refusal) == {"not_read", "no_reading"}


def test_nothing_picked_is_refused(cast, file):
    with pytest.raises(Blocked) as refusal:
        confirm(cast, file, {})

    assert "nothing" in codes_of(refusal)


def test_an_imported_value_is_not_typed_over(cast, sample, file):
    (result,) = confirm(cast, file, {reading(file): ("CLB001", "Viability")})

    with pytest.raises(Blocked) as refusal:
        services.change_result(
            result=result, value="99", by=cast.analyst, at=AT, reason="Looks better"
        )

    assert codes_of(refusal) == {"imported_value"}


def test_proposals_match_by_exact_identifier_and_unit_only(cast, sample, file):
    reading(file)
    reading(file, sample="clb001")
    reading(file, "viable_cell_density", "8.1", "10*6/mL")
    reading(file, "average_diameter", "15.1", "um")
    a_result(cast, sample, "GFAP+", "91", status="draft", at=AT)

    found = proposals(file, AT)

    assert [(p.sample and p.sample.number, p.test) for p in found] == [
        ("CLB001", "Viability"),
        (None, ""),
        ("CLB001", "viable cell concentration"),
        ("CLB001", ""),
    ]
    assert found[0].tests == tuple(line["test"] for line in LINES)


def test_a_proposal_says_that_a_reading_is_older_than_its_sample(cast, sample, file):
    source = reading(file)
    Measurement.objects.filter(pk=source.pk).update(measured_at=sample.taken_at - timedelta(days=1))

    assert "The reading is older than the sample." in proposals(file, AT)[0].remarks


@pytest.mark.parametrize(
    ("test", "quantity", "same"),
    [
        ("viability", "viability", True),
        ("Viability, dye exclusion", "viability", True),
        ("viable cell concentration", "viable_cell_density", True),
        ("viable cells", "viable_cells", True),
        ("GFAP+", "viability", False),
        ("total cell density", "viable_cell_density", False),
    ],
)
def test_a_test_speaks_of_a_quantity_when_it_has_all_its_words(test, quantity, same):
    assert speaks_of(test, quantity) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("%", "%", True), ("", "%", False), ("%", "", False), ("1", "", True), ("", "", True)],
)
def test_a_missing_unit_is_no_unit(one, other, same):
    assert units_agree(one, other) is same


def test_a_sponsor_reads_a_confirmed_result_without_touching_the_instruments_tables(
    cast, sample, file
):
    (result,) = confirm(cast, file, {reading(file): ("CLB001", "Viability")})
    Result.objects.filter(pk=result.pk).update(
        status="approved", reviewer=cast.reviewer, reviewed_at=AT
    )

    with as_sponsor(cast.kadimastem.pk):
        assert Result.objects.select_related("sample", "line").get().measurement_id
