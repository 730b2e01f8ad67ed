"""Every release rule, outcome by outcome, over evidence made by hand."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdmo.portfolio.authority import Coverage
from qc.release import rules
from qc.release.evidence import values as v
from qc.release.evidence.involvement import acts_of
from qc.release.rules.base import Case
from qc.release.rules.deciding import certifier_blockers
from tests.qc.release.evidence import (
    AGREEMENTS,
    ANALYST,
    BATCH,
    LINES,
    MASTER,
    MASTER_STEPS,
    NOW,
    OPERATOR,
    PATIENT,
    QP,
    RESULTS,
    REVIEWER,
    SAMPLE,
    SPECIFICATION,
    STARTED,
    STEPS,
    a_line,
    a_lot,
    a_result,
    a_step,
    an_input,
    evidence,
    of_a_patient,
)


def judged(given_evidence, at=NOW) -> dict[str, dict]:
    return {f["rule"]: f for f in rules.judge(given_evidence, at=at)}


def verdict(given_evidence, at=NOW) -> str:
    return rules.verdict_of(
        rules.judge(given_evidence, at=at),
        allows_conditional=given_evidence.batch.allows_conditional,
    )


def results(**changes):
    """The good results with the one of a test changed, or left out (None)."""
    return [
        r._replace(**changes[r.test]) if changes.get(r.test) else r
        for r in RESULTS
        if r.test not in changes or changes[r.test] is not None
    ]


def steps(**changes):
    return [s._replace(**changes.get(s.code, {})) for s in STEPS]


NOTHING_REQUIRED = tuple(line._replace(required=False) for line in LINES)
UNSTARTED = BATCH._replace(execution="issued", started_at=None, completed_at=None)
DRAFT = {"status": "draft", "verdict": "", "reviewer": None}
METHOD = v.Method(1, "M-1", 1, "approved", "validated", False)
OVERDUE = [v.Calibration(1, date(2025, 1, 1), date(2026, 1, 1), True)]
LOOSE = [v.TrailLine(1, 41, "step", "AST-26-001/SEED", NOW)]
EXPLAINED = v.TrailReview(1, "ATR-26-0001", True, [41], 5, NOW)
OOS = v.Oos(1, "OOS-1", RESULTS[0].id, "open", "")
DEVIATION = v.Deviation(1, "DEV-1", "minor", "open", None)
COMPONENT = v.Ancestor(7, "PLASMID-1", "PLASMID", "released", "180", "mg", "", False)
UNRECORDED = COMPONENT._replace(yield_value=None, yield_unit="", overdrawn=None)
IN_OTHER_UNITS = COMPONENT._replace(other_units="mL", overdrawn=None)
OF_COMPONENT = {
    "inputs": [an_input(), an_input(None, 7)],
    "ancestors": [COMPONENT],
    "ancestor_inputs": [an_input(2, batch_id=7)],
    "lots": {1: a_lot(), 2: a_lot(2, origin="donation", donation_number="G123498654321")},
}


def with_component(**facts):
    return evidence(**{**OF_COMPONENT, **facts})


CASES = [
    ("RC-01", "pass", evidence()),
    ("RC-01", "fail", evidence(specifications=(), lines=())),
    ("RC-01", "fail", evidence(specifications=(SPECIFICATION, SPECIFICATION._replace(id=2)))),
    ("RC-01", "fail", evidence(lines=())),
    ("RC-01", "pending", evidence(batch=UNSTARTED)),
    ("RC-02", "pass", evidence()),
    ("RC-02", "pending", evidence(results=results(viability=None))),
    ("RC-02", "pending", evidence(results=results(viability={"status": "submitted"}))),
    ("RC-02", "pending", evidence(results=results(viability={"status": "superseded"}))),
    ("RC-02", "pending", evidence(samples={1: SAMPLE._replace(kind="stability")})),
    ("RC-02", "pending", evidence(lines=(), specifications=())),
    ("RC-02", "pending", evidence(lines=NOTHING_REQUIRED)),
    ("RC-03", "pass", evidence()),
    ("RC-03", "pass", evidence(lines=NOTHING_REQUIRED)),
    ("RC-03", "pending", evidence(lines=NOTHING_REQUIRED, results=[])),
    ("RC-03", "fail", evidence(results=results(viability={"verdict": "fail"}))),
    ("RC-03", "fail", evidence(results=[*RESULTS, a_result(99, LINES[0], verdict="fail")])),
    ("RC-03", "pending", evidence(results=results(viability={"verdict": "inconclusive"}))),
    ("RC-03", "pending", evidence(results=results(viability={"verdict": ""}))),
    ("RC-03", "pending", evidence(results=results(viability={"line_id": 77}))),
    ("RC-03", "pending", evidence(results=[])),
    ("RC-04", "not_applicable", evidence()),
    ("RC-04", "pass", evidence(oos=[OOS._replace(status="closed", conclusion="not_confirmed")])),
    ("RC-04", "fail", evidence(oos=[OOS._replace(status="closed", conclusion="confirmed")])),
    ("RC-04", "pending", evidence(oos=[OOS])),
    ("RC-04", "pending", evidence(results=results(viability={"verdict": "fail"}))),
    ("RC-07", "pass", evidence()),
    ("RC-07", "fail", evidence(results=results(viability={"reviewer": ANALYST}))),
    ("RC-07", "pending", evidence(results=results(viability=DRAFT))),
    ("RC-07", "pending", evidence(results=[])),
    ("RC-09", "pass", evidence()),
    ("RC-09", "fail", evidence(methods={1: METHOD._replace(status="draft")})),
    ("RC-09", "fail", evidence(methods={1: METHOD._replace(validation="development")})),
    ("RC-09", "fail", evidence(methods={1: METHOD._replace(code="M-2")})),
    ("RC-09", "pending", evidence(results=results(viability={"method_id": None}))),
    ("RC-09", "pending", evidence(results=[])),
    ("RC-10", "pass", evidence()),
    ("RC-10", "fail", evidence(calibrations=OVERDUE)),
    ("RC-10", "fail", evidence(calibrations=[
        v.Calibration(1, date(2026, 1, 1), date(2026, 12, 31), False)])),
    ("RC-10", "not_applicable", evidence(results=results(viability={"instrument_id": None}))),
    ("RC-10", "pending", evidence(calibrations=[])),
    ("RC-10", "pending", evidence(
        results=results(viability={"instrument_id": None}),
        methods={1: METHOD._replace(needs_instrument=True)})),
    ("RC-17", "pass", evidence()),
    ("RC-17", "fail", evidence(batch=BATCH._replace(execution="aborted"))),
    ("RC-17", "fail", evidence(steps=STEPS[:1])),
    ("RC-17", "fail", evidence(steps=steps(CLEAR={"status": "performed", "verified_by": None}))),
    ("RC-17", "fail", evidence(steps=steps(CLEAR={"verified_by": OPERATOR}))),
    ("RC-17", "fail", evidence(steps=steps(SEED={"status": "not_applicable"}))),
    ("RC-17", "pending", evidence(batch=BATCH._replace(execution="in_process"))),
    ("RC-17", "pending", evidence(batch=BATCH._replace(reviewed_at=None))),
    ("RC-17", "pending", evidence(signatures=[])),
    ("RC-17", "pending", evidence(master_steps=())),
    ("RC-18", "pass", evidence()),
    ("RC-18", "fail", evidence(master=MASTER._replace(status="draft"))),
    ("RC-18", "fail", evidence(master=MASTER._replace(process_version_id=2))),
    ("RC-18", "fail", evidence(master=MASTER._replace(product_id=2))),
    ("RC-18", "fail", evidence(batch=BATCH._replace(process_site_id=2))),
    ("RC-18", "fail", evidence(master=MASTER._replace(effective_from=date(2026, 11, 20)))),
    ("RC-18", "pending", evidence(master=None)),
    ("RC-18", "pending", evidence(batch=BATCH._replace(issued_at=None))),
    ("RC-19", "pass", evidence()),
    ("RC-19", "pass", evidence(
        steps=steps(SEED={"in_limits": False}), deviations=[DEVIATION._replace(step_id=21)])),
    ("RC-19", "fail", evidence(steps=steps(SEED={"in_limits": False}))),
    ("RC-19", "fail", evidence(steps=steps(SEED={"was_out": True}))),
    ("RC-19", "pending", evidence(steps=steps(SEED={"in_limits": None}))),
    ("RC-19", "pending", evidence(steps=[])),
    ("RC-20", "pass", evidence()),
    ("RC-20", "fail", evidence(batch=BATCH._replace(yield_value="49.9"))),
    ("RC-20", "not_applicable", evidence(
        master=MASTER._replace(yield_lower=None, yield_upper=None))),
    ("RC-20", "pending", evidence(batch=BATCH._replace(yield_value=None))),
    ("RC-20", "pending", evidence(batch=BATCH._replace(yield_unit="mL"))),
    ("RC-21", "not_applicable", evidence()),
    ("RC-21", "pass", evidence(deviations=[DEVIATION._replace(status="closed")])),
    ("RC-21", "fail", evidence(deviations=[DEVIATION._replace(classification="critical")])),
    ("RC-21", "pending", evidence(deviations=[DEVIATION])),
    ("RC-21", "pending", evidence(deviations=[DEVIATION._replace(classification="")])),
    ("RC-23", "pass", evidence()),
    ("RC-23", "fail", evidence(lots={1: a_lot(expires_at=STARTED)})),
    ("RC-23", "fail", evidence(lots={1: a_lot(released_at=None, status="quarantine")})),
    ("RC-23", "fail", evidence(lots={1: a_lot(released_at=STARTED + timedelta(days=1))})),
    ("RC-23", "fail", evidence(lots={1: a_lot(status="recalled")})),
    ("RC-23", "fail", evidence(lots={1: a_lot(status="expired", stopped_at=STARTED)})),
    ("RC-23", "fail", with_component(lots={1: a_lot(), 2: a_lot(2, status="recalled")})),
    ("RC-23", "not_applicable", evidence(
        inputs=[an_input(None, 7)], ancestors=[COMPONENT], lots={2: a_lot(2)},
        ancestor_inputs=[an_input(2, batch_id=7)])),
    ("RC-23", "pending", with_component(ancestor_inputs=[])),
    ("RC-23", "pending", evidence(inputs=[])),
    ("RC-24", "pass", with_component()),
    ("RC-24", "fail", with_component(ancestors=[COMPONENT._replace(disposition="pending")])),
    ("RC-24", "fail", with_component(ancestors=[COMPONENT._replace(disposition="recalled")])),
    ("RC-24", "not_applicable", evidence()),
    ("RC-24", "pending", with_component(ancestors=[COMPONENT._replace(disposition="conditional")])),
    ("RC-25", "pass", evidence()),
    ("RC-25", "pass", with_component()),
    ("RC-25", "fail", with_component(ancestor_inputs=[])),
    ("RC-25", "fail", with_component(ancestors=[])),
    ("RC-25", "fail", with_component(ancestors=[COMPONENT._replace(overdrawn=True)])),
    ("RC-25", "pending", with_component(ancestors=[UNRECORDED])),
    ("RC-25", "pending", with_component(ancestors=[IN_OTHER_UNITS])),
    ("RC-25", "fail", with_component(
        ancestors=[COMPONENT._replace(overdrawn=True, other_units="mL")])),
    ("RC-25", "fail", evidence(lots={1: a_lot(origin="donation")})),
    ("RC-25", "fail", evidence(lots={1: a_lot(origin="produced", produced_by=7)})),
    ("RC-25", "pending", evidence(inputs=[])),
    ("RC-27", "not_applicable", evidence()),
    ("RC-27", "pass", of_a_patient()),
    ("RC-27", "fail", of_a_patient(scans=[])),
    ("RC-27", "fail", of_a_patient(scans=[v.Scan(1, "start", "COI-1", False, STARTED, OPERATOR)])),
    ("RC-27", "fail", of_a_patient(batch=PATIENT._replace(coi_product_id=2))),
    ("RC-27", "pending", of_a_patient(batch=PATIENT._replace(coi=None))),
    ("RC-27", "pending", of_a_patient(batch=PATIENT._replace(execution="in_process"), scans=[])),
    ("RC-36", "pass", evidence()),
    ("RC-36", "fail", evidence(coverage=Coverage())),
    ("RC-36", "fail", evidence(coverage=Coverage(agreements=AGREEMENTS[:1]))),
    ("RC-36", "fail", evidence(coverage=Coverage(
        agreements=(replace(AGREEMENTS[0], kind="mou"), AGREEMENTS[1])))),
    ("RC-36", "fail", evidence(coverage=Coverage(agreements=tuple(
        replace(a, valid_until=date(2026, 11, 19)) for a in AGREEMENTS)))),
    ("RC-36", "not_applicable", evidence(coverage=Coverage(internal=True))),
    ("RC-40", "pass", evidence()),
    ("RC-40", "pass", evidence(trail=LOOSE, trail_review=EXPLAINED)),
    ("RC-40", "fail", evidence(trail=LOOSE)),
    ("RC-40", "fail", evidence(trail=LOOSE, trail_review=EXPLAINED._replace(explained=[40]))),
    ("RC-40", "fail", evidence(trail_review=EXPLAINED._replace(accepted=False))),
    ("RC-40", "pending", evidence(batch=UNSTARTED)),
    ("RC-40", "pending", evidence(signatures=[])),
    ("RC-40", "not_applicable", evidence(batch=BATCH._replace(execution="aborted"))),
    ("RC-41", "pass", evidence()),
    ("RC-41", "fail", evidence(qualified_persons=())),
    ("RC-41", "fail", evidence(people={QP: "qp@cdmo.example"})),
    ("RC-41", "fail", evidence(qualified_persons=(
        v.QualifiedPerson(1, QP, "qp@cdmo.example", STARTED, NOW),))),
]  # fmt: skip


@pytest.mark.statement(param="rule")
@pytest.mark.parametrize(
    ("rule", "outcome", "given_evidence"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{n}" for n, c in enumerate(CASES)],
)
def test_a_rule_comes_to_its_outcome(rule, outcome, given_evidence):
    finding = judged(given_evidence)[rule]

    assert (finding["outcome"], finding["message"]) == (outcome, finding["message"])
    assert finding["message"].endswith(".")
    if outcome in {"fail", "pending"}:
        assert finding["action"]
        assert finding["owner"]


def test_a_change_past_the_application_blocks_until_a_review_explains_it():
    assert judged(evidence(trail=LOOSE))["RC-40"]["class"] == "justifiable"
    assert verdict(evidence(trail=LOOSE)) == "blocked"
    assert verdict(evidence(trail=LOOSE, trail_review=EXPLAINED)) == "ready"


def test_every_rule_has_its_outcomes_tested():
    seen = {}
    for rule, outcome, _ in CASES:
        seen.setdefault(rule, set()).add(outcome)
    assert set(seen) == {entry.id for entry in rules.CATALOGUE}
    for rule, outcomes in seen.items():
        assert "pass" in outcomes, rule
        assert outcomes & {"fail", "pending"}, rule


def test_a_batch_with_nothing_missing_is_ready():
    assert verdict(evidence()) == "ready"
    assert verdict(of_a_patient()) == "ready"
    assert verdict(with_component()) == "ready"


def test_no_findings_are_no_reason_to_release():
    assert rules.verdict_of([], allows_conditional=True) == "pending"


def test_a_hard_fail_blocks_and_a_missing_result_waits():
    assert verdict(evidence(results=results(viability={"verdict": "fail"}))) == "blocked"
    assert verdict(evidence(results=results(viability=None))) == "pending"


def test_a_result_that_may_follow_makes_the_batch_conditional():
    given_evidence = evidence(results=results(sterility=None))

    findings = judged(given_evidence)

    assert verdict(given_evidence) == "conditional"
    assert findings["RC-02"]["class"] == "may_follow"
    assert (
        "may follow" in findings["RC-02"]["message"]
        or "follow release" in findings["RC-02"]["message"]
    )


def test_it_stays_pending_where_the_product_does_not_allow_it():
    batch = BATCH._replace(allows_conditional=False)
    assert verdict(evidence(batch=batch, results=results(sterility=None))) == "pending"


@pytest.mark.parametrize("stand_in", [None, {"verdict": "inconclusive"}, {"status": "submitted"}])
def test_without_a_passing_surrogate_nothing_may_follow(stand_in):
    given_evidence = evidence(results=results(**{"sterility": None, "gram stain": stand_in}))

    assert verdict(given_evidence) == "pending"
    assert judged(given_evidence)["RC-02"]["class"] == "hard"


def test_interim_growth_results_may_follow_but_are_no_pass():
    given_evidence = evidence(results=results(sterility={"verdict": "inconclusive"}))

    assert judged(given_evidence)["RC-03"]["outcome"] == "pending"
    assert verdict(given_evidence) == "conditional"


def test_a_justified_fail_stays_a_fail_and_no_longer_blocks():
    given_evidence = evidence(batch=BATCH._replace(yield_value="20"))
    message = judged(given_evidence)["RC-20"]["message"]
    accepted = v.Justified(1, "RC-20", message, "Small donor.", "Qp Person", NOW)

    finding = judged(replace(given_evidence, justifications=[accepted]))["RC-20"]

    assert finding["outcome"] == "fail"
    assert finding["justified"]["rationale"] == "Small donor."
    assert verdict(given_evidence) == "blocked"
    assert verdict(replace(given_evidence, justifications=[accepted])) == "ready"


def test_a_justification_counts_only_while_the_finding_says_the_same():
    given_evidence = evidence(batch=BATCH._replace(yield_value="20"))
    message = judged(given_evidence)["RC-20"]["message"]
    accepted = v.Justified(1, "RC-20", message, "Small donor.", "Qp Person", NOW)
    worse = evidence(batch=BATCH._replace(yield_value="2"), justifications=[accepted])

    assert "justified" not in judged(worse)["RC-20"]
    assert verdict(worse) == "blocked"


def test_a_hard_rule_is_never_justified():
    given_evidence = evidence(lots={1: a_lot(status="recalled")})
    message = judged(given_evidence)["RC-23"]["message"]
    accepted = v.Justified(1, "RC-23", message, "Fine.", "Qp Person", NOW)

    assert verdict(replace(given_evidence, justifications=[accepted])) == "blocked"


def test_age_carries_over_while_the_outcome_is_the_same():
    former = {"RC-21": {"outcome": "pending", "since": "2026-11-01T00:00:00.000000Z"},
              "RC-02": {"outcome": "pending", "since": "2026-11-02T00:00:00.000000Z"}}  # fmt: skip

    findings = {
        f["rule"]: f
        for f in rules.judge(evidence(deviations=[DEVIATION]), at=NOW, former=former, since="now")
    }

    assert findings["RC-21"]["since"] == "2026-11-01T00:00:00.000000Z"
    assert findings["RC-02"]["since"] == "now"


# Missing evidence is never a pass: whatever else is right or wrong, taking away a whole kind of
# supporting evidence makes no rule pass that did not pass before.
TAKEN_AWAY = {
    "specification": {"specifications": (), "lines": ()},
    "results": {"results": []},
    "samples and results": {"results": [], "samples": {}},
    "methods": {"methods": {}},
    "calibrations": {"calibrations": []},
    "master": {"master": None, "master_steps": ()},
    "steps": {"steps": []},
    "inputs": {"inputs": []},
    "signatures": {"signatures": []},
    "scans": {"scans": []},
    "qualified persons": {"qualified_persons": ()},
    "agreements": {"coverage": Coverage()},
    "ancestors' inputs": {"ancestor_inputs": []},
}
SPOILT = st.lists(st.sampled_from([c[2] for c in CASES]), min_size=1, max_size=1).map(
    lambda x: x[0]
)


@given(SPOILT, st.sampled_from(sorted(TAKEN_AWAY)))
def test_taking_evidence_away_never_makes_a_rule_pass(given_evidence, kind):
    before = judged(given_evidence)
    after = judged(replace(given_evidence, **TAKEN_AWAY[kind]))

    for rule, finding in after.items():
        if before[rule]["outcome"] in {"fail", "pending"}:
            assert finding["outcome"] != "pass", (kind, rule)
    assert rules.verdict_of(list(after.values()), allows_conditional=True) not in {"ready"} or (
        rules.verdict_of(list(before.values()), allows_conditional=True) == "ready"
    )


@pytest.mark.statement("RC-02")
@given(st.sampled_from(RESULTS))
def test_leaving_out_any_one_required_result_is_never_ready(left_out):
    rest = [r for r in RESULTS if r.id != left_out.id]
    assert verdict(evidence(results=rest)) != "ready"


@pytest.mark.statement("RC-17")
@given(st.sampled_from(STEPS))
def test_leaving_out_any_one_step_is_never_ready(left_out):
    assert verdict(evidence(steps=[s for s in STEPS if s.id != left_out.id])) == "blocked"


def test_results_of_the_surrogate_kind_are_not_counted_twice():
    extra = a_line(9, "identity")
    given_evidence = evidence(lines=(*LINES, extra))

    assert judged(given_evidence)["RC-02"]["message"].startswith("1 of 4 required tests lacks")


def test_an_open_step_that_is_not_mandatory_is_no_gap():
    note = a_step(29, MASTER_STEPS[2], status="open", performed_by=None)
    assert judged(evidence(steps=[*STEPS, note]))["RC-17"]["outcome"] == "pass"


def test_an_unused_reviewer_is_no_obstacle_to_the_certifier():
    assert REVIEWER not in {q.user_id for q in evidence().qualified_persons}


def test_an_unrecorded_yield_is_waited_for_by_name_and_by_whom():
    finding = judged(with_component(ancestors=[UNRECORDED]))["RC-25"]

    assert "yield of component PLASMID-1 is not recorded" in finding["message"]
    assert finding["records"] == [{"record_type": "batch", "record": "PLASMID-1"}]
    assert finding["owner"] == "supervisor"
    assert "PLASMID-1" in finding["action"]


def test_a_yield_without_its_unit_balances_nothing():
    bare = COMPONENT._replace(yield_unit="", overdrawn=None)
    assert "is not recorded" in judged(with_component(ancestors=[bare]))["RC-25"]["message"]


def test_uses_in_another_unit_are_named_with_both_units():
    finding = judged(with_component(ancestors=[IN_OTHER_UNITS]))["RC-25"]

    assert "PLASMID-1 yielded in mg, but uses of it are in mL" in finding["message"]
    assert finding["owner"] == "operator"


ACTS = {
    "started it or witnessed its start": {"starts": [v.Start(1, OPERATOR, QP)]},
    "made it": {"inputs": [an_input()._replace(recorded_by=QP)]},
    "verified steps of it": {"steps": steps(CLEAR={"verified_by": QP})},
    "scanned its identity": {"scans": [v.Scan(1, "start", "COI-1", True, STARTED, QP)]},
    "took samples of it": {"samples": {1: SAMPLE._replace(taken_by=QP)}},
    "tested it": {"results": results(viability={"analyst": QP})},
    "reviewed its results": {"results": results(viability={"reviewer": QP})},
    "signed or reviewed its record": {"signatures": [v.SignatureFacts(1, "review", QP, STARTED)]},
}


def test_each_act_on_a_batch_is_tested():
    assert set(ACTS) == set(
        acts_of(
            batch=BATCH, starts=[], steps=[], inputs=[], scans=[], samples=[], results=[],
            signatures=[],
        )
    )  # fmt: skip


@pytest.mark.statement("RC-41")
@pytest.mark.parametrize("did", ACTS)
@pytest.mark.statement("P-33")
def test_whoever_had_a_hand_in_the_batch_may_not_certify_it(did):
    person = SimpleNamespace(pk=QP, full_name="Quinn")

    (blocker,) = certifier_blockers(Case(evidence(**ACTS[did]), NOW), by=person)

    assert blocker.code == "took_part"
    assert f"Quinn {did}: whoever made, tested or reviewed a batch" in blocker.message
    assert not list(certifier_blockers(Case(evidence(), NOW), by=person))


@pytest.mark.statement("P-33")
def test_whose_work_somebody_else_corrected_may_not_certify_either():
    person = SimpleNamespace(pk=QP, full_name="Quinn")

    (blocker,) = certifier_blockers(Case(evidence(), NOW), by=person, worked=True)

    assert blocker.code == "took_part"
