"""20,000 batches with 20 specification lines and 15 inputs each, written by SQL in about a minute.

Triggers and foreign keys are off while the big tables are filled and on again for the measurement.
Every 10th batch lacks a result, every 15th has an open deviation, every 20th took an expired lot.
Every 25th also took of another batch; of these in turn all is well, the yield was never recorded,
more was used than there was, or the use is in another unit.
"""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from batches.manufacture.models import MasterBatchRecord, MasterStep
from batches.materials.models import Lot, Material
from cdmo.accounts.models import Appointment, Organisation, Site, User
from cdmo.portfolio.models import Agreement, Process, ProcessVersion, Product, ScopeItem
from qc.instruments.models import Calibration, Instrument
from qc.laboratory.models import Method
from qc.specifications.models import Specification, SpecificationLine

BATCHES, LINES, INPUTS, STEPS = 20_000, 20, 15, 10
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SPONSORS, LOTS = 4, 400
_BIG = (
    "batches_batch", "batches_batchstep", "batches_consumption", "batches_deviation", "qc_sample",
    "qc_result", "records_signature", "qc_releasecheck",
)  # fmt: skip


def seed(batches: int = BATCHES) -> None:
    people = _people()
    _laboratory(people)
    for number in range(SPONSORS):
        _sponsor(number, people)
    _stock(people)
    with _unguarded():
        _big_tables(batches, people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _people():
    cdmo = Organisation.objects.create(code="CDMO", name="CDMO", roles=["cdmo"])
    site = Site.objects.create(
        code="HFA", name="Haifa", organisation=cdmo, timezone="Asia/Jerusalem"
    )
    people = {"cdmo": cdmo, "site": site}
    for name in ("operator", "supervisor", "analyst", "reviewer", "qa", "qp"):
        people[name] = User.objects.create(
            email=f"{name}@cdmo.example", full_name=name.title(), organisation=cdmo, password="!"
        )
    Appointment.objects.create(
        user=people["qp"], role="qp", site=site, valid_from=NOW - timedelta(days=900)
    )
    return people


def _laboratory(people):
    for number in range(LINES):
        Method.objects.create(
            code=f"M-{number:02}",
            name="Method",
            status="approved",
            validation="validated",
            written_by=people["analyst"],
        )
    for number in range(4):
        instrument = Instrument.objects.create(
            code=f"I-{number}", name="Instrument", vendor="vicell_xr", site=people["site"]
        )
        for year in (2024, 2025, 2026):
            Calibration.objects.create(
                instrument=instrument,
                performed_on=date(year, 1, 5),
                due_on=date(year + 1, 1, 31),
                recorded_by=people["analyst"],
                recorded_at=NOW,
            )


def _sponsor(number, people):
    sponsor = Organisation.objects.create(
        code=f"SPONSOR-{number}", name="Sponsor", roles=["sponsor"]
    )
    product = Product.objects.create(
        code=f"P-{number}", name="Product", modality="allogeneic", sponsor=sponsor
    )
    process = Process.objects.create(code=f"PR-{number}", product=product, sponsor=sponsor)
    version = ProcessVersion.objects.create(
        code=f"PR-{number}-1",
        process=process,
        product=product,
        version=1,
        site=people["site"],
        status="qualified",
        sponsor=sponsor,
    )
    master = MasterBatchRecord.objects.create(
        code=f"MBR-{number}",
        product=product,
        process_version=version,
        version=1,
        title="Master",
        status="effective",
        effective_from=date(2026, 1, 1),
        yield_unit="10*6",
        yield_lower=50,
        yield_upper=500,
        written_by=people["supervisor"],
        sponsor=sponsor,
    )
    for position in range(STEPS):
        MasterStep.objects.create(
            master=master,
            position=position,
            code=f"S{position:02}",
            title="Step",
            kind="number",
            lower=0,
            upper=100,
            critical=position % 3 == 0,
            sponsor=sponsor,
        )
    specification = Specification.objects.create(
        code=f"SP-{number}",
        product=product,
        version=1,
        status="approved",
        effective_from=date(2026, 1, 1),
        written_by=people["reviewer"],
        written_at=NOW,
        sponsor=sponsor,
    )
    for position in range(LINES):
        SpecificationLine.objects.create(
            specification=specification,
            position=position,
            test=f"Test {position:02}",
            method=f"M-{position:02}",
            unit="%",
            criterion=">= 80.0",
            turnaround_hours=24,
            sponsor=sponsor,
        )
    for kind in ("work_order", "quality_agreement"):
        agreement = Agreement.objects.create(
            number=f"{kind}-{number}",
            kind=kind,
            status="in_force",
            valid_from=date(2026, 1, 1),
            sponsor=sponsor,
        )
        ScopeItem.objects.create(
            agreement=agreement, item="Clinical batches", work="gmp_clinical", sponsor=sponsor
        )


def _stock(people):
    material = Material.objects.create(code="MEDIUM", name="Medium", unit="mL")
    Lot.objects.bulk_create(
        Lot(
            number=f"LOT-{number:04}",
            material=material,
            quantity=10**9,
            unit="mL",
            status="released",
            received_at=NOW - timedelta(days=300),
            released_at=NOW - timedelta(days=290),
            # The last one had expired before anything was made of it.
            expires_at=NOW + timedelta(days=-200 if number == LOTS - 1 else 400),
            sponsor=people["cdmo"],
        )
        for number in range(LOTS)
    )


@contextmanager
def _unguarded():
    """Leave out triggers and foreign keys of the big tables, and put them back, checked."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or, in a transaction, no ALTER TABLE
        cursor.execute(
            "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
            [list(_BIG)],
        )
        keys = cursor.fetchall()
        for table, name, _ in keys:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for table in _BIG:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in _BIG:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for table, name, definition in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _big_tables(batches, people) -> None:
    values = {
        "batches": batches, "inputs": INPUTS, "lots": LOTS, "now": NOW, "sponsors": SPONSORS,
        "site": people["site"].pk,
        **{name: person.pk for name, person in people.items()},
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, values)


_STATEMENTS = (
    """INSERT INTO batches_batch (number, purpose, objective, execution, disposition, inventory,
        custody, planned_at, issued_at, started_at, completed_at, reviewed_at, reviewed_by_id,
        hold_reason, yield_value, yield_unit, illustrative, process_version_id, product_id,
        site_id, sponsor_id, master_id)
    SELECT 'B-' || lpad(n::text, 6, '0'), 'clinical', '', 'completed',
        CASE WHEN n %% 25 = 21 THEN 'released' ELSE 'pending' END,
        CASE WHEN n %% 25 = 21 THEN 'available' ELSE 'quarantine' END, 'site',
        %(now)s - interval '40 days', %(now)s - interval '35 days',
        %(now)s - interval '30 days', %(now)s - interval '20 days', %(now)s - interval '10 days',
        %(qa)s, '', CASE WHEN n %% 100 = 21 THEN NULL WHEN n %% 100 = 46 THEN 5
            ELSE 100 + n %% 100 END, '10*6', false, v.id, v.product_id, %(site)s, v.sponsor_id, m.id
    FROM generate_series(1, %(batches)s) n
    JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place
          FROM portfolio_processversion) v ON v.place = n %% %(sponsors)s
    JOIN batches_masterbatchrecord m ON m.process_version_id = v.id""",
    """INSERT INTO batches_batchstep (position, code, title, instruction, kind, unit, lower, upper,
        expected, critical, mandatory, status, value, number, comment, in_limits, performed_by_id,
        performed_at, verified_by_id, verified_at, was_out, first_value, batch_id, sponsor_id,
        master_step_id)
    SELECT s.position, s.code, s.title, '', s.kind, '%%', s.lower, s.upper, '', s.critical,
        s.mandatory, CASE WHEN s.critical THEN 'verified' ELSE 'performed' END, '37.0', 37.0, '',
        true, %(operator)s, b.started_at + s.position * interval '1 hour',
        CASE WHEN s.critical THEN %(supervisor)s END,
        CASE WHEN s.critical THEN b.started_at + s.position * interval '1 hour' END, false, '',
        b.id, b.sponsor_id, s.id
    FROM batches_batch b JOIN batches_masterstep s ON s.master_id = b.master_id""",
    """INSERT INTO batches_consumption (quantity, unit, used_at, recorded_at, cancelled_reason,
        batch_id, recorded_by_id, sponsor_id, lot_id)
    SELECT 1.5 + i, 'mL', b.started_at + i * interval '1 hour', b.started_at, '', b.id,
        %(operator)s, b.sponsor_id, l.id
    FROM batches_batch b CROSS JOIN generate_series(1, %(inputs)s) i
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM batches_lot) l
        ON l.place = CASE WHEN b.id %% 20 = 0 AND i = 1 THEN %(lots)s - 1
            ELSE (b.id * 7 + i * 13) %% (%(lots)s - 1) END""",
    """INSERT INTO batches_consumption (quantity, unit, used_at, recorded_at, cancelled_reason,
        batch_id, recorded_by_id, sponsor_id, source_batch_id)
    SELECT 10, CASE WHEN substr(b.number, 3)::int %% 100 = 75 THEN 'mL' ELSE '10*6' END,
        b.started_at, b.started_at, '', b.id, %(operator)s, b.sponsor_id, c.id
    FROM batches_batch b
    JOIN batches_batch c ON c.number =
        'B-' || lpad((substr(b.number, 3)::int - 4)::text, 6, '0')
    WHERE substr(b.number, 3)::int %% 25 = 0""",
    """INSERT INTO records_auditevent (kind, at, verb, record_type, record_id, record, sponsor_id,
        new, by_id, by_name, role, reason, request_id, app_version, database_user, shared)
    SELECT 'event', b.started_at, 'batch.' || w.verb, 'batch', b.id, b.number, b.sponsor_id,
        CASE WHEN w.verb = 'started' THEN '{"verified_by": "supervisor@cdmo.example"}'::jsonb END,
        %(operator)s, 'operator@cdmo.example', '', '', '', '', '', false
    FROM batches_batch b
    CROSS JOIN (VALUES ('planned'), ('issued'), ('started'), ('completed'), ('reviewed')) w(verb)
    """,
    """INSERT INTO qc_sample (number, kind, taken_at, storage, illustrative, batch_id, sponsor_id,
        taken_by_id)
    SELECT b.number || '-S' || i, 'release', b.completed_at, '', false, b.id, b.sponsor_id,
        %(operator)s FROM batches_batch b CROSS JOIN generate_series(1, 2) i""",
    """INSERT INTO qc_result (test, value, unit, status, reportable, verdict, tested_at, entered_at,
        submitted_at, reviewed_at, confirm_reason, invalid_reason, illustrative, analyst_id,
        batch_id, instrument_id, method_id, reviewer_id, sponsor_id, sample_id, line_id)
    SELECT l.test, v.value, l.unit, 'approved', v.value, 'pass',
        b.completed_at + interval '1 day', b.completed_at + interval '1 day',
        b.completed_at + interval '2 days', b.completed_at + interval '3 days', '', '', false,
        %(analyst)s, b.id,
        CASE WHEN l.position < 2 THEN (SELECT min(id) FROM qc_instrument) + b.id %% 4 END, m.id,
        %(reviewer)s, b.sponsor_id, s.id, l.id
    FROM batches_batch b
    JOIN qc_specification p ON p.product_id = b.product_id
    JOIN qc_specificationline l ON l.specification_id = p.id
    JOIN qc_method m ON m.code = l.method
    JOIN qc_sample s ON s.batch_id = b.id AND s.number = b.number || '-S' || (1 + l.position %% 2)
    CROSS JOIN LATERAL (SELECT (80 + (b.id * 31 + l.position * 7) %% 200 / 10.0)::numeric(4,1)::text
        AS value) v
    WHERE NOT (b.id %% 10 = 0 AND l.position = 5)""",
    """INSERT INTO batches_deviation (number, concerns_yield, title, description, classification,
        status, raised_by_id, raised_at, conclusion, closed_by_id, closed_at, batch_id, sponsor_id)
    SELECT 'DEV-' || b.number, false, 'Deviation', '', 'minor',
        CASE WHEN b.id %% 15 = 0 THEN 'investigating' ELSE 'closed' END, %(operator)s,
        b.started_at, '', CASE WHEN b.id %% 15 = 0 THEN NULL ELSE %(qa)s END,
        CASE WHEN b.id %% 15 = 0 THEN NULL ELSE b.completed_at END, b.id, b.sponsor_id
    FROM batches_batch b WHERE b.id %% 5 = 0""",
    """INSERT INTO records_signature (record_type, record_id, record, printed_name, email, role,
        verb, meaning, at, reason, content, content_sha256, method, by_id, sponsor_id)
    SELECT 'batch', b.id, b.number, u.full_name, u.email, '', w.verb, w.verb, b.completed_at, '',
        '{}', repeat('0', 64), 'password', u.id, b.sponsor_id
    FROM batches_batch b
    JOIN (VALUES ('complete', %(supervisor)s), ('review', %(qa)s)) w(verb, by_id) ON true
    JOIN accounts_user u ON u.id = w.by_id""",
)
