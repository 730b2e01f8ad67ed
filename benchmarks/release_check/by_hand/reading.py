"""The baseline's reads: one statement a table, rows grouped as they come."""

from collections import defaultdict

import orjson


class Reading:
    """A connection and what was read from it."""

    def __init__(self, connection, now):
        self.connection, self.now = connection, now
        self.cursor = connection.cursor()
        self.queries = 0

    def ask(self, sql, *parameters):
        self.queries += 1
        self.cursor.execute(sql, parameters)
        return self.cursor.fetchall()

    def do(self, sql, *parameters):
        self.queries += 1
        self.cursor.execute(sql, parameters)

    def grouped(self, sql, *parameters):
        found = defaultdict(list)
        for row in self.ask(sql, *parameters):
            found[row[0]].append(row)
        return found

    def read(self, ids):
        ask, grouped = self.ask, self.grouped
        self.former = {
            row[0]: orjson.loads(row[1])
            for row in ask(
                "SELECT DISTINCT ON (batch_id) batch_id, digest::text FROM qc_releasecheck"
                " WHERE batch_id = ANY(%s) AND status = 'done' ORDER BY batch_id, id DESC",
                ids,
            )
        }
        self.batches = ask(
            "SELECT b.id, b.number, b.sponsor_id, o.code, b.product_id, p.code, p.modality,"
            " p.allows_conditional_release, b.purpose, b.execution, b.site_id, s.code, s.timezone,"
            " b.issued_at, b.started_at, b.completed_at, b.reviewed_at, b.reviewed_by_id,"
            " b.yield_value::text, b.yield_unit, i.coi, v.code, v.id, v.product_id, v.site_id,"
            " b.master_id FROM batches_batch b JOIN accounts_organisation o ON o.id = b.sponsor_id"
            " JOIN portfolio_product p ON p.id = b.product_id JOIN accounts_site s"
            " ON s.id = b.site_id JOIN portfolio_processversion v ON v.id = b.process_version_id"
            " LEFT JOIN batches_identitychain i ON i.id = b.coi_id WHERE b.id = ANY(%s)",
            ids,
        )
        products = list({b[4] for b in self.batches})
        self.specifications = grouped(
            "SELECT product_id, id, code, stage, version, effective_from, effective_until"
            " FROM qc_specification WHERE product_id = ANY(%s) AND status <> 'draft'",
            products,
        )
        self.lines = grouped(
            "SELECT l.specification_id, l.id, l.position, l.test, l.method, l.unit, l.criterion,"
            " l.rounding, l.required, l.may_follow_release, l.surrogate, l.turnaround_hours"
            " FROM qc_specificationline l JOIN qc_specification s ON s.id = l.specification_id"
            " WHERE s.product_id = ANY(%s) ORDER BY l.position",
            products,
        )
        self.samples = grouped(
            "SELECT batch_id, id, number, kind, taken_at, taken_by_id FROM qc_sample"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        self.results = grouped(
            "SELECT batch_id, id, sample_id, test, line_id, method_id, instrument_id, value, unit,"
            " status, reportable, verdict, tested_at, analyst_id, reviewer_id FROM qc_result"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        methods = list({r[5] for rows in self.results.values() for r in rows} - {None})
        self.methods = {
            m[0]: m
            for m in ask(
                "SELECT id, code, version, status, validation, needs_instrument FROM qc_method"
                " WHERE id = ANY(%s)",
                methods,
            )
        }
        instruments = list({r[6] for rows in self.results.values() for r in rows} - {None})
        self.instruments = {
            i[0]: i
            for i in ask(
                "SELECT id, code, timezone FROM qc_instrument WHERE id = ANY(%s)", instruments
            )
        }
        self.calibrations = grouped(
            "SELECT instrument_id, performed_on, due_on, passed FROM qc_calibration"
            " WHERE instrument_id = ANY(%s) ORDER BY performed_on",
            instruments,
        )
        masters = list({b[25] for b in self.batches})
        self.masters = {
            m[0]: m
            for m in ask(
                "SELECT id, code, status, product_id, process_version_id, effective_from,"
                " yield_unit, yield_lower::text, yield_upper::text FROM batches_masterbatchrecord"
                " WHERE id = ANY(%s)",
                masters,
            )
        }
        self.master_steps = grouped(
            "SELECT master_id, code, title, critical, mandatory FROM batches_masterstep"
            " WHERE master_id = ANY(%s) ORDER BY position",
            masters,
        )
        self.steps = grouped(
            "SELECT batch_id, id, code, title, critical, mandatory, status, value, unit, in_limits,"
            " was_out, performed_by_id, performed_at, verified_by_id, corrected_by_id"
            " FROM batches_batchstep WHERE batch_id = ANY(%s)",
            ids,
        )
        self.ancestors = grouped(
            "WITH RECURSIVE back(root, id) AS (SELECT b, e.s FROM unnest(%s::bigint[]) b"
            " CROSS JOIN LATERAL (SELECT COALESCE(c.source_batch_id, l.produced_by_id) s"
            "  FROM batches_consumption c LEFT JOIN batches_lot l ON l.id = c.lot_id"
            "  WHERE c.batch_id = b AND c.cancelled_at IS NULL"
            "  AND COALESCE(c.source_batch_id, l.produced_by_id) IS NOT NULL OFFSET 0) e"
            " UNION SELECT b.root, e.s FROM back b"
            " CROSS JOIN LATERAL (SELECT COALESCE(c.source_batch_id, l.produced_by_id) s"
            "  FROM batches_consumption c LEFT JOIN batches_lot l ON l.id = c.lot_id"
            "  WHERE c.batch_id = b.id AND c.cancelled_at IS NULL"
            "  AND COALESCE(c.source_batch_id, l.produced_by_id) IS NOT NULL OFFSET 0) e)"
            " SELECT b.root, a.id, a.number, a.disposition, a.yield_value::text, a.yield_unit,"
            " CASE WHEN a.yield_value IS NULL OR a.yield_unit = '' THEN NULL"
            "  WHEN u.used > a.yield_value THEN true WHEN u.other THEN NULL ELSE false END"
            " FROM back b JOIN batches_batch a ON a.id = b.id CROSS JOIN LATERAL ("
            "  SELECT SUM(c.quantity) FILTER (WHERE c.unit = a.yield_unit) AS used,"
            "   bool_or(c.unit <> a.yield_unit) AS other FROM batches_consumption c"
            "  WHERE c.source_batch_id = a.id AND c.cancelled_at IS NULL) u",
            ids,
        )
        self.inputs = grouped(
            "SELECT batch_id, lot_id, source_batch_id, quantity::text, unit, used_at,"
            " recorded_by_id FROM batches_consumption"
            " WHERE batch_id = ANY(%s) AND cancelled_at IS NULL",
            list({*ids, *(a[1] for found in self.ancestors.values() for a in found)}),
        )
        lots = list({r[1] for rows in self.inputs.values() for r in rows} - {None})
        self.lots = {
            lot[0]: lot
            for lot in ask(
                "SELECT l.id, l.number, m.code, l.origin, l.status, l.expires_at, l.released_at,"
                " l.stopped_at, l.donation_number, l.produced_by_id FROM batches_lot l"
                " JOIN batches_material m ON m.id = l.material_id WHERE l.id = ANY(%s)",
                lots,
            )
        }
        self.deviations = grouped(
            "SELECT batch_id, number, classification, status, step_id FROM batches_deviation"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        self.oos = grouped(
            "SELECT batch_id, number, result_id, status, conclusion FROM qc_oosinvestigation"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        self.scans = grouped(
            "SELECT s.batch_id, s.handover, c.coi, s.matched, s.at, s.by_id"
            " FROM batches_identityscan s JOIN batches_identitychain c ON c.id = s.chain_id"
            " WHERE s.batch_id = ANY(%s)",
            ids,
        )
        self.starts = grouped(
            "SELECT e.record_id, e.by_id, w.id FROM records_auditevent e LEFT JOIN accounts_user w"
            " ON w.email = e.new ->> 'verified_by' WHERE e.record_type = 'batch'"
            " AND e.record_id = ANY(%s) AND e.verb = 'batch.started' AND e.kind = 'event'",
            ids,
        )
        self.signatures = grouped(
            "SELECT s.record_id, s.verb, s.by_id, s.at FROM records_signature s"
            " WHERE s.record_type = 'batch' AND s.record_id = ANY(%s)"
            " AND s.verb IN ('complete', 'review') AND NOT EXISTS"
            " (SELECT 1 FROM records_signaturevoid v WHERE v.signature_id = s.id)",
            ids,
        )
        self.justified = grouped(
            "SELECT j.batch_id, j.rule, j.message, j.rationale, u.full_name, j.at"
            " FROM qc_justification j JOIN accounts_user u ON u.id = j.by_id"
            " WHERE j.batch_id = ANY(%s)",
            ids,
        )
        self.trail = grouped(
            "SELECT * FROM (SELECT CASE e.record_type WHEN 'batch' THEN e.record_id"
            " WHEN 'step' THEN (SELECT batch_id FROM batches_batchstep WHERE id = e.record_id)"
            " WHEN 'result' THEN (SELECT batch_id FROM qc_result WHERE id = e.record_id)"
            " WHEN 'sample' THEN (SELECT batch_id FROM qc_sample WHERE id = e.record_id)"
            " WHEN 'consumption' THEN"
            " (SELECT batch_id FROM batches_consumption WHERE id = e.record_id)"
            " ELSE (SELECT batch_id FROM batches_deviation WHERE id = e.record_id) END AS batch_id,"
            " e.id FROM records_auditevent e WHERE e.kind = 'change' AND e.by_name = ''"
            " AND e.record_type IN"
            " ('batch', 'step', 'result', 'sample', 'consumption', 'deviation')) f"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        self.trail_reviews = grouped(
            "SELECT batch_id, id, accepted, exceptions FROM qc_auditreview"
            " WHERE batch_id = ANY(%s)",
            ids,
        )
        sponsors = list({b[2] for b in self.batches})
        self.agreements = grouped(
            "SELECT a.sponsor_id, a.number, a.kind, a.status, a.valid_from, a.valid_until, s.item,"
            " s.work, s.status, p.code FROM portfolio_agreement a LEFT JOIN portfolio_scopeitem s"
            " ON s.agreement_id = a.id LEFT JOIN portfolio_product p ON p.id = s.product_id"
            " WHERE a.sponsor_id = ANY(%s) ORDER BY a.number",
            sponsors,
        )
        self.qualified = grouped(
            "SELECT a.site_id, a.user_id, u.email, a.valid_from, a.valid_until"
            " FROM accounts_appointment a JOIN accounts_user u ON u.id = a.user_id"
            " WHERE a.role = 'qp' AND u.is_active AND a.site_id = ANY(%s)",
            list({b[10] for b in self.batches}),
        )
        self.people = dict(
            ask(
                "SELECT id, email FROM accounts_user WHERE id IN ("
                " SELECT analyst_id FROM qc_result WHERE batch_id = ANY(%s)"
                " UNION SELECT reviewer_id FROM qc_result WHERE batch_id = ANY(%s)"
                " UNION SELECT performed_by_id FROM batches_batchstep WHERE batch_id = ANY(%s)"
                " UNION SELECT verified_by_id FROM batches_batchstep WHERE batch_id = ANY(%s))",
                ids,
                ids,
                ids,
                ids,
            )
        )
