"""The second reader: what it makes of every file, and that it agrees with the native readers.

It takes two seconds to import, so all files go through one process here; the sandboxed way, one
process a file, is proved on two of them.
"""

import json
import math
import sys
from collections import Counter
from decimal import Decimal

import pytest

from qc.instruments.agreement import compare
from qc.instruments.readers.asm import outcome_from_asm
from qc.instruments.reading import ReadOutcome
from qc.instruments.registry import VENDORS
from qc.instruments.sandbox import run_reader
from tests.qc.instruments import files
from tests.qc.instruments.conftest import vendor_of

pytestmark = pytest.mark.statement("U-01")

REFUSED = {
    "vicell_xr/Beckman_Vi-Cell-XR_example02_instrumentOutput_error.xls",
    "luminex/pone.0187901.s001.csv",
}


@pytest.fixture
def outcomes(allotropy_outcomes):
    return allotropy_outcomes


@pytest.fixture
def native(file_bytes):
    return lambda name: VENDORS[vendor_of(name)].native_reader()(file_bytes(name), filename=name)


def test_each_file_is_converted_or_refused_as_described(outcomes, entries):
    for name, entry in entries.items():
        outcome = outcomes[name]
        assert outcome.ok == (entry.get("allotropy_0_1_150") == "ok"), name
        assert outcome.ok == (name not in REFUSED and not name.startswith("fcs/")), name
        if outcome.ok:
            assert outcome.reader_version == "0.1.150"
            assert outcome.readings


def test_nothing_random_or_local_gets_out(outcomes, data_folder):
    for outcome in outcomes.values():
        text = json.dumps(outcome.to_dict())
        assert str(data_folder) not in text
        assert not any(_looks_like_uuid(word) for word in text.split('"'))


def _looks_like_uuid(word):
    return len(word) == 36 and word.count("-") == 4


def test_it_agrees_with_the_native_readers_on_every_cell_count(outcomes, native):
    compared = 0
    for name, outcome in outcomes.items():
        if vendor_of(name) in ("vicell_xr", "vicell_blu", "nucleocounter") and outcome.ok:
            assert compare(native(name), outcome) == (), name
            compared += 1
    assert compared == 8


def test_a_flipped_digit_between_the_readers_is_found(outcomes, native):
    name = "vicell_xr/Beckman_Vi-Cell-XR_example05_instrumentOutput.xlsx"
    values = native(name).to_dict()
    (reading,) = [r for r in values["readings"] if r["value_text"] == "9.32"]
    reading["number"] = "9.23"
    (found,) = compare(ReadOutcome.from_dict(values), outcomes[name])
    assert found.ordinal == reading["ordinal"]
    assert found.sample_text == "CLB003"


def test_wells_that_it_leaves_out_of_a_pcr_file_are_found(outcomes, native):
    """allotropy 0.1.150 converts 3 of the 16 wells of this file, without a word."""
    name = "quantstudio/appbio_quantstudio_example05.txt"
    assert len(outcomes[name].readings) == 3
    found = compare(native(name), outcomes[name])
    assert {item.kind for item in found} == {"missing_sample"}
    assert "Sample Lung was found by the first reader only." in {item.sentence for item in found}


def test_medians_and_counts_of_the_luminex_file(outcomes, entries):
    name = "luminex/Chul_IgG3_1.csv"
    outcome = outcomes[name]
    by_well = {(r.locator.split(",")[0], r.quantity): r for r in outcome.readings}
    wells = entries[name]["expected"]["wells"]
    assert len(wells) == 95
    for well in wells:
        for analyte, values in well["analytes"].items():
            for quantity, field in (
                ("fluorescence_median", "median"),
                ("assay_bead_count", "count"),
                ("net_mfi", "net_mfi"),
            ):
                reading = by_well[well["well"], f"{analyte.lower()}_{quantity}"]
                assert reading.sample_text == well["sample_id"]
                assert reading.number == Decimal(values[field])
    assert outcome.facts["serial"] == "MAGPX15265701"
    assert any("leaves out concentrations" in warning for warning in outcome.warnings)


def test_gate_counts_of_the_flowjo_workspace(outcomes, entries):
    name = "flowjo/flowjo_example_2.wsp"
    (sample,) = entries[name]["expected"]["samples"]
    readings = outcomes[name].readings
    assert {reading.quantity for reading in readings} == {"population_count"}
    assert {reading.sample_text for reading in readings} == {sample["sample"]}
    expected = [("", sample["total"])]
    expected += [(gate["path"], gate["count"]) for gate in sample["populations"]]
    assert Counter((r.group, str(r.number)) for r in readings) == Counter(expected)


def test_values_of_the_nova_file(outcomes, entries):
    name = "nova_flex2/SampleResults2022-06-28_142558.csv"
    (record,) = entries[name]["expected"]["records"]
    found = {reading.quantity: reading for reading in outcomes[name].readings}
    for quantity, field in {
        "glucose_mass_concentration": "Gluc",
        "lactate_mass_concentration": "Lac",
        "ammonium_molar_concentration": "NH4+",
        "glutamine_molar_concentration": "Gln",
        "glutamate_molar_concentration": "Glu",
        "ph": "pH",
        "po2": "PO2",
        "pco2": "PCO2",
    }.items():
        assert found[quantity].number == Decimal(record[field])
        assert found[quantity].sample_text == record["Sample ID"]
        assert found[quantity].operator == record["Operator"]
        assert found[quantity].measured_at == "2022-06-24T14:34:52"


@pytest.mark.parametrize(
    ("name", "group", "sample", "quantity", "field"),
    [
        ("Assay_2.txt", "Unk_Dilution", "P1", "adjresult", "AdjResult"),
        (
            "MD_SMP_absorbance_endpoint_example01.txt",
            "UnknownsNoDiln",
            "01",
            "avgconc",
            "AvgConc",
        ),
        (
            "softmaxpro_example_group_with_missing_calc_column.txt",
            "Controls",
            "01",
            "meanresult",
            "MeanResult",
        ),
    ],
)
def test_reportable_values_of_the_softmax_files(
    outcomes, entries, name, group, sample, quantity, field
):
    groups = entries[f"softmax_pro/{name}"]["expected"]["groups"]
    expected = next(
        item[field]
        for entry in groups
        if entry["group"] == group
        for item in entry["samples"]
        if item["sample_id"] == sample
    )
    readings = [
        reading
        for reading in outcomes[f"softmax_pro/{name}"].readings
        if (reading.group, reading.sample_text, reading.quantity) == (group, sample, quantity)
    ]
    assert Decimal(expected) in {reading.number for reading in readings}
    assert {reading.unit for reading in readings} == {""}


def test_masked_wells_and_missing_values_of_a_softmax_file_are_not_ok(outcomes):
    statuses = Counter(r.status for r in outcomes["softmax_pro/Assay_2.txt"].readings)
    assert statuses["masked"] == 16
    assert statuses["missing"] == 17


def test_one_file_goes_through_the_sandbox(allotropy_python, outcomes, file_bytes):
    name = "vicell_xr/Beckman_Vi-Cell-XR_example05_instrumentOutput.xlsx"
    outcome = run_reader(
        "allotropy",
        data=file_bytes(name),
        filename=name,
        vendor="vicell_xr",
        python=allotropy_python,
    )
    assert outcome == outcomes[name]


def test_the_far_cell_aborts_only_the_child(allotropy_python):
    outcome = run_reader(
        "allotropy",
        data=files.far_cell(),
        filename="f.xlsx",
        vendor="vicell_xr",
        python=allotropy_python,
    )
    assert not outcome.ok
    assert outcome.error.endswith(".")


def test_an_environment_without_allotropy_is_a_sentence():
    outcome = run_reader(
        "allotropy", data=b"x", filename="f.xlsx", vendor="vicell_xr", python=sys.executable
    )
    assert "not installed" in outcome.error


def converted(*values, errors=()):
    document = {
        "measurement time": "2024-01-02T03:04:05+00:00",
        "sample document": {"sample identifier": "S1"},
        "error aggregate document": {
            "error document": [
                {"error": error, "error feature": feature} for feature, error in errors
            ]
        },
        **{name: {"value": value, "unit": "mmol/L"} for name, value in values},
    }
    asm = {
        "x aggregate document": {
            "x document": [{"measurement aggregate document": {"measurement document": [document]}}]
        }
    }
    return outcome_from_asm(asm, vendor="nova_flex2", version="1")


def test_minus_zero_and_nan_are_missing_and_errors_set_the_status():
    outcome = converted(
        ("a", -0.0),
        ("b", math.nan),
        ("c", 0.0),
        ("d", 1.5),
        ("e", 2),
        ("f", "text"),
        errors=[("d", "Out of range"), ("e", "broken")],
    )
    assert [(r.number, r.status) for r in outcome.readings] == [
        (None, "missing"),
        (None, "missing"),
        (Decimal("0.0"), "ok"),
        (Decimal("1.5"), "out_of_range"),
        (Decimal(2), "error"),
        (None, "error"),
    ]
    assert outcome.readings[0].measured_at == "2024-01-02T03:04:05"


def test_two_names_that_look_alike_stay_two_quantities():
    outcome = converted(("CD8+", 1.0), ("CD8-", 2.0), ("IL-6", 3.0), ("IL 6", 4.0), ("IL-6", 3.0))
    names = [reading.quantity for reading in outcome.readings]
    assert len(set(names)) == 4
    assert names[0] == "cd8_pos"
    assert names[1] == "cd8_neg"
