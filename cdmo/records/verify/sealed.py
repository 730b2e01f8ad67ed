"""The chain of seals holds, and every sealed row is as it was sealed."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from django.db import connection

from cdmo.records.canonical import instant, sha256
from cdmo.records.models import AuditEvent, Counter, Seal, SealedBlock
from cdmo.records.seals.content import Block, Content
from cdmo.records.seals.coverage import Coverage
from cdmo.records.seals.form import Table, in_utc, sealed_models, split
from cdmo.records.seals.making import clock_set_back
from cdmo.records.verify.proven import Proven

BLOCKS_AT_ONCE = 50
SEALS_AT_ONCE = 200
NAMED_AT_MOST = 1_000


def seals() -> Proven:
    """Prove the chain, then the rows under it, and tell which rows are under no seal yet."""
    proven = Proven("sealed rows")
    in_utc()
    _Rows(proven).prove(_chained(proven))
    _unsealed(proven)
    return proven


# the chain


def _walk() -> Iterator[Seal]:
    last = None
    while page := list(_after(last)[:SEALS_AT_ONCE]):
        yield from page
        last = page[-1].number


def _after(number):
    seals = Seal.objects.order_by("number")
    return seals if number is None else seals.filter(number__gt=number)


def _chained(proven: Proven) -> Iterator[Content]:
    """Yield each seal's content, proven against its own hash and the seal before."""
    before, previous, number = None, "", 0
    for seal in _walk():
        for missing in range(number + 1, min(seal.number, number + 1 + NAMED_AT_MOST)):
            proven.broken.append(f"seal {missing}: is missing.")
        number = seal.number
        if sha256(seal.content.encode()) != seal.sha256:
            proven.broken.append(f"seal {number}: its content does not have its SHA-256.")
        try:
            content = Content.parse(seal.content)
        except (ValueError, KeyError, TypeError):
            proven.broken.append(f"seal {number}: its content cannot be read.")
            previous = seal.sha256
            continue
        if _repeated(seal) != _said(content):
            proven.broken.append(f"seal {number}: its columns are not what its content says.")
        if content.previous != previous:
            proven.broken.append(f"seal {number}: does not follow on the seal before it.")
        proven.broken += [f"seal {number}: {line}" for line in _gaps(before, content)]
        if back := clock_set_back(before, content):
            proven.noted.append(
                f"seal {number} of {content.sealed_at}: the clock had been set back {back}."
            )
        before, previous = content, seal.sha256
        yield content
    counted = Counter.objects.filter(series="SEAL").values_list("last", flat=True).first() or 0
    for missing in range(number + 1, min(counted, number + NAMED_AT_MOST) + 1):
        proven.broken.append(f"seal {missing}: is missing from the end of the chain.")


def _repeated(seal) -> tuple:
    return seal.number, instant(seal.sealed_at), seal.app_version, seal.rows, seal.previous_sha256


def _said(content: Content) -> tuple:
    rows = sum(block.rows for block in content.blocks())
    return content.number, content.sealed_at, content.app_version, rows, content.previous


def _gaps(before: Content | None, content: Content) -> Iterator[str]:
    """Yield where the blocks of a seal do not begin where the last ones ended."""
    for part in content.parts:
        through = before.through(part.table) if before else part.blocks[0].after
        for block in part.blocks:
            if block.after != through:
                yield f"leaves out rows {through + 1} to {block.after} of {part.table}."
            through = block.through


# the rows


class _Rows:
    """Compares rows with their blocks, many blocks a query, and names what differs."""

    def __init__(self, proven: Proven):
        self.proven, self.named = proven, 0
        self.models = {model._meta.db_table: model for model in sealed_models()}
        with connection.cursor() as cursor:
            self.columns = {
                table: {
                    c.name for c in connection.introspection.get_table_description(cursor, table)
                }
                for table in connection.introspection.table_names(cursor)
            }

    def prove(self, contents: Iterable[Content]) -> None:
        waiting: dict[Table, list[tuple[int, Block]]] = {}
        for content in contents:
            for part in content.parts:
                blocks = waiting.setdefault(part.form, [])
                for block in part.blocks:
                    blocks.append((content.number, block))
                    if len(blocks) >= BLOCKS_AT_ONCE:
                        self.compare(part.form, blocks)
                        blocks.clear()
        for table, blocks in waiting.items():
            self.compare(table, blocks)

    def compare(self, table: Table, blocks: list[tuple[int, Block]]) -> None:
        if not blocks:
            return
        if gone := set(table.columns) - self.columns.get(table.name, set()):
            self.proven.broken.append(
                f"table {table.name}: sealed columns are gone: {', '.join(sorted(gone))}."
            )
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT x.rows, encode(sha256(x.leaves), 'hex')"
                " FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY b(after, through, place)"
                f" CROSS JOIN LATERAL (SELECT count(*) AS rows, {table.leaves} AS leaves"
                f" FROM {table.quoted} r WHERE r.id > b.after AND r.id <= b.through) x"
                " ORDER BY b.place",
                [[b.after for _, b in blocks], [b.through for _, b in blocks]],
            )
            found = cursor.fetchall()
        for (number, block), (rows, digest) in zip(blocks, found, strict=True):
            self.proven.checked += rows
            if (rows, digest) != (block.rows, block.sha256):
                self.name(table, number, block)

    def name(self, table: Table, number: int, block: Block) -> None:
        """Find which rows of a block differ. Named by their leaves, if these can be believed."""
        kept = (
            SealedBlock.objects.filter(seal__number=number, table=table.name, after=block.after)
            .values_list("leaves", flat=True)
            .first()
        )
        if kept is None or sha256(bytes(kept)) != block.sha256:
            self.tell(
                f"table {table.name}: rows {block.after + 1} to {block.through} are not as seal "
                f"{number} says, and their digests are damaged too."
            )
            return
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {table.leaves} FROM {table.quoted} r WHERE r.id > %s AND r.id <= %s",
                [block.after, block.through],
            )
            now = dict(split(bytes(cursor.fetchone()[0])))
        for line in differences(dict(split(bytes(kept))), now):
            self.tell(self.sentence(table, number, *line))

    def tell(self, line: str) -> None:
        self.named += 1
        if self.named <= NAMED_AT_MOST:
            self.proven.broken.append(line)
        elif self.named == NAMED_AT_MOST + 1:
            self.proven.broken.append(
                f"More than {NAMED_AT_MOST} sealed rows: only these are named."
            )

    def sentence(self, table: Table, number: int, pk: int, what: str) -> str:
        model = self.models.get(table.name)
        name = str(model._meta.verbose_name) if model else table.name
        row = model._default_manager.filter(pk=pk).first() if model else None
        if isinstance(row, AuditEvent):
            name, about = "audit event", f" ({row.verb} of {row.record_type} {row.record})"
        else:
            about = f" ({row})" if row is not None else ""
        return f"{name} {pk}{about}: {what} (seal {number})."


def differences(sealed: dict[int, bytes], now: dict[int, bytes]) -> Iterator[tuple[int, str]]:
    """Yield (id, what happened) of every row that is not as it was sealed."""
    places = {digest: pk for pk, digest in sealed.items()}
    for pk in sorted(sealed.keys() | now.keys()):
        if pk not in now:
            yield pk, "was removed after it was sealed"
        elif pk not in sealed:
            origin = places.get(now[pk])
            moved = f", as a copy of row {origin}" if origin is not None else ""
            yield pk, f"was slipped in among sealed rows{moved}"
        elif now[pk] != sealed[pk]:
            origin = places.get(now[pk])
            moved = f": it now holds what row {origin} held" if origin is not None else ""
            yield pk, f"was changed after it was sealed{moved}"


def _unsealed(proven: Proven) -> None:
    """Tell how many rows are under no seal yet, and note when they have waited for long."""
    coverage = Coverage.now()
    waiting, now = coverage.waiting(), _now()
    if waiting:
        proven.what += f" ({waiting} not yet sealed)"
    if coverage.is_late(now):
        proven.noted.append(
            f"{waiting} rows are under no seal yet, the first since {instant(coverage.since)}."
        )
    if coverage.is_ahead(now):
        proven.noted.append("The last seal is of a time to come: a clock was set back since.")


def _now():
    """The database's own clock, which wrote the times that it is compared with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]


def against_copy(lines: Iterable[str]) -> Proven:
    """Compare the seals with a copy of them that was kept elsewhere (`export_seals`)."""
    proven = Proven("seals of the copy")
    for _, page in groupby(enumerate(lines), lambda numbered: numbered[0] // SEALS_AT_ONCE):
        kept = {}
        for place, line in page:
            try:
                data = json.loads(line)
                kept[int(data["number"])] = str(data["sha256"])
            except (ValueError, KeyError, TypeError):
                proven.broken.append(f"line {place + 1} of the copy is no seal.")
        here = dict(Seal.objects.filter(number__in=kept).values_list("number", "sha256"))
        for number, digest in kept.items():
            proven.checked += 1
            if number not in here:
                proven.broken.append(f"seal {number}: is in the copy and no longer here.")
            elif here[number] != digest:
                proven.broken.append(f"seal {number}: is not the one in the copy.")
    return proven
