"""The reads of a release check: each takes a set of ids and is one statement, whatever its size.

SQL rather than querysets, on purpose (measured in benchmarks/release_check): a check reads 35 rows
a batch, and model instances would cost more than everything else together. Column order is that of
the named tuples in `values`.
"""

from django.db import connection


def rows(sql: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


BATCHES = """
    SELECT b.id, b.number, b.sponsor_id, o.code, b.product_id, p.code, p.modality,
        p.allows_conditional_release, b.purpose, b.execution, b.site_id, s.code, s.timezone,
        b.issued_at, b.started_at, b.completed_at, b.reviewed_at, b.reviewed_by_id,
        trim_scale(b.yield_value)::text, b.yield_unit, i.coi, i.product_id,
        v.code, v.id, v.product_id, v.site_id, b.master_id
    FROM batches_batch b
    JOIN accounts_organisation o ON o.id = b.sponsor_id
    JOIN portfolio_product p ON p.id = b.product_id
    JOIN accounts_site s ON s.id = b.site_id
    JOIN portfolio_processversion v ON v.id = b.process_version_id
    LEFT JOIN batches_identitychain i ON i.id = b.coi_id
    WHERE b.id = ANY(%s)"""

MASTERS = """
    SELECT id, code, status, product_id, process_version_id, effective_from, yield_unit,
        trim_scale(yield_lower)::text, trim_scale(yield_upper)::text
    FROM batches_masterbatchrecord WHERE id = ANY(%s)"""

MASTER_STEPS = """
    SELECT master_id, code, title, critical, mandatory
    FROM batches_masterstep WHERE master_id = ANY(%s) ORDER BY master_id, position"""

SPECIFICATIONS = """
    SELECT id, product_id, code, stage, version, effective_from, effective_until
    FROM qc_specification WHERE product_id = ANY(%s) AND status <> 'draft' ORDER BY id"""

LINES = """
    SELECT id, specification_id, position, test, method, unit, criterion, rounding, required,
        may_follow_release, surrogate, turnaround_hours
    FROM qc_specificationline WHERE specification_id = ANY(%s)
    ORDER BY specification_id, position"""

SAMPLES = """
    SELECT id, batch_id, number, kind, taken_at, taken_by_id
    FROM qc_sample WHERE batch_id = ANY(%s)"""

RESULTS = """
    SELECT batch_id, id, sample_id, test, line_id, method_id, instrument_id, value, unit, status,
        reportable, verdict, tested_at, analyst_id, reviewer_id
    FROM qc_result WHERE batch_id = ANY(%s)"""

METHODS = """
    SELECT id, code, version, status, validation, needs_instrument
    FROM qc_method WHERE id = ANY(%s)"""

INSTRUMENTS = "SELECT id, code, timezone FROM qc_instrument WHERE id = ANY(%s)"

CALIBRATIONS = """
    SELECT instrument_id, performed_on, due_on, passed
    FROM qc_calibration WHERE instrument_id = ANY(%s) ORDER BY performed_on, id"""

STEPS = """
    SELECT batch_id, id, code, title, critical, mandatory, status, value, unit, in_limits,
        lower IS NOT NULL OR upper IS NOT NULL OR expected <> '', was_out,
        performed_by_id, performed_at, verified_by_id, corrected_by_id
    FROM batches_batchstep WHERE batch_id = ANY(%s)"""

# Whatever the depth, for the whole set at once. UNION drops pairs already found, so a diamond is
# walked once and the walk ends even over a cycle that somebody forced past the trigger. OFFSET 0
# keeps each step of the walk an index scan: flattened, PostgreSQL hashes all consumptions.
_SOURCE = "COALESCE(c.source_batch_id, l.produced_by_id)"
_EDGES = f"""
    SELECT {_SOURCE} AS source
    FROM batches_consumption c LEFT JOIN batches_lot l ON l.id = c.lot_id
    WHERE c.batch_id = {{batch}} AND c.cancelled_at IS NULL AND {_SOURCE} IS NOT NULL OFFSET 0"""
ANCESTORS = f"""
    WITH RECURSIVE back(root, batch_id) AS (
        SELECT b, e.source FROM unnest(%s::bigint[]) b
        CROSS JOIN LATERAL ({_EDGES.format(batch="b")}) e
        UNION
        SELECT b.root, e.source FROM back b
        CROSS JOIN LATERAL ({_EDGES.format(batch="b.batch_id")}) e
    ), facts AS MATERIALIZED (
        SELECT a.id, a.number, p.code, a.disposition,
            trim_scale(a.yield_value)::text, a.yield_unit, COALESCE(u.other_units, ''),
            CASE WHEN a.yield_value IS NULL OR a.yield_unit = '' THEN NULL
                WHEN u.used > a.yield_value THEN true
                WHEN u.other_units IS NOT NULL THEN NULL
                ELSE false END AS overdrawn
        FROM batches_batch a JOIN portfolio_product p ON p.id = a.product_id
        CROSS JOIN LATERAL (
            SELECT SUM(c.quantity) FILTER (WHERE c.unit = a.yield_unit) AS used,
                string_agg(DISTINCT c.unit, ', ' ORDER BY c.unit)
                    FILTER (WHERE c.unit <> a.yield_unit) AS other_units
            FROM batches_consumption c
            WHERE c.source_batch_id = a.id AND c.cancelled_at IS NULL
        ) u
        WHERE a.id IN (SELECT batch_id FROM back)
    )
    SELECT b.root, f.* FROM back b JOIN facts f ON f.id = b.batch_id"""

INPUTS = """
    SELECT batch_id, lot_id, source_batch_id, trim_scale(quantity)::text, unit, used_at,
        recorded_by_id
    FROM batches_consumption WHERE batch_id = ANY(%s) AND cancelled_at IS NULL"""

LOTS = """
    SELECT l.id, l.number, m.code, l.origin, l.status, l.expires_at, l.released_at, l.stopped_at,
        l.donation_number, l.produced_by_id
    FROM batches_lot l JOIN batches_material m ON m.id = l.material_id WHERE l.id = ANY(%s)"""

DEVIATIONS = """
    SELECT batch_id, number, classification, status, step_id
    FROM batches_deviation WHERE batch_id = ANY(%s) ORDER BY id"""

OOS = """
    SELECT batch_id, number, result_id, status, conclusion
    FROM qc_oosinvestigation WHERE batch_id = ANY(%s) ORDER BY id"""

SCANS = """
    SELECT s.batch_id, s.handover, c.coi, s.matched, s.at, s.by_id
    FROM batches_identityscan s JOIN batches_identitychain c ON c.id = s.chain_id
    WHERE s.batch_id = ANY(%s) ORDER BY s.at, s.id"""

SIGNATURES = """
    SELECT s.record_id, s.verb, s.by_id, s.at FROM records_signature s
    WHERE s.record_type = 'batch' AND s.record_id = ANY(%s) AND s.verb IN ('complete', 'review')
        AND NOT EXISTS (SELECT 1 FROM records_signaturevoid v WHERE v.signature_id = s.id)
    ORDER BY s.id"""

# The row of a batch does not say who started it and who witnessed that; its event does.
STARTS = """
    SELECT e.record_id, e.by_id, w.id
    FROM records_auditevent e LEFT JOIN accounts_user w ON w.email = e.new ->> 'verified_by'
    WHERE e.record_type = 'batch' AND e.record_id = ANY(%s) AND e.verb = 'batch.started'
        AND e.kind = 'event'
    ORDER BY e.id"""

JUSTIFICATIONS = """
    SELECT j.batch_id, j.rule, j.message, j.rationale, u.full_name, j.at
    FROM qc_justification j JOIN accounts_user u ON u.id = j.by_id
    WHERE j.batch_id = ANY(%s) ORDER BY j.id"""

# Found from the few lines that name nobody (a partial index), not from the batches' many records.
TRAIL = """
    SELECT * FROM (
        SELECT COALESCE(s.batch_id, r.batch_id, m.batch_id, c.batch_id, d.batch_id,
                CASE WHEN e.record_type = 'batch' THEN e.record_id END) AS batch_id,
            e.id, e.record_type, e.record, e.at
        FROM records_auditevent e
        LEFT JOIN batches_batchstep s ON e.record_type = 'step' AND s.id = e.record_id
        LEFT JOIN qc_result r ON e.record_type = 'result' AND r.id = e.record_id
        LEFT JOIN qc_sample m ON e.record_type = 'sample' AND m.id = e.record_id
        LEFT JOIN batches_consumption c ON e.record_type = 'consumption' AND c.id = e.record_id
        LEFT JOIN batches_deviation d ON e.record_type = 'deviation' AND d.id = e.record_id
        WHERE e.kind = 'change' AND e.by_name = ''
            AND e.record_type IN ('batch', 'step', 'result', 'sample', 'consumption', 'deviation')
    ) found WHERE batch_id = ANY(%s) ORDER BY id"""

TRAIL_REVIEWS = """
    SELECT DISTINCT ON (batch_id) batch_id, number, accepted,
        ARRAY(SELECT (x ->> 'line')::bigint FROM jsonb_array_elements(exceptions) x), by_id, at
    FROM qc_auditreview WHERE batch_id = ANY(%s) ORDER BY batch_id, id DESC"""

QUALIFIED_PERSONS = """
    SELECT a.site_id, a.user_id, u.email, a.valid_from, a.valid_until
    FROM accounts_appointment a JOIN accounts_user u ON u.id = a.user_id
    WHERE a.role = 'qp' AND u.is_active AND a.site_id = ANY(%s) ORDER BY a.id"""

PEOPLE = "SELECT id, email FROM accounts_user WHERE id = ANY(%s)"
