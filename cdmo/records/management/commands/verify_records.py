"""`manage.py verify_records`: prove the audit trail, every signature and every document."""

import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cdmo.records.verify import Proven, against_copy, verify_all


class Command(BaseCommand):
    help = "Prove the audit trail and every signature. Exit 1, a line a broken record, if not."

    def add_arguments(self, parser):
        parser.add_argument(
            "--against",
            metavar="SEALS",
            help="also compare the seals with a copy that export_seals wrote and somebody kept",
        )

    def handle(self, against=None, **_):
        broken = 0
        words = []
        with progress(self.stderr):
            for proven in self.proofs(against):
                words.append(f"{proven.checked} {proven.what}")
                broken += len(proven.broken)
                for line in proven.broken:
                    self.stdout.write(line)
                for line in proven.noted:
                    self.stdout.write(f"Note: {line}")
        verdict = f"{broken} broken" if broken else "all as they were made"
        self.stdout.write(f"{', '.join(words)}: {verdict}.")
        if broken:
            sys.exit(1)

    def proofs(self, against):
        yield from verify_all()
        if against:
            try:
                with Path(against).open(encoding="utf-8") as lines:
                    yield against_copy(lines)
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"The copy of the seals cannot be read: {error}") from error


@contextmanager
def progress(out):
    """Show on a terminal what is being looked at, once it takes longer than a second."""
    if not out.isatty():
        yield
        return
    done = threading.Event()

    def show():
        began = time.monotonic()
        shown = False
        while not done.wait(1.0):
            if (at_work := Proven.latest) is not None:
                seconds = time.monotonic() - began
                out.write(f"\r\033[K{seconds:.0f} s: {at_work.checked:,} {at_work.what}", ending="")
                out.flush()
                shown = True
        if shown:
            out.write("\r\033[K", ending="")
            out.flush()

    teller = threading.Thread(target=show, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
