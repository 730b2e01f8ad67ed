"""What happens to edited, cut and mistaken files: invented ones, in the real layouts."""

import pytest

from qc.instruments.readers import nucleocounter, quantstudio, vicell_blu, vicell_xr
from qc.instruments.registry import VENDORS
from tests.qc.instruments import files

pytestmark = pytest.mark.statement("U-01")

BLU = (
    "Sample ID,Cell count,Viable cells,Viability (%),Analysis date/time,Dilution\r\n"
    "S1,1000,900,90,{date},1\r\n"
)


def xr(*rows, **keywords):
    return vicell_xr.read(files.xlsx(files.table(*rows), **keywords), filename="f.xlsx")


def changed(**changes):
    """A row of the table with some cells changed, by column title."""
    row = list(files.ROW)
    for column, text in changes.items():
        row[
            {"sample": 0, "date": 3, "total": 4, "viable": 5, "viability": 6, "density": 7}[column]
        ] = text
    return row


def blu(date="3/21/2022 16:56", text=BLU):
    return vicell_blu.read(text.format(date=date).encode(), filename="f.csv")


def test_numeric_looking_sample_ids_stay_as_they_are():
    outcome = xr(changed(sample="007"), changed(sample="1E5"), changed(sample="0012.50"))
    assert list(dict.fromkeys(reading.sample_text for reading in outcome.readings)) == [
        "007",
        "1E5",
        "0012.50",
    ]


def test_a_comma_that_can_mean_two_things_is_no_number():
    outcome = xr(changed(density="1,204"))
    (density,) = (r for r in outcome.readings if r.quantity == "total_cell_density")
    assert (density.value_text, density.number, density.status) == ("1,204", None, "error")
    assert any("1,204" in remark for remark in outcome.not_understood)


def test_a_flipped_digit_in_the_counts_or_the_viability_is_noticed():
    assert not any("viability of" in warning for warning in xr(files.ROW).warnings)
    assert any("viability of 99.0" in warning for warning in xr(changed(viability="99.0")).warnings)
    assert any("more viable cells" in warning for warning in xr(changed(viable="9000")).warnings)


def test_the_same_sample_id_twice_is_read_twice_and_said():
    outcome = xr(files.ROW, files.ROW)
    assert sum(reading.quantity == "viability" for reading in outcome.readings) == 2
    assert any("S1 (2 times)" in warning for warning in outcome.warnings)


def test_hidden_rows_are_read_and_said():
    outcome = xr(files.ROW, attributes={6: " hidden='1'"})
    assert outcome.facts["samples"] == 1
    assert any("hidden" in warning and "6" in warning for warning in outcome.warnings)


def test_a_row_that_is_no_sample_is_listed():
    outcome = xr(files.ROW, ["checked by QA", "", "", "", "", ""])
    assert outcome.facts["samples"] == 1
    assert outcome.not_understood == ("Row 7 is no sample: checked by QA",)


def test_results_without_a_sample_id_are_read_and_said():
    outcome = xr(changed(sample=""))
    assert outcome.readings[0].sample_text == ""
    assert any("without a sample id" in warning for warning in outcome.warnings)


def test_an_unknown_column_is_listed():
    rows = files.table(
        [*files.ROW, "5"], upper=[*files.UPPER, "Doublets"], lower=[*files.LOWER, ""]
    )
    outcome = vicell_xr.read(files.xlsx(rows), filename="f.xlsx")
    assert outcome.not_understood == ('Column K ("doublets") is not known and was not read.',)


def test_a_column_twice_is_refused():
    rows = files.table(
        [*files.ROW, "5"], upper=[*files.UPPER, "Viability"], lower=[*files.LOWER, "(%)"]
    )
    outcome = vicell_xr.read(files.xlsx(rows), filename="f.xlsx")
    assert not outcome.ok
    assert "occurs twice" in outcome.error


def test_densities_without_their_units_row_are_not_taken_for_counts():
    rows = files.table(files.ROW, lower=["x"])
    outcome = vicell_xr.read(files.xlsx(rows), filename="f.xlsx")
    quantities = {reading.quantity for reading in outcome.readings}
    assert not {"total_cell_density", "viable_cell_density"} & quantities


def test_a_date_stored_as_a_number_shows_an_edit():
    row = files.sheet_data(files.table(changed(date="")))
    row = row.replace("</row></sheetData>", "<c r='D6'><v>45000.5</v></c></row></sheetData>")
    outcome = vicell_xr.read(files.xlsx(sheet=files.SHEET.format(row)), filename="f.xlsx")
    assert outcome.readings[0].measured_at == "2023-03-15T12:00:00"
    assert any("edited after the export" in warning for warning in outcome.warnings)


def test_number_cells_are_given_as_their_shortest_text():
    row = files.sheet_data(files.table(changed(viability="")))
    row = row.replace(
        "</row></sheetData>", "<c r='G6'><v>90.000000000000014</v></c></row></sheetData>"
    )
    outcome = vicell_xr.read(files.xlsx(sheet=files.SHEET.format(row)), filename="f.xlsx")
    (viability,) = (r for r in outcome.readings if r.quantity == "viability")
    assert viability.value_text == "90.00000000000001"


def test_a_far_cell_costs_the_native_reader_nothing():
    outcome = vicell_xr.read(files.far_cell(), filename="f.xlsx")
    assert not outcome.ok


def test_a_workbook_of_another_kind_is_refused_with_what_was_found():
    outcome = vicell_xr.read(files.xlsx([["Plate1", "OD"], ["A1", "0.5"]]), filename="f.xlsx")
    assert outcome.error.startswith("This is not a Vi-CELL XR export")
    assert "Plate1" in outcome.error


def test_a_table_that_does_not_name_the_software_is_refused():
    rows = files.table(files.ROW, head=("Some counter 1.0", ""))
    outcome = vicell_xr.read(files.xlsx(rows), filename="f.xlsx")
    assert outcome.error.startswith("This is not a Vi-CELL XR export")


def test_a_sound_report_has_no_warnings():
    outcome = vicell_xr.read(files.report(), filename="f.txt")
    assert outcome.ok
    assert outcome.warnings == ()
    assert outcome.not_understood == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Total cells": "1001"}, "add up to"),
        ({"Viable cells": "800"}, "add up"),
        ({"Viability (%)": "99.0"}, "does not follow"),
        ({"ImageBaseName": None}, "ends early"),
        ({"CountData": "400,6"}, "add up to"),
        ({"CountData": "400"}, "incomplete"),
        ({"RunDate": "soon"}, "could not be read"),
        ({"Unit S/N": ""}, "serial number"),
        ({"Viability (%)": None}, "has no viability"),
    ],
)
def test_a_changed_or_cut_report_is_noticed(change, words):
    outcome = vicell_xr.read(files.report(**change), filename="f.txt")
    assert outcome.ok
    assert any(words in warning for warning in outcome.warnings), outcome.warnings


def test_two_samples_in_one_report_are_refused():
    data = files.report() + files.report()
    outcome = vicell_xr.read(data, filename="f.txt")
    assert not outcome.ok


def test_a_genuine_report_cut_at_half_or_nine_tenths_is_noticed(file_bytes):
    data = file_bytes("vicell_xr/Beckman_Vi-Cell-XR_example07_instrumentOutput.txt")
    for share in (0.5, 0.9):
        outcome = vicell_xr.read(data[: int(len(data) * share)], filename="f.txt")
        assert any("ends early" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_encodings_and_line_ends_do_not_change_what_is_read(encoding, line_end):
    text = files.report().decode().replace("\r\n", line_end)
    outcome = vicell_xr.read(text.encode(encoding), filename="f.txt")
    plain = vicell_xr.read(files.report(), filename="f.txt")
    assert outcome.readings == plain.readings
    blu_text = BLU.format(date="3/21/2022 16:56").replace("\r\n", line_end)
    assert vicell_blu.read(blu_text.encode(encoding), filename="f.csv").readings == blu().readings


def test_a_date_that_can_be_two_days_is_left_open():
    assert blu("03/21/2024 10:00").readings[0].measured_at == "2024-03-21T10:00:00"
    outcome = blu("03/04/2024 10:00")
    assert outcome.readings[0].measured_at is None
    assert outcome.readings[0].measured_text == "03/04/2024 10:00"
    assert any("day first or month first" in warning for warning in outcome.warnings)


def test_a_line_cut_short_is_listed():
    outcome = blu(text=BLU + "S2,10\r\n")
    assert outcome.facts["samples"] == 1
    assert outcome.not_understood == ("Line 3 ends early (2 of 6 cells): not read.",)


def test_the_status_of_a_nucleocounter_count_is_kept():
    head = "NAME,SAMPLE ID,INSTRUMENT,STATUS,TOTAL (cells/ml),LIVE (cells/ml),VIABILITY (%)\n"
    rows = (
        "20240219-1,A,S/N: 9,OK,1000,900,90\n"
        "20240219-2,B,S/N: 9,Warning: dust,1000,900,90\n"
        "20240219-3,C,S/N: 9,Failed,1000,900,90\n"
        "20240219-4,D,S/N: 8,OK,1000,900,20\n"
    )
    outcome = nucleocounter.read((head + rows).encode(), filename="f.csv")
    statuses = {reading.sample_text: reading.status for reading in outcome.readings}
    assert statuses == {"A": "ok", "B": "ok", "C": "error", "D": "ok"}
    warnings = " ".join(outcome.warnings)
    assert "Warning: dust" in warnings
    assert "2 instruments" in warnings
    assert "viability of 20 %" in warnings


def test_an_expired_calibration_and_an_omitted_well_are_said():
    text = (
        "* Calibration ROI is expired = Yes\n* Instrument Type = QuantStudio 5\n"
        "* Experiment Run End Time = 2024-05-06 07:08:09 AM CEST\n\n[Results]\n"
        "Well\tWell Position\tOmit\tSample Name\tTarget Name\tCT\n"
        "1\tA1\ttrue\tS1\tVCN\t21.50\n2\tA2\tfalse\tS1\tVCN\tUndetermined\n"
    )
    outcome = quantstudio.read(text.encode(), filename="f.txt")
    assert [(r.value_text, r.status) for r in outcome.readings] == [
        ("21.50", "masked"),
        ("Undetermined", "out_of_range"),
    ]
    warnings = " ".join(outcome.warnings)
    assert "Calibration ROI" in warnings
    assert "omitted" in warnings


@pytest.mark.parametrize("code", [code for code, vendor in VENDORS.items() if vendor.native])
def test_a_file_of_another_instrument_is_refused_by_name(code, entries, file_bytes):
    """Every native reader against every file of the other instruments."""
    read = VENDORS[code].native_reader()
    for name in entries:
        if name.split("/")[0] != code:
            outcome = read(file_bytes(name), filename=name)
            assert not outcome.ok, name
            assert outcome.error.endswith(".")
