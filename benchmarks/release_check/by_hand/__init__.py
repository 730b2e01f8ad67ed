"""The baseline: what a careful hand would write with psycopg2 alone, for this data.

The same tables read, the same questions asked, the same rows written (evidence with its SHA-256,
findings, verdict), no named tuples, no rule register, no Django. It knows only what the seeded data
needs and takes every short cut that leaves: it is meant to be hard to beat.
"""

import hashlib

import orjson

from benchmarks.release_check.by_hand.judging import Judging
from benchmarks.release_check.by_hand.reading import Reading


class ByHand(Judging, Reading):
    """One connection, plain tuples, one pass."""

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
