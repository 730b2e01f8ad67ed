"""Running release checks: claim, gather, judge, write. The same code for one batch and 10,000.

The row is the job. A check is marked running in a short transaction of its own, so that everybody
sees it; the work is done in a second one that holds the row's lock. When a worker is killed, its
lock is gone at once: the row is running and free, and the next sweep takes it over. Whoever comes
late finds the row locked, or done, and passes by.
"""

import logging
from collections import defaultdict
from datetime import date

import orjson
from django.db import connection

from batches.manufacture.models import Batch
from cdmo.records.acting import service
from cdmo.records.canonical import instant, sha256
from cdmo.records.services import record_event
from qc.release import rules
from qc.release.evidence import gather_evidence
from qc.release.evidence.writing import dumped
from qc.release.rules.lasting import valid_until
from qc.release.states import UNDECIDED

logger = logging.getLogger(__name__)

ATTEMPTS = 5
AT_ONCE = 500

# MATERIALIZED: with the queue just filled, its statistics are stale, and PostgreSQL would otherwise
# look for each of 10,000 rows through all of them (measured: 36 s instead of 0.4 s).
_CLAIM = """
    WITH free AS MATERIALIZED (
        SELECT id FROM qc_releasecheck WHERE status IN ('queued', 'running') AND attempts < %s
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE qc_releasecheck c SET status = 'running', started_at = %s, attempts = attempts + 1
    FROM free WHERE c.id = free.id RETURNING c.id"""
_GIVE_UP = """
    WITH spent AS MATERIALIZED (
        SELECT id FROM qc_releasecheck WHERE status IN ('queued', 'running') AND attempts >= %s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE qc_releasecheck c SET status = 'failed', error = CASE WHEN c.error <> '' THEN c.error
        ELSE 'The check was begun 5 times and never ended.' END
    FROM spent WHERE c.id = spent.id"""
_HOLD = """
    SELECT c.id, c.batch_id, b.sponsor_id, b.disposition, b.disposed_at
    FROM qc_releasecheck c JOIN batches_batch b ON b.id = c.batch_id
    WHERE c.id = ANY(%s) AND c.status = 'running' ORDER BY c.id FOR UPDATE OF c SKIP LOCKED"""
_FORMER = """
    SELECT DISTINCT ON (batch_id) batch_id, verdict, digest::text FROM qc_releasecheck
    WHERE batch_id = ANY(%s) AND status = 'done' ORDER BY batch_id, id DESC"""
_WRITE = """
    UPDATE qc_releasecheck c SET status = 'done', verdict = w.verdict, evaluated_at = %s,
        rules_version = %s, evidence_sha256 = w.sha256, digest = w.digest::jsonb,
        passed_count = w.passed, pending_count = w.pending, failed_count = w.failed,
        valid_until = w.valid_until, error = ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::int[],
        %s::int[], %s::int[]) w(id, verdict, sha256, digest, valid_until, passed, pending, failed)
    WHERE c.id = w.id"""
_VERSIONS = """
    SELECT product_id, effective_from, effective_until FROM qc_specification
    WHERE product_id = ANY(%s) AND status <> 'draft'"""
_KEEP = """
    INSERT INTO qc_checkevidence (check_row_id, sponsor_id, evidence, findings)
    SELECT id, sponsor_id, evidence, findings::jsonb
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[])
        w(id, sponsor_id, evidence, findings)"""


def _execute(sql, *parameters, fetch=False):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if fetch else None


def run_waiting_checks(*, at, limit: int = AT_ONCE) -> int:
    """Run up to `limit` waiting checks as one set. Returns how many ended.

    A check whose evaluation breaks does not take the others with it: the set is run again one by
    one, and after five attempts the broken one is failed and says why.
    """
    ids = claim_checks(by=None, at=at, limit=limit)
    if not ids:
        return 0
    try:
        return evaluate_checks(ids=ids, by=None, at=at)
    except Exception:
        logger.exception("release checks %s…: the set broke, each is run alone", ids[:3])
    return sum(_run_alone(pk, at) for pk in ids)


def _run_alone(pk: int, at) -> int:
    try:
        return evaluate_checks(ids=[pk], by=None, at=at)
    except Exception as error:
        logger.exception("release check %s broke", pk)
        note_failure(check_id=pk, error=f"{type(error).__name__}: {error}", by=None, at=at)
        return 0


@service
def claim_checks(*, by, at, limit: int) -> list[int]:
    """Mark up to `limit` free checks as running. Give up those that were begun too often."""
    _execute(_GIVE_UP, ATTEMPTS)
    return sorted(pk for (pk,) in _execute(_CLAIM, ATTEMPTS, limit, at, fetch=True))


@service
def note_failure(*, check_id: int, error: str, by, at) -> None:
    """Keep why a check broke. It stays running and free, so the next sweep tries again."""
    _execute(
        "UPDATE qc_releasecheck SET error = %s WHERE id = %s AND status = 'running'",
        error[:2000],
        check_id,
    )


@service
def evaluate_checks(*, ids: list[int], by, at) -> int:
    """Evaluate those of the claimed checks that are still running and free, in one transaction."""
    held = _execute(_HOLD, ids, fetch=True)
    if not held:
        return 0
    batch_ids = list({row[1] for row in held})
    former = _former(batch_ids)
    evidence = gather_evidence(batch_ids, at=at)
    versions = _versions({seen.batch.product_id for seen in evidence.values()})
    since = instant(at)
    checked, reopened = [], []
    for pk, batch_id, sponsor_id, disposition, disposed_at in held:
        seen = evidence[batch_id]
        verdict_before, findings_before = former.get(batch_id, ("", {}))
        # A released batch is judged as of its certification: an agreement that ends later, a QP who
        # leaves, do not reach back.
        judged_at = disposed_at if disposition == "released" and disposed_at else at
        findings = rules.judge(seen, at=judged_at, former=findings_before, since=since)
        verdict = rules.verdict_of(findings, allows_conditional=seen.batch.allows_conditional)
        until = None
        if disposition in UNDECIDED:
            until = valid_until(seen, at=at, versions=versions.get(seen.batch.product_id, ()))
        checked.append((pk, sponsor_id, verdict, seen.canonical, findings, until))
        if _reopens(disposition, verdict) and not _reopens(disposition, verdict_before):
            reopened.append((batch_id, findings))
    _write(checked, at)
    _announce(reopened, at)
    return len(checked)


def _versions(product_ids) -> dict[int, list[date]]:
    """Return the days on which versions of each product's specifications begin or have ended."""
    found = defaultdict(list)
    for product_id, first, last in _execute(_VERSIONS, list(product_ids), fetch=True):
        found[product_id] += [day for day in (first, last) if day is not None]
    return found


def _former(batch_ids) -> dict[int, tuple[str, dict]]:
    return {
        batch_id: (verdict, {f["rule"]: f for f in orjson.loads(digest)})
        for batch_id, verdict, digest in _execute(_FORMER, batch_ids, fetch=True)
    }


def _write(checked, at) -> None:
    ids, sponsors, verdicts, texts, hashes, digests, findings_texts = [], [], [], [], [], [], []
    counts, untils = [], []
    for pk, sponsor_id, verdict, canonical, findings, until in checked:
        untils.append(until)
        ids.append(pk)
        sponsors.append(sponsor_id)
        verdicts.append(verdict)
        texts.append(canonical.decode())
        hashes.append(sha256(canonical))
        findings_texts.append(dumped(findings).decode())
        digests.append(dumped([digest_of(finding) for finding in findings]).decode())
        counts.append(rules.count(findings))
    passed, pending, failed = (list(column) for column in zip(*counts, strict=True))
    version, results = rules.RULES_VERSION, (untils, passed, pending, failed)
    _execute(_WRITE, at, version, ids, verdicts, hashes, digests, *results)
    _execute(_KEEP, ids, sponsors, texts, findings_texts)


def digest_of(finding: dict) -> dict:
    """What a sponsor may know of a finding: that it stands, not what it says."""
    return {name: finding[name] for name in ("rule", "title", "outcome", "since")}


def _reopens(disposition: str, verdict: str) -> bool:
    """Whether this verdict speaks against a decision that was already taken."""
    if disposition == "released":
        return verdict not in {"ready", ""}
    return disposition == "conditional" and verdict == "blocked"


def _announce(reopened, at) -> None:
    batches = Batch.objects.in_bulk([batch_id for batch_id, _ in reopened])
    for batch_id, findings in reopened:
        against = [f["message"] for f in findings if rules.blocks(f) or rules.waits(f)]
        record_event(
            verb="batch.reopened",
            record=batches[batch_id],
            by=None,
            at=at,
            reason=" ".join(against)[:2000],
        )
