"""Each gate's rules on frozen evidence: what is missing is a blocker with its record."""

from dataclasses import replace
from datetime import date

import pytest

from cdmo.blockers import Ref
from cdmo.portfolio.authority import AgreementFacts, Coverage, ScopeFacts
from techtransfer.projects.evidence import (
    BatchFact,
    ConditionFact,
    Fact,
    LineFact,
    TransferEvidence,
)
from techtransfer.projects.rules import gate_blockers, is_hard, shown_to_sponsor
from techtransfer.projects.states import GATES

pytestmark = pytest.mark.statement("U-17")

TODAY = date(2026, 11, 20)


def agreement(kind="msa", *, work="tech_transfer", item="in_scope", **more):
    facts = {"status": "in_force", "valid_from": date(2026, 1, 1), "valid_until": None} | more
    scope = (ScopeFacts("Transfer", work, item, None),)
    return AgreementFacts(number=f"{kind}-1", kind=kind, scope=scope, **facts)


def batch(number, purpose="ppq", execution="completed", disposition="released", reviewed=True):
    return BatchFact(number, purpose, execution, disposition, reviewed)


ALL_WELL = TransferEvidence(
    transfer=Ref("transfer", "TT-1"),
    product=Ref("product", "ASTRORX"),
    today=TODAY,
    sending_unit="KADIMASTEM",
    receiving_unit="PLURI",
    site="HFA",
    target_on=date(2027, 1, 1),
    planned_batches=2,
    coverage=Coverage(agreements=(agreement(), agreement("quality_agreement"))),
    gates=dict.fromkeys(GATES, "go"),
    processes=(Fact("process", "P", ""),),
    versions=(Fact("process_version", "P-V1", "qualified"),),
    masters=(Fact("master_batch_record", "M-1", "effective"),),
    specifications=(Fact("specification", "S-1", "in_force"),),
    lines={"S-1": (LineFact("Viability", "M-CELLS", "approved"),)},
    batches=(batch("E-1", "engineering", disposition="pending"), batch("B-1"), batch("B-2")),
)


def found(code, **changes):
    return [b.code for b in gate_blockers(code, replace(ALL_WELL, **changes))]


@pytest.mark.parametrize("code", GATES)
def test_nothing_stands_in_the_way_when_all_is_well(code):
    assert found(code) == []


@pytest.mark.parametrize(
    ("code", "changes", "blockers"),
    [
        ("G0", {"coverage": Coverage()}, ["no_agreement"]),
        ("G0", {"coverage": Coverage((agreement("mou"),))}, ["no_agreement", "talks_only"]),
        ("G0", {"coverage": Coverage((agreement("cda"),))}, ["no_agreement", "talks_only"]),
        ("G0", {"coverage": Coverage((agreement(item="declined"),))}, ["no_agreement"]),
        ("G0", {"coverage": Coverage((agreement(status="draft"),))}, ["no_agreement"]),
        (
            "G0",
            {"coverage": Coverage((agreement(valid_until=date(2026, 11, 19)),))},
            ["no_agreement"],
        ),
        ("G0", {"coverage": Coverage((agreement(work="testing"),))}, ["no_agreement"]),
        (
            "G0",
            {"coverage": Coverage((agreement(item="option"),))},
            ["no_agreement", "option_not_exercised"],
        ),
        ("G1", {"processes": ()}, ["process_missing"]),
        ("G1", {"site": ""}, ["receiving_site_missing"]),
        ("G1", {"sending_unit": ""}, ["sending_unit_missing"]),
        ("G1", {"receiving_unit": ""}, ["receiving_unit_missing"]),
        (
            "G2",
            {"target_on": None, "planned_batches": 0},
            ["target_missing", "batches_not_planned"],
        ),
        ("G2", {"versions": ()}, ["process_version_missing"]),
        ("G3", {"coverage": Coverage((agreement(),))}, ["no_quality_agreement"]),
        (
            "G3",
            {"versions": (Fact("process_version", "P-V1", "development"),), "masters": ()},
            ["process_version_not_approved", "master_missing"],
        ),
        ("G4", {"specifications": ()}, ["specification_missing"]),
        (
            "G4",
            {"specifications": (Fact("specification", "S-1", "draft"),)},
            ["specification_missing"],
        ),
        ("G4", {"lines": {"S-1": (LineFact("pH", "", None),)}}, ["method_missing"]),
        ("G4", {"lines": {"S-1": (LineFact("pH", "M-PH", "draft"),)}}, ["method_not_approved"]),
        ("G4", {"lines": {"S-1": (LineFact("pH", "M-PH", None),)}}, ["method_not_approved"]),
        ("G5", {"batches": ()}, ["engineering_batch_missing"]),
        (
            "G5",
            {"batches": (batch("E-1", "engineering", "in_process", "pending", False),)},
            ["engineering_batch_missing"],
        ),
        (
            "G5",
            {"batches": (batch("E-1", "engineering", "completed", "pending", False),)},
            ["engineering_batch_not_reviewed"],
        ),
        (
            "G6",
            {"masters": (Fact("master_batch_record", "M-1", "draft"),)},
            ["master_not_effective"],
        ),
        ("G6", {"batches": (batch("B-1"),)}, ["batches_not_certified"]),
        (
            "G6",
            {"batches": (batch("B-1"), batch("B-2", disposition="conditional"))},
            ["batches_not_certified", "batch_waits"],
        ),
        ("G6", {"batches": (batch("B-1"), batch("E", "engineering"))}, ["batches_not_certified"]),
        (
            "G6",
            {"deviations": (Fact("deviation", "DEV-1", "major", parent="B-1"),)},
            ["open_deviation"],
        ),
        (
            "G7",
            {"conditions": (ConditionFact("G2", "Train", date(2027, 1, 1)),)},
            ["condition_open"],
        ),
        (
            "G7",
            {"versions": (Fact("process_version", "P-V1", "engineering"),)},
            ["process_version_not_qualified"],
        ),
    ],
)
def test_what_is_missing_is_named(code, changes, blockers):
    assert found(code, **changes) == blockers


def test_every_blocker_names_its_record_and_who_can_lift_it():
    empty = replace(
        ALL_WELL,
        coverage=Coverage(),
        gates={},
        processes=(),
        versions=(),
        masters=(),
        specifications=(),
        batches=(),
        site="",
        target_on=None,
    )
    for code in GATES:
        for blocker in gate_blockers(code, empty):
            assert blocker.record_type, blocker
            assert blocker.record_key, blocker
            assert blocker.owner, blocker


def test_an_earlier_gate_comes_first_and_a_conditional_go_counts():
    gates = dict.fromkeys(GATES, "go") | {"G1": "conditional_go", "G2": "hold"}
    blockers = list(gate_blockers("G4", replace(ALL_WELL, gates=gates)))
    assert [(b.code, b.record_key) for b in blockers] == [("earlier_gate", "TT-1/G2")]


def test_only_overdue_conditions_of_earlier_gates_block_the_next():
    late = ConditionFact("G2", "Train", date(2026, 11, 19))
    assert found("G3", conditions=(late,)) == ["condition_overdue"]
    assert found("G2", conditions=(late,)) == []
    assert found("G3", conditions=(replace(late, due_on=TODAY),)) == []


def test_a_missing_agreement_can_be_no_condition_but_a_missing_document_can():
    assert all(is_hard(b) for b in gate_blockers("G0", replace(ALL_WELL, coverage=Coverage())))
    assert not any(is_hard(b) for b in gate_blockers("G3", replace(ALL_WELL, masters=())))


def test_a_sponsor_is_shown_the_batch_and_not_the_open_deviation():
    deviation = Fact("deviation", "DEV-1", "critical", "B-1", shown_as=Ref("batch", "B-1"))
    (blocker,) = gate_blockers("G6", replace(ALL_WELL, deviations=(deviation,)))
    assert (blocker.record_type, blocker.record_key) == ("deviation", "DEV-1")
    shown = shown_to_sponsor(blocker)
    assert (shown["record_type"], shown["record"]) == ("batch", "B-1")
    assert "DEV-1" not in str(shown)
