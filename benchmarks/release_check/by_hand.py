"""The baseline: what a careful hand would write with psycopg2 alone, for this data.

The same tables read, the same questions asked, the same rows written (evidence with its SHA-256,
findings, verdict), no named tuples, no rule register, no Django. It knows only what the seeded data
needs and takes every short cut that leaves: it is meant to be hard to beat.
"""

import hashlib
from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

import orjson

RULES = {
    "RC-01": "One specification was in force when manufacture started",
    "RC-02": "Every required test has an approved result",
    "RC-03": "Every reportable result meets its limit",
    "RC-04": "No out-of-specification investigation is open or confirmed",
    "RC-07": "Somebody else than the analyst reviewed every result",
    "RC-09": "Every method is approved, as specified, and fit for the phase",
    "RC-10": "Instruments were in calibration when they measured",
    "RC-17": "The batch record is complete, verified and reviewed",
    "RC-18": "The master batch record is effective and for this site and product",
    "RC-19": "Every excursion has its deviation",
    "RC-20": "The yield is in its limits",
    "RC-21": "Deviations are classified and closed",
    "RC-23": "Every input lot was released and unexpired when it was used",
    "RC-24": "Component batches are released",
    "RC-25": "Every input is traced back to its origin",
    "RC-27": "The chain of identity is unbroken",
    "RC-36": "Agreements in force cover this batch",
    "RC-41": "An independent Qualified Person is appointed for the site",
}
OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class ByHand:
    """One connection, plain tuples, one pass."""

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

    def run(self, limit) -> int:
        """Claim, evaluate and write up to `limit` checks; returns how many."""
        claimed = self.ask(
            "WITH free AS MATERIALIZED (SELECT id FROM qc_releasecheck WHERE status IN ('queued',"
            " 'running') AND attempts < 5 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)"
            " UPDATE qc_releasecheck c SET status = 'running', started_at = %s,"
            " attempts = attempts + 1 FROM free WHERE c.id = free.id RETURNING c.id",
            limit,
            self.now,
        )
        self.connection.commit()
        ids = [pk for (pk,) in claimed]
        held = self.ask(
            "SELECT c.id, c.batch_id, b.sponsor_id FROM qc_releasecheck c JOIN batches_batch b"
            " ON b.id = c.batch_id WHERE c.id = ANY(%s) AND c.status = 'running' ORDER BY c.id"
            " FOR UPDATE OF c SKIP LOCKED",
            ids,
        )
        checks = {batch: (pk, sponsor) for pk, batch, sponsor in held}
        self.write(checks, self.judge(list(checks)))
        self.connection.commit()
        return len(checks)

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
            "SELECT batch_id, id, number, kind, taken_at FROM qc_sample WHERE batch_id = ANY(%s)",
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
            " SELECT b.root, a.id, a.number, a.disposition FROM back b"
            " JOIN batches_batch a ON a.id = b.id",
            ids,
        )
        self.inputs = grouped(
            "SELECT batch_id, lot_id, source_batch_id, quantity::text, unit, used_at,"
            " recorded_by_id FROM batches_consumption"
            " WHERE batch_id = ANY(%s) AND cancelled_at IS NULL",
            ids,
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
            "SELECT s.batch_id, s.handover, c.coi, s.matched, s.at FROM batches_identityscan s"
            " JOIN batches_identitychain c ON c.id = s.chain_id WHERE s.batch_id = ANY(%s)",
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

    def judge(self, ids):
        self.read(ids)
        return {batch[0]: self.judge_one(batch) for batch in self.batches}

    def judge_one(self, b):
        pk, started, zone = b[0], b[14], ZoneInfo(b[12])
        results, steps = self.results.get(pk, []), self.steps.get(pk, [])
        inputs, signatures = self.inputs.get(pk, []), self.signatures.get(pk, [])
        deviations, oos = self.deviations.get(pk, []), self.oos.get(pk, [])
        master, day = self.masters.get(b[25]), started.astimezone(zone).date()
        today = self.now.astimezone(zone).date()
        specs = [
            s
            for s in self.specifications.get(b[4], ())
            if s[5] <= day and (s[6] is None or day <= s[6])
        ]
        lines = self.lines.get(specs[0][1], []) if len(specs) == 1 else []
        by_line, instruments, methods, involved = {}, set(), set(), {b[17]}
        for r in results:
            if r[9] == "approved":
                by_line.setdefault(r[4], []).append(r)
            methods.add(r[5])
            instruments.add(r[6])
            involved.add(r[13])
            involved.add(r[14])
        for s in steps:
            involved.update((s[11], s[13], s[14]))
        involved.update(i[6] for i in inputs)
        involved.update(s[2] for s in signatures)
        involved.discard(None)
        instruments.discard(None)
        missing = [line[3] for line in lines if line[8] and line[1] not in by_line]
        failing = [r[3] for rows in by_line.values() for r in rows if r[11] == "fail"]
        unclear = [
            r[3] for rows in by_line.values() for r in rows if r[11] not in ("pass", "report_only")
        ]
        asked = {line[1]: line[4] for line in lines}
        wrong_methods = [
            r[3]
            for rows in by_line.values()
            for r in rows
            if (m := self.methods.get(r[5])) is None
            or m[3] == "draft"
            or m[4] not in ("qualified", "validated", "compendial")
            or m[1] != asked.get(r[4])
        ]
        overdue = []
        for r in results:
            if r[6] is not None:
                on = r[12].astimezone(ZoneInfo(self.instruments[r[6]][2])).date()
                known = [c for c in self.calibrations.get(r[6], ()) if c[1] <= on]
                if not known or not known[-1][3] or on > known[-1][2]:
                    overdue.append(r[3])
        done = {s[2]: s for s in steps}
        gaps = [
            m[1]
            for m in self.master_steps.get(b[25], ())
            if (s := done.get(m[1])) is None
            or (m[4] and s[6] not in ("performed", "verified"))
            or (m[3] and (s[13] is None or s[13] == s[11]))
        ]
        standing = {s[1] for s in signatures}
        covered = {d[4] for d in deviations}
        loose = [s[2] for s in steps if (s[9] is False or s[10]) and s[1] not in covered]
        bad_lots = []
        for i in inputs:
            lot = self.lots[i[1]]
            if (
                lot[4] in ("recalled", "rejected")
                or lot[6] is None
                or i[5] < lot[6]
                or (lot[5] is not None and lot[5] <= i[5])
                or (lot[7] is not None and lot[7] <= i[5])
            ):
                bad_lots.append(lot[1])
        origins = [
            i for i in inputs if self.lots[i[1]][3] not in ("supplier", "cell_bank", "donation")
        ]
        agreements = self.agreements.get(b[2], [])
        valid = [
            a
            for a in agreements
            if a[3] == "in_force" and a[4] <= today and (a[5] is None or today <= a[5])
        ]
        granted = any(
            a[2] in ("work_order", "msa", "supply")
            and a[7] == "gmp_clinical"
            and a[8] in ("in_scope", "exercised")
            and a[9] in (None, b[5])
            for a in valid
        )
        quality = any(a[2] == "quality_agreement" for a in valid)
        free = [
            q
            for q in self.qualified.get(b[10], ())
            if q[3] <= self.now and (q[4] is None or self.now < q[4]) and q[1] not in involved
        ]
        value = float(b[18]) if b[18] else None
        open_deviations = [d for d in deviations if d[3] != "closed"]
        outcomes = {
            "RC-01": "pass" if len(specs) == 1 else "fail",
            "RC-02": "pending" if missing else "pass",
            "RC-03": "fail" if failing else "pending" if unclear or missing else "pass",
            "RC-04": "not_applicable" if not oos else "pending",
            "RC-07": "pass" if all(r[14] not in (None, r[13]) for r in results) else "fail",
            "RC-09": "fail" if wrong_methods else "pass",
            "RC-10": "fail" if overdue else "pass",
            "RC-17": "pass"
            if not gaps and b[9] == "completed" and b[16] and {"complete", "review"} <= standing
            else "fail",
            "RC-18": "pass"
            if master and master[2] != "draft" and master[4] == b[22] and b[24] == b[10]
            else "fail",
            "RC-19": "fail" if loose else "pass",
            "RC-20": "pass"
            if value is not None and float(master[7]) <= value <= float(master[8])
            else "fail",
            "RC-21": "pending" if open_deviations else "pass" if deviations else "not_applicable",
            "RC-23": "fail" if bad_lots else "pass" if inputs else "pending",
            "RC-24": "not_applicable" if not self.ancestors.get(pk) else "pass",
            "RC-25": "fail" if origins else "pass" if inputs else "pending",
            "RC-27": "not_applicable",
            "RC-36": "pass" if granted and quality else "fail",
            "RC-41": "pass" if free else "fail",
        }
        details = {
            "RC-02": f"Missing: {', '.join(missing)}." if missing else f"{len(lines)} tests.",
            "RC-21": ", ".join(d[1] for d in open_deviations),
            "RC-23": f"Not good: {', '.join(bad_lots)}." if bad_lots else f"{len(inputs)} uses.",
        }
        former = {f["rule"]: f for f in self.former.get(pk, ())}
        since = self.now.isoformat()
        findings = []
        for rule, title in RULES.items():
            before = former.get(rule)
            findings.append(
                {
                    "rule": rule,
                    "title": title,
                    "class": "hard",
                    "outcome": outcomes[rule],
                    "message": details.get(rule, title),
                    "records": [],
                    "owner": "qa",
                    "since": before["since"]
                    if before and before["outcome"] == outcomes[rule]
                    else since,
                }
            )
        last = max((r[12] for r in results), default=self.now).date() + timedelta(days=1)
        evidence = orjson.dumps(
            {
                "batch": b,
                "agreements": agreements,
                "ancestors": self.ancestors.get(pk, []),
                "calibrations": [
                    c for i in sorted(instruments) for c in self.calibrations[i] if c[1] <= last
                ],
                "deviations": deviations,
                "inputs": inputs,
                "instruments": [self.instruments[i] for i in sorted(instruments)],
                "justifications": self.justified.get(pk, []),
                "lines": lines,
                "lots": [self.lots[i] for i in sorted({i[1] for i in inputs})],
                "master": master,
                "master_steps": self.master_steps.get(b[25], []),
                "methods": [self.methods[m] for m in sorted(methods)],
                "oos": oos,
                "people": [(i, self.people.get(i)) for i in sorted(involved)],
                "qualified_persons": self.qualified.get(b[10], []),
                "results": results,
                "samples": self.samples.get(pk, []),
                "scans": self.scans.get(pk, []),
                "signatures": signatures,
                "specifications": specs,
                "steps": steps,
            },
            option=OPTIONS,
        )
        words = set(outcomes.values())
        verdict = "blocked" if "fail" in words else "pending" if "pending" in words else "ready"
        return verdict, evidence, findings

    def write(self, checks, judged):
        rows, kept = [], []
        for batch, (pk, sponsor) in checks.items():
            verdict, evidence, findings = judged[batch]
            counts = [f["outcome"] for f in findings]
            digest = [
                {"rule": f["rule"], "title": f["title"], "outcome": f["outcome"],
                 "since": f["since"]} for f in findings
            ]  # fmt: skip
            failed, pending = counts.count("fail"), counts.count("pending")
            rows.append(
                (pk, verdict, hashlib.sha256(evidence).hexdigest(), orjson.dumps(digest).decode(),
                 len(counts) - failed - pending, pending, failed)
            )  # fmt: skip
            kept.append((pk, sponsor, evidence.decode(), orjson.dumps(findings).decode()))
        self.do(
            "UPDATE qc_releasecheck c SET status = 'done', verdict = w.verdict, evaluated_at = %s,"
            " rules_version = 'by hand', evidence_sha256 = w.sha256, digest = w.digest::jsonb,"
            " passed_count = w.passed, pending_count = w.pending, failed_count = w.failed"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[],"
            " %s::int[]) w(id, verdict, sha256, digest, passed, pending, failed)"
            " WHERE c.id = w.id",
            self.now,
            *map(list, zip(*rows, strict=True)),
        )
        self.do(
            "INSERT INTO qc_checkevidence (check_row_id, sponsor_id, evidence, findings)"
            " SELECT id, sponsor, evidence, findings::jsonb FROM unnest(%s::bigint[],"
            " %s::bigint[], %s::text[], %s::text[]) w(id, sponsor, evidence, findings)",
            *map(list, zip(*kept, strict=True)),
        )
