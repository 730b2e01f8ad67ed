"""Make the next seal. One sealer at a time; nobody who writes ever waits for it.

Ids are given out before the commit, so a row with a low id may appear after one with a high id.
Had the high one been sealed, the late one would look slipped in. So an id is sealed only when
nobody can bring a lower one any more. Whoever inserts holds a ROW EXCLUSIVE lock on the table from
before it takes an id until its transaction ends: so look up the highest id first, *then* who holds
such a lock, and wait until these few are gone. What comes later has higher ids. PostgreSQL builds
an index beside writers the same way. A transaction id in every row would do as well, but starts
again low after a restore into a new server; ids do not.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from cdmo.records.acting import service
from cdmo.records.canonical import canonical, instant, sha256
from cdmo.records.models import AuditEvent, Seal, SealedBlock
from cdmo.records.seals.content import Block, Content, Part
from cdmo.records.seals.form import BLOCK, LOWEST, Table, in_utc, sealed_models
from cdmo.records.services import next_number, record_event

ROWS_AT_ONCE = 100_000
PATIENCE = 5.0
LOCK = 0x5EA1
# Rows carry the start of their transaction: a long one is logged after younger rows were sealed.
CLOCK_TOLERANCE = timedelta(minutes=15)


@service
def seal_rows(*, by, at, reason="", rows_at_once=ROWS_AT_ONCE, patience=PATIENCE):
    """Seal what has been written since the last seal, up to `rows_at_once` rows.

    Returns the Seal; None when there is nothing to seal, somebody else is sealing, or a writer
    held a table for longer than `patience` seconds (the next beat tries again).
    """
    if not _only_sealer():
        return None
    last = Seal.objects.first()
    before = Content.parse(last.content) if last else None
    tables = [Table.of(model) for model in sealed_models()]
    highest = _highest(tables)
    after = {table.name: before.through(table.name) if before else LOWEST for table in tables}
    new = [table for table in tables if highest[table.name] > after[table.name]]
    if not new or not _settled(new, patience):
        return None
    in_utc()
    taken = _Taken(rows_at_once)
    for table in new:
        taken.take(table, after[table.name], highest[table.name])
    return _write(last, before, taken, by=by, at=at)


def _only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def _highest(tables) -> dict[str, int]:
    query = ", ".join(f"(SELECT max(id) FROM {table.quoted})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {query}")
        found = cursor.fetchone()
    return {table.name: LOWEST if n is None else n for table, n in zip(tables, found, strict=True)}


_WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND relation = ANY(%s::regclass[]) AND pid IS DISTINCT FROM pg_backend_pid()"""


def _settled(tables, patience: float) -> bool:
    """Wait for those who are writing now; False when they outlast the patience."""
    names = [table.quoted for table in tables]
    waiting_for = _writers(names)
    until = time.monotonic() + patience
    while waiting_for and time.monotonic() < until:
        time.sleep(0.05)
        waiting_for &= _writers(names)
    return not waiting_for


def _writers(names) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [names])
        return {transaction for (transaction,) in cursor.fetchall()}


@dataclass
class _Taken:
    """Blocks of rows taken so far, and how many more rows fit under this seal."""

    room: int
    parts: list[Part] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def take(self, table: Table, after: int, highest: int) -> None:
        """Take the rows of one table above `after`, block by block."""
        logged = table.name == AuditEvent._meta.db_table
        times = "min(r.logged_at), max(r.logged_at)" if logged else "NULL, NULL"
        part = Part(table=table.name, columns=table.columns, blocks=[])
        while self.room > 0 and after < highest:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*), max(r.id), {table.leaves}, {times}"
                    f" FROM (SELECT * FROM {table.quoted} WHERE id > %s AND id <= %s"
                    " ORDER BY id LIMIT %s) r",
                    [after, highest, min(BLOCK, self.room)],
                )
                rows, through, leaves, earliest, latest = cursor.fetchone()
            leaves = bytes(leaves)
            part.blocks.append(
                Block(after, through, rows, sha256(leaves), instant(earliest), instant(latest))
            )
            self.leaves.append(leaves)
            self.room -= rows
            after = through
        if part.blocks:
            self.parts.append(part)


def _write(last, before, taken, *, by, at) -> Seal:
    content = Content(
        number=next_number("SEAL"),
        sealed_at=instant(at),
        app_version=settings.APP_VERSION,
        previous=last.sha256 if last else "",
        parts=taken.parts,
        covered={
            **(before.covered if before else {}),
            **{part.table: part.blocks[-1].through for part in taken.parts},
        },
    )
    text = canonical(content.plain())
    seal = Seal.objects.create(
        number=content.number,
        sealed_at=at,
        app_version=content.app_version,
        rows=sum(block.rows for block in content.blocks()),
        previous_sha256=content.previous,
        content=text.decode(),
        sha256=sha256(text),
    )
    places = [(part.table, block) for part in taken.parts for block in part.blocks]
    SealedBlock.objects.bulk_create(
        SealedBlock(seal=seal, table=table, after=block.after, through=block.through, leaves=leaves)
        for (table, block), leaves in zip(places, taken.leaves, strict=True)
    )
    if back := clock_set_back(before, content):
        record_event(
            verb="clock.set_back", record=seal, by=by, at=at, reason=f"The clock went back {back}."
        )
    return seal


def clock_set_back(before: Content | None, seal: Content) -> str:
    """Return in words how far a clock went back before this seal; "" when none did.

    Two clocks: the database's in the rows (`logged_at`), the application's in the seals.
    """
    back = timedelta(0)
    if before is not None:
        back = datetime.fromisoformat(before.sealed_at) - datetime.fromisoformat(seal.sealed_at)
    latest = before.latest() if before is not None else None
    for block in seal.blocks():
        if block.earliest is None:
            continue
        if latest is not None:
            gone = datetime.fromisoformat(latest) - datetime.fromisoformat(block.earliest)
            back = max(back, gone)
        latest = block.latest
    seconds = timedelta(seconds=round(back.total_seconds()))
    return f"by {seconds}" if back > CLOCK_TOLERANCE else ""
