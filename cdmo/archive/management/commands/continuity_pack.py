"""`manage.py continuity_pack DIR`: printable sheets of the batches in work."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.archive.continuity import write_pack


class Command(BaseCommand):
    help = "Write printable sheets of every batch in work, for days on which the system is down."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path)

    def handle(self, directory, **_):
        try:
            folder = write_pack(directory, at=timezone.now())
        except OSError as error:
            raise CommandError(f"{directory} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{folder}: {len(list(folder.glob('*.pdf')))} papers.")
