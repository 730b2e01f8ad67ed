"""`manage.py export_seals FILE`: a copy of the chain, to be kept where nobody here can reach it."""

import os
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from cdmo.records.models import Seal
from cdmo.records.seals.exporting import record_taken, row_lines, seal_lines


class Command(BaseCommand):
    help = (
        "Write every seal as a JSON line. Keep the file elsewhere: with it verify_records --against"
        " finds a chain that was made anew. docs/verify_seals.py checks it without this system."
    )

    def add_arguments(self, parser):
        parser.add_argument("file")
        parser.add_argument(
            "--rows",
            metavar="FILE",
            help="also write every sealed row, and into the seals' file a digest of each",
        )

    def handle(self, file, rows=None, **_):
        inside = connection.in_atomic_block
        # One snapshot: no seal may appear between the seals' file and the rows' file.
        with transaction.atomic():
            if not inside:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            seals = write(file, seal_lines(leaves=bool(rows)))
            words = f"{seals} seals written to {file}"
            if rows:
                words += f", {write(rows, row_lines())} rows to {rows}"
            last = Seal.objects.first()
        record_taken(last=last, by=None, at=timezone.now(), rows=bool(rows))
        self.stdout.write(f"{words}. Last: {last.sha256 if last else 'none'}")


def write(file: str, lines) -> int:
    """Write a file whole or not at all. Returns the number of lines."""
    target = Path(file)
    count = 0
    try:
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            for line in lines:
                out.write(line)
                count += 1
            out.flush()
            os.fsync(out.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return count
