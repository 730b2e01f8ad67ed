"""Seals and sealed rows as JSON lines, for a copy kept elsewhere and for a check without us.

docs/verify_seals.py reads both. A row's line carries the very text that was hashed.
"""

import base64
from collections.abc import Iterator

from django.db import connection

from cdmo.records.acting import service
from cdmo.records.canonical import canonical
from cdmo.records.models import Seal, SealedBlock
from cdmo.records.seals.content import Content
from cdmo.records.seals.form import in_utc
from cdmo.records.services import record_event

SEALS_AT_ONCE = 200


def seal_lines(*, leaves: bool = False) -> Iterator[str]:
    """Yield a line a seal, the oldest first. `leaves`: with a digest a row, to name a damaged one.

    Fixed spelling: {"number":…,"sha256":…,"content":text[,"leaves":[[table,after,base64],…]]}.
    """
    last = None
    while page := list(_page(last)):
        for seal in page:
            line = {"number": seal.number, "sha256": seal.sha256, "content": seal.content}
            if leaves:
                line["leaves"] = [
                    [block.table, block.after, base64.b64encode(block.leaves).decode()]
                    for block in SealedBlock.objects.filter(seal=seal).order_by("id").iterator()
                ]
            yield canonical(line).decode() + "\n"
        last = page[-1].number


def _page(last):
    seals = Seal.objects.order_by("number")
    return (seals if last is None else seals.filter(number__gt=last))[:SEALS_AT_ONCE]


def row_lines() -> Iterator[str]:
    """Yield a line a sealed row, in the order of the seals: {"table":…,"id":…,"row":[…]}.

    Needs a transaction: the session is put on UTC until its end.
    """
    in_utc()
    for seal in Seal.objects.order_by("number").iterator(chunk_size=SEALS_AT_ONCE):
        for part in Content.parse(seal.content).parts:
            table = part.form
            query = (
                f"SELECT r.id, {table.row_text} FROM {table.quoted} r"
                " WHERE r.id > %s AND r.id <= %s ORDER BY r.id"
            )
            for block in part.blocks:
                with connection.cursor() as cursor:
                    cursor.execute(query, [block.after, block.through])
                    for pk, text in cursor.fetchall():
                        yield f'{{"table":"{part.table}","id":{pk},"row":{text}}}\n'


@service
def record_taken(*, last: Seal | None, by, at, rows=False) -> None:
    """Put on record that the chain was copied, up to which seal, and whether with its rows.

    `by`: None when it was copied at the machine. A chain without a seal is nothing to copy.
    """
    if last is not None:
        record_event(
            verb="seals.export",
            record=last,
            by=by,
            at=at,
            new={"through": last.number, "sha256": last.sha256, "rows": bool(rows)},
        )
