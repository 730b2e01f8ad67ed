"""From a change anywhere in the house to a queued check: whose batches does it bear on?

A change writes an Outbox row in its own transaction; here these rows become queued checks, by set.
"""

from collections import defaultdict

from django.db import IntegrityError, connection, transaction

from batches.manufacture.states import Disposition
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from qc.release.models import ReleaseCheck
from qc.release.rules import RULES_VERSION
from qc.release.states import UNDECIDED, CheckStatus

# A batch that was rejected or recalled is not checked again; a released one is, and may re-open.
CHECKED = (Disposition.PENDING, Disposition.CONDITIONAL, Disposition.RELEASED)
DRAIN_AT_ONCE = 5_000

_OWN = "SELECT id, batch_id FROM {table} WHERE id = ANY(%(ids)s)"
# Downstream of batches: through consumptions of them or of lots that they produced.
_DOWNSTREAM = """
    WITH RECURSIVE made(record, batch_id) AS (
        {seed}
        UNION
        SELECT m.record, c.batch_id
        FROM made m
        LEFT JOIN batches_lot l ON l.produced_by_id = m.batch_id
        JOIN batches_consumption c ON c.cancelled_at IS NULL
            AND (c.source_batch_id = m.batch_id OR c.lot_id = l.id)
    ) SELECT record, batch_id FROM made"""
_OF_PRODUCT = """
    SELECT {key}, b.id FROM batches_batch b
    JOIN {table} x ON x.{link} = b.{column} WHERE x.id = ANY(%(ids)s)"""

# {record_type: statement from ids of changed records to (record, batch)}
BEARS_ON = {
    "batch": _DOWNSTREAM.format(seed="SELECT b, b FROM unnest(%(ids)s::bigint[]) b"),
    "lot": _DOWNSTREAM.format(
        seed="SELECT lot_id, batch_id FROM batches_consumption WHERE lot_id = ANY(%(ids)s)"
    ),
    "consumption": _DOWNSTREAM.format(
        seed="SELECT id, batch_id FROM batches_consumption WHERE id = ANY(%(ids)s)"
    ),
    "step": _OWN.format(table="batches_batchstep"),
    "deviation": _OWN.format(table="batches_deviation"),
    "sample": _OWN.format(table="qc_sample"),
    "result": _OWN.format(table="qc_result"),
    "oos": _OWN.format(table="qc_oosinvestigation"),
    "identity_scan": _OWN.format(table="batches_identityscan"),
    "justification": _OWN.format(table="qc_justification"),
    "certification": _OWN.format(table="qc_certification"),
    "identity_chain": "SELECT coi_id, id FROM batches_batch WHERE coi_id = ANY(%(ids)s)",
    "master_batch_record": "SELECT master_id, id FROM batches_batch WHERE master_id = ANY(%(ids)s)",
    "product": "SELECT product_id, id FROM batches_batch WHERE product_id = ANY(%(ids)s)",
    "process_version": (
        "SELECT process_version_id, id FROM batches_batch WHERE process_version_id = ANY(%(ids)s)"
    ),
    "specification": _OF_PRODUCT.format(
        key="x.id", table="qc_specification", link="product_id", column="product_id"
    ),
    "agreement": _OF_PRODUCT.format(
        key="x.id", table="portfolio_agreement", link="sponsor_id", column="sponsor_id"
    ),
    "scope_item": _OF_PRODUCT.format(
        key="x.id", table="portfolio_scopeitem", link="sponsor_id", column="sponsor_id"
    ),
    "method": "SELECT method_id, batch_id FROM qc_result WHERE method_id = ANY(%(ids)s)",
    "instrument": (
        "SELECT instrument_id, batch_id FROM qc_result WHERE instrument_id = ANY(%(ids)s)"
    ),
    "calibration": """
        SELECT c.id, r.batch_id FROM qc_calibration c
        JOIN qc_result r ON r.instrument_id = c.instrument_id WHERE c.id = ANY(%(ids)s)""",
    "appointment": """
        SELECT a.id, b.id FROM accounts_appointment a
        JOIN batches_batch b ON b.site_id = a.site_id
        WHERE a.id = ANY(%(ids)s) AND a.role = 'qp'""",
    "person": """
        SELECT a.user_id, b.id FROM accounts_appointment a
        JOIN batches_batch b ON b.site_id = a.site_id
        WHERE a.user_id = ANY(%(ids)s) AND a.role = 'qp'""",
    "site": "SELECT site_id, id FROM batches_batch WHERE site_id = ANY(%(ids)s)",
}


def batches_of(record_type: str, ids: list[int]) -> list[tuple[int, int]]:
    """Return (record, batch) for every batch that these records bear on. One statement."""
    statement = BEARS_ON.get(record_type)
    if statement is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": ids})
        return cursor.fetchall()


# One queued check a batch: while one waits, further changes need no second, it will see them.
# Sorted by batch, so that two sweeps never wait for each other crosswise.
_QUEUE = """
    INSERT INTO qc_releasecheck (batch_id, sponsor_id, status, verdict, cause, queued_at, attempts,
        rules_version, evidence_sha256, digest, passed_count, pending_count, failed_count, error)
    SELECT b.id, b.sponsor_id, 'queued', '', w.cause, %(at)s, 0, '', '', '[]', 0, 0, 0, ''
    FROM unnest(%(batches)s::bigint[], %(causes)s::text[]) w(batch_id, cause)
    JOIN batches_batch b ON b.id = w.batch_id
    WHERE b.disposition = ANY(%(checked)s) AND b.execution <> 'aborted'
    ORDER BY b.id
    ON CONFLICT (batch_id) WHERE status = 'queued' DO NOTHING
    RETURNING id"""


@service
def queue_checks(*, causes: dict[int, str], by, at) -> int:
    """Queue a check for each batch of {id: cause} that has none waiting. Returns how many."""
    if not causes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUE,
            {
                "at": at,
                "batches": list(causes),
                "causes": [cause[:200] for cause in causes.values()],
                "checked": [str(status) for status in CHECKED],
            },
        )
        return len(cursor.fetchall())


# The last check of each batch that waits for a decision, where it may no longer say what stands.
# From the open batches, of which there are few, to the last check of each by its index; never
# through the checks, of which there are ever more. A check that broke is tried again a day later.
_OUTDATED = """
    SELECT b.id, c.rules_version FROM batches_batch b CROSS JOIN LATERAL (
        SELECT d.id, d.rules_version, d.valid_until FROM qc_releasecheck d
        WHERE d.batch_id = b.id AND d.status = 'done' ORDER BY d.id DESC LIMIT 1
    ) c
    WHERE b.disposition = ANY(%(undecided)s) AND b.execution <> 'aborted'
        AND (c.valid_until <= %(at)s OR c.rules_version <> %(rules)s)
        AND NOT EXISTS (
            SELECT FROM qc_releasecheck w WHERE w.batch_id = b.id AND w.id > c.id
                AND (w.status <> 'failed' OR w.queued_at > %(at)s - interval '1 day')
        )
    ORDER BY b.id LIMIT %(limit)s FOR KEY SHARE OF b SKIP LOCKED"""


@service
def queue_outdated(*, by, at) -> int:
    """Queue a check of each undecided batch whose last one time or new rules have overtaken.

    Time: a date in what it saw has passed (`valid_until`). Rules: it was made by others than
    today's. Returns how many were queued. Safe twice and in two workers: whoever has a check
    waiting is passed by, and a new check moves `valid_until` on. A batch that somebody is deciding
    is skipped; the next beat finds it. While two versions of the program run side by side, each
    takes the other's checks for outdated, until the old one has stopped.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OUTDATED,
            {
                "undecided": sorted(UNDECIDED),
                "at": at,
                "rules": RULES_VERSION,
                "limit": DRAIN_AT_ONCE,
            },
        )
        found = cursor.fetchall()
    causes = {
        batch_id: "A date in the evidence has passed."
        if made_by == RULES_VERSION
        else f"Made by rules {made_by}; today's are {RULES_VERSION}."
        for batch_id, made_by in found
    }
    return queue_checks(causes=causes, by=by, at=at)


_DRAIN = """
    DELETE FROM records_outbox WHERE id IN (
        SELECT id FROM records_outbox ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING id, record_type, record_id, cause"""


@service
def drain_outbox(*, by, at) -> int:
    """Turn waiting changes into queued checks. Returns how many changes were handled.

    Claim and queue are one transaction: killed in between, the changes are still there. Two sweeps
    claim different rows (skip locked).
    """
    with connection.cursor() as cursor:
        cursor.execute(_DRAIN, [DRAIN_AT_ONCE])
        changes = sorted(cursor.fetchall())
    by_type = defaultdict(dict)
    for _, record_type, record_id, cause in changes:
        by_type[record_type].setdefault(record_id, cause)
    causes: dict[int, str] = {}
    for record_type, records in by_type.items():
        for record_id, batch_id in batches_of(record_type, list(records)):
            causes.setdefault(batch_id, records[record_id])
    queue_checks(causes=causes, by=by, at=at)
    return len(changes)


@service
def request_check(*, batch, by, at, reason=""):
    """Queue a check of one batch, or return the one that waits already. Raises Blocked."""
    ensure_clear([*right_blockers(by, Right.CHECK_RELEASE), *_decided_blockers(batch)])
    try:
        with transaction.atomic():
            check = ReleaseCheck.objects.create(
                batch=batch,
                sponsor_id=batch.sponsor_id,
                cause=f"Asked for by {by.full_name}."[:200],
                queued_at=at,
                queued_by=by,
            )
    except IntegrityError:
        waiting = ReleaseCheck.objects.filter(batch=batch, status=CheckStatus.QUEUED).first()
        # It was claimed in this very moment: it sees everything that is there now.
        return waiting or ReleaseCheck.objects.filter(batch=batch).first()
    record_event(verb="release_check.request", record=check, by=by, at=at, reason=reason)
    return check


def _decided_blockers(batch):
    if batch.disposition not in CHECKED:
        yield Blocker(
            "decided",
            f"{batch.number} is {batch.get_disposition_display().lower()} and not checked again.",
            record=batch,
        )
    if batch.execution == "aborted":
        yield Blocker("aborted", f"{batch.number} was aborted.", record=batch)
