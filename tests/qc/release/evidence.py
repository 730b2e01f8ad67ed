"""Frozen evidence made by hand: a batch with nothing missing, and ways to take things away."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cdmo.portfolio.authority import AgreementFacts, Coverage, ScopeFacts
from qc.release.evidence import values as v

STARTED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OPERATOR, SUPERVISOR, ANALYST, REVIEWER, QA, QP = range(1, 7)

BATCH = v.BatchFacts(
    id=1, number="B-1", sponsor_id=1, sponsor="KADIMASTEM", product_id=1, product="ASTRORX",
    modality="allogeneic", allows_conditional=True, purpose="clinical", execution="completed",
    site_id=1, site="HFA", timezone="Asia/Jerusalem", issued_at=STARTED - timedelta(days=1),
    started_at=STARTED, completed_at=STARTED + timedelta(days=5),
    reviewed_at=STARTED + timedelta(days=6), reviewed_by=QA, yield_value="120", yield_unit="10*6",
    coi=None, coi_product_id=None, process_version="PR-1", process_version_id=1,
    process_product_id=1, process_site_id=1, master_id=1,
)  # fmt: skip
PATIENT = BATCH._replace(modality="autologous", coi="COI-1", coi_product_id=1)
MASTER = v.MasterFacts(1, "MBR-1", "effective", 1, 1, date(2026, 1, 1), "10*6", "50", "500")
MASTER_STEPS = (
    v.MasterStep(1, "CLEAR", "Line clearance", True, True),
    v.MasterStep(1, "SEED", "Seeding", False, True),
    v.MasterStep(1, "NOTE", "Remarks", False, False),
)
SPECIFICATION = v.Specification(1, 1, "SP-1", "drug_product", 1, date(2026, 1, 1), None)


def a_line(pk, test, *, method="M-1", required=True, may_follow=False, surrogate="", hours=24):
    return v.Line(
        pk, 1, pk, test, method, "%", ">= 80", "usp", required, may_follow, surrogate, hours
    )


LINES = (
    a_line(1, "viability"),
    a_line(2, "gram stain"),
    a_line(3, "sterility", may_follow=True, surrogate="gram stain", hours=336),
    a_line(4, "appearance", required=False, method=""),
)
SAMPLE = v.Sample(1, 1, "S-1", "release", STARTED + timedelta(days=5), OPERATOR)


def a_result(pk, line, **facts):
    return v.Result(
        batch_id=1, id=pk, sample_id=1, test=line.test, line_id=line.id, method_id=1,
        instrument_id=1 if line.id == 1 else None, value="95.0", unit="%", status="approved",
        reportable="95", verdict="pass", tested_at=STARTED + timedelta(days=6), analyst=ANALYST,
        reviewer=REVIEWER,
    )._replace(**facts)  # fmt: skip


RESULTS = [a_result(10 + line.id, line) for line in LINES if line.required]


def a_step(pk, planned, **facts):
    return v.Step(
        batch_id=1, id=pk, code=planned.code, title=planned.title, critical=planned.critical,
        mandatory=planned.mandatory, status="verified" if planned.critical else "performed",
        value="95", unit="%", in_limits=True, has_limits=True, was_out=False,
        performed_by=OPERATOR, performed_at=STARTED,
        verified_by=SUPERVISOR if planned.critical else None, corrected_by=None,
    )._replace(**facts)  # fmt: skip


STEPS = [a_step(20 + n, planned) for n, planned in enumerate(MASTER_STEPS[:2])]


def a_lot(pk=1, **facts):
    return v.Lot(
        id=pk, number=f"LOT-{pk}", material="MEDIUM", origin="supplier", status="released",
        expires_at=STARTED + timedelta(days=90), released_at=STARTED - timedelta(days=9),
        stopped_at=None, donation_number="", produced_by=None,
    )._replace(**facts)  # fmt: skip


def an_input(lot_id=1, source_batch_id=None, *, batch_id=1, used_at=STARTED + timedelta(hours=1)):
    return v.Input(batch_id, lot_id, source_batch_id, "10", "mL", used_at, OPERATOR)


AGREEMENTS = tuple(
    AgreementFacts(
        number=number,
        kind=kind,
        status="in_force",
        valid_from=date(2026, 1, 1),
        valid_until=None,
        scope=(ScopeFacts("clinical batches", "gmp_clinical", "in_scope", None),),
    )
    for number, kind in (("WO-1", "work_order"), ("QA-1", "quality_agreement"))
)


def evidence(**facts) -> v.BatchEvidence:
    """Evidence of a batch with nothing missing; `facts` replaces parts."""
    whole = v.BatchEvidence(
        batch=BATCH,
        master=MASTER,
        master_steps=MASTER_STEPS,
        specifications=(SPECIFICATION,),
        lines=LINES,
        samples={1: SAMPLE},
        results=RESULTS,
        methods={1: v.Method(1, "M-1", 1, "approved", "validated", False)},
        instruments={1: v.Instrument(1, "VICELL-1", "Asia/Jerusalem")},
        calibrations=[v.Calibration(1, date(2026, 1, 1), date(2026, 12, 31), True)],
        steps=STEPS,
        inputs=[an_input()],
        lots={1: a_lot()},
        ancestors=[],
        ancestor_inputs=[],
        deviations=[],
        oos=[],
        scans=[],
        starts=[v.Start(1, OPERATOR, SUPERVISOR)],
        signatures=[
            v.SignatureFacts(1, "complete", SUPERVISOR, STARTED + timedelta(days=5)),
            v.SignatureFacts(1, "review", QA, STARTED + timedelta(days=6)),
        ],
        qualified_persons=(
            v.QualifiedPerson(1, QP, "qp@cdmo.example", datetime(2020, 1, 1, tzinfo=UTC), None),
        ),
        coverage=Coverage(agreements=AGREEMENTS),
        justifications=[],
        trail=[],
        trail_review=None,
        people={pk: f"{pk}@cdmo.example" for pk in (OPERATOR, SUPERVISOR, ANALYST, REVIEWER, QA)},
    )
    return replace(whole, **facts)


def of_a_patient(**facts) -> v.BatchEvidence:
    scans = [
        v.Scan(1, handover, "COI-1", True, STARTED + timedelta(hours=n), OPERATOR)
        for n, handover in enumerate(("start", "fill"))
    ]
    return evidence(**{"batch": PATIENT, "scans": scans, **facts})
