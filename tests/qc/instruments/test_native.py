"""What the native readers make of every file of the data set, against its expected values."""

from decimal import Decimal

import pytest

from qc.instruments.reading import ReadOutcome
from qc.instruments.registry import VENDORS
from tests.qc.instruments.conftest import vendor_of

pytestmark = pytest.mark.statement("U-01")

XR = "vicell_xr/Beckman_Vi-Cell-XR_"
EXAMPLE_01 = f"{XR}example01_instrumentOutput.xlsx"
EXAMPLE_02 = f"{XR}example02_instrumentOutput_error.xls"
EXAMPLE_03 = f"{XR}example03_instrumentOutput.xls"
EXAMPLE_05 = f"{XR}example05_instrumentOutput.xlsx"
EXAMPLE_07 = f"{XR}example07_instrumentOutput.txt"
HIDDEN_ROW = f"{XR}hiddenRow.xlsx"
BLU = "vicell_blu/Beckman_Vi-Cell-BLU_example01.csv"
NUCLEOVIEW = "nucleocounter/chemometec_nucleoview_example01.csv"
NC_VIEW = "nucleocounter/chememotec_nc_view_example.csv"
QUANTSTUDIO = "quantstudio/appbio_quantstudio_example05.txt"

# the field of expected.json -> our quantity
XR_FIELDS = {
    "viability_pct": "viability",
    "total_cells_x1e6_per_ml": "total_cell_density",
    "viable_cells_x1e6_per_ml": "viable_cell_density",
    "total_cells": "total_cells",
    "viable_cells": "viable_cells",
    "nonviable_cells": "nonviable_cells",
    "avg_diameter_um": "average_diameter",
    "dilution": "dilution_factor",
}
UNITS = {
    "viability": "%",
    "total_cell_density": "10*6/mL",
    "viable_cell_density": "10*6/mL",
    "average_diameter": "um",
}


@pytest.fixture
def read(file_bytes):
    def read(name):
        outcome = VENDORS[vendor_of(name)].native_reader()(file_bytes(name), filename=name)
        assert ReadOutcome.from_dict(outcome.to_dict()) == outcome
        assert [reading.ordinal for reading in outcome.readings] == list(
            range(len(outcome.readings))
        )
        assert len({reading.locator for reading in outcome.readings}) == len(outcome.readings)
        return outcome

    return read


def rows_of(outcome):
    """One dict of quantity -> reading for each sample occurrence, in order."""
    rows = []
    for reading in outcome.readings:
        if not rows or reading.quantity in rows[-1]:
            rows.append({})
        rows[-1][reading.quantity] = reading
    return rows


@pytest.mark.parametrize(
    "name", [EXAMPLE_01, EXAMPLE_02, EXAMPLE_03, EXAMPLE_05, EXAMPLE_07, HIDDEN_ROW]
)
def test_every_row_and_field_of_a_vi_cell_xr_file_is_read_to_the_digit(read, entries, name):
    expected = entries[name]["expected"]
    outcome = read(name)
    assert outcome.ok
    assert outcome.facts["software"] == expected["software"]
    assert outcome.facts["serial"] == (expected["serial"] or "")
    assert outcome.facts["samples"] == expected["n_records"]
    rows = rows_of(outcome)
    assert len(rows) == len(expected["records"])
    for row, record in zip(rows, expected["records"], strict=True):
        any_reading = next(iter(row.values()))
        assert any_reading.sample_text == record["sample_id"]
        assert any_reading.group == record["cell_type"]
        assert any_reading.measured_text == (record.get("sample_date") or record.get("run_date"))
        assert any_reading.measured_at is not None
        for field, quantity in XR_FIELDS.items():
            if record.get(field) is None:
                assert field not in record or quantity not in row
                continue
            assert row[quantity].value_text == record[field]
            assert str(row[quantity].number) == record[field]
            assert row[quantity].unit == UNITS.get(quantity, "1")
            assert row[quantity].status == "ok"
            assert row[quantity].device_serial == (expected["serial"] or "")
    assert outcome.not_understood == ()


def test_edits_after_the_export_are_told(read):
    for name in (EXAMPLE_01, EXAMPLE_05):
        outcome = read(name)
        assert outcome.facts["edited_by"]
        assert f"last by {outcome.facts['edited_by']} on 2023-09-06" in outcome.warnings[0]
    formulas = read(EXAMPLE_01).warnings[1]
    assert "187 cells hold formulas" in formulas
    assert "'Run data summary'!B7" in formulas


def test_a_row_of_column_numbers_is_no_sample(read):
    outcome = read(HIDDEN_ROW)
    assert outcome.facts["samples"] == 24
    assert outcome.readings[0].locator == "'Run data summary'!F8"
    assert any("Row 7 only numbers the columns" in warning for warning in outcome.warnings)


def test_a_file_without_viability_gives_what_it_has_and_says_what_it_lacks(read):
    outcome = read(EXAMPLE_02)
    assert len(outcome.readings) == 4 * 204
    assert {reading.quantity for reading in outcome.readings} == {
        "dilution_factor",
        "total_cell_density",
        "viable_cell_density",
        "average_diameter",
    }
    assert any("has no viability" in warning for warning in outcome.warnings)


def test_the_report_takes_the_run_date_of_its_three_dates(read):
    outcome = read(EXAMPLE_07)
    assert {reading.measured_at for reading in outcome.readings} == {"2023-09-29T05:21:32"}
    assert outcome.facts["log_date"] == "29 Sep 2023  5:21:06 AM"
    assert {reading.operator for reading in outcome.readings} == {""}
    assert outcome.warnings == ()
    assert outcome.readings[0].locator == "line 19"


def test_every_row_of_the_vi_cell_blu_file_is_read_to_the_digit(read, entries):
    outcome = read(BLU)
    fields = {
        "Viability (%)": "viability",
        "Total (x10^6) cells/mL": "total_cell_density",
        "Viable (x10^6) cells/mL": "viable_cell_density",
        "Cell count": "total_cells",
        "Viable cells": "viable_cells",
        "Dilution": "dilution_factor",
    }
    rows, records = rows_of(outcome), entries[BLU]["expected"]["records"]
    for row, record in zip(rows, records, strict=True):
        assert row["viability"].sample_text == record["Sample ID"]
        assert row["viability"].measured_text == record["Analysis date/time"]
        assert row["viability"].operator == record["Analysis by"]
        assert row["viability"].group == record["Cell type"]
        for field, quantity in fields.items():
            assert row[quantity].value_text == record[field]
    assert outcome.facts["date_order"] == "month_first"
    assert rows[0]["viability"].measured_at == "2022-03-21T16:56:00"
    failed = [reading.locator for reading in outcome.readings if reading.status == "error"]
    assert failed == ["line 8, column 2", "line 8, column 3"]
    assert len(outcome.not_understood) == 2


def test_the_nucleoview_file_is_read_to_the_digit(read, entries):
    record = entries[NUCLEOVIEW]["expected"]
    outcome = read(NUCLEOVIEW)
    (row,) = rows_of(outcome)
    assert row["viability"].value_text == record["Viability (%)"]
    assert row["viable_cell_density"].value_text == record["Live (cells/ml)"] == "2.45E6"
    assert row["dead_cell_density"].value_text == record["Dead (cells/ml)"]
    assert row["total_cell_density"].value_text == record["Total (cells/ml)"]
    assert row["total_cell_density"].number == Decimal(3_580_000)
    assert row["total_cell_density"].unit == "/mL"
    assert row["average_diameter"].value_text == record["Estimated cell diameter (um)"]
    assert row["dilution_factor"].value_text == record["Multiplication factor"]
    assert row["viability"].sample_text == record["Image"]
    assert row["viability"].operator == record["Operator"]
    assert row["viability"].measured_at == "2023-11-20T16:30:16"
    assert outcome.facts["serial"] == "9000201099909999"
    assert outcome.facts["utc_offset"] == record["Time zone offset"]
    assert any("21 CFR Part 11" in warning for warning in outcome.warnings)


def test_every_row_of_the_nc_view_file_is_read_to_the_digit(read, entries):
    outcome = read(NC_VIEW)
    rows, records = rows_of(outcome), entries[NC_VIEW]["expected"]["records"]
    for row, record in zip(rows, records, strict=True):
        assert row["viability"].sample_text == record["SAMPLE ID"]
        assert row["viability"].value_text == record["VIABILITY (%)"]
        for field, quantity in (
            ("TOTAL (cells/ml)", "total_cell_density"),
            ("LIVE (cells/ml)", "viable_cell_density"),
            ("DEAD (cells/ml)", "dead_cell_density"),
        ):
            assert row[quantity].value_text == record[field]
            assert row[quantity].number == Decimal(record[field].replace("\u00a0", ""))
        assert row["average_diameter"].value_text == record["DIAMETER (µm)"]
        assert row["viability"].operator == record["OPERATOR"]
        assert f"S/N: {row['viability'].device_serial}" == record["INSTRUMENT"]
        assert row["viability"].measured_at == "2024-02-19"
    statuses = [record["STATUS"] for record in records if record["STATUS"] != "OK"]
    assert sum("instrument status" in warning for warning in outcome.warnings) == len(statuses) == 2


def test_every_well_of_the_quantstudio_file_is_read_and_undetermined_stays_visible(read, entries):
    outcome = read(QUANTSTUDIO)
    cycles = [reading for reading in outcome.readings if reading.quantity == "cycle_threshold"]
    wells = entries[QUANTSTUDIO]["expected"]["wells"]
    for reading, well in zip(cycles, wells, strict=True):
        assert f"well {well['well']}," in reading.locator
        assert reading.sample_text == well["sample_id"]
        assert reading.group == well["target"]
        assert reading.value_text == well["ct"]
        if well["ct"] == "Undetermined":
            assert (reading.number, reading.status) == (None, "out_of_range")
        else:
            assert str(reading.number) == well["ct"]
    assert any("No Ct was determined in 6 wells" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("name", ["fcs/3FITC_4PE_004.fcs", "fcs/B01_KC-A-W---91-US.fcs"])
def test_an_fcs_header_gives_its_facts(read, entries, name):
    expected = entries[name]["expected"]["datasets"][0]
    keywords = expected["keywords"]
    outcome = read(name)
    (reading,) = outcome.readings
    assert outcome.facts["layout"] == f"FCS {expected['fcs_version']}"
    assert outcome.facts["events"] == expected["event_count"] == int(reading.number)
    assert outcome.facts["cytometer"] == keywords["cyt"]
    assert outcome.facts["serial"] == keywords.get("cytsn", keywords.get("cytnum"))
    assert reading.sample_text == keywords.get("smno", keywords.get("sample id"))
    # Compared without order: the list in expected.json is not in the order of $P1N, $P2N, …
    assert sorted(
        (channel["name"], channel["marker"]) for channel in outcome.facts["channels"]
    ) == (sorted((channel["pnn"], channel["pns"]) for channel in expected["channels"]))


def test_an_fcs_file_that_contradicts_itself_is_refused(read):
    outcome = read("fcs/data_start_offset_discrepancy_example.fcs")
    assert not outcome.ok
    assert "5555" in outcome.error
    assert "6081" in outcome.error


def test_a_two_digit_year_is_said_to_be_one(read):
    outcome = read("fcs/3FITC_4PE_004.fcs")
    assert outcome.readings[0].measured_at == "2005-05-18T17:54:22"
    assert any("two digits" in warning for warning in outcome.warnings)


def test_a_truncated_fcs_file_is_refused(file_bytes):
    read = VENDORS["fcs"].native_reader()
    data = file_bytes("fcs/B01_KC-A-W---91-US.fcs")
    for length in (0, 3, 20, 57, 58, 3000, 4417, 4418, 50_000, len(data) - 100):
        outcome = read(data[:length], filename="f.fcs")
        assert not outcome.ok, length
        assert outcome.error.endswith(".")
    fewer = data.replace(b"1589", b"1588", 1)
    assert not read(fewer, filename="f.fcs").ok
