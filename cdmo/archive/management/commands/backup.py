"""`manage.py backup DIR [--key-file FILE] [--with-vault] [--keep N]`"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.archive import services
from cdmo.runtime.backup import BackupFailed, keep_newest, write_backup
from cdmo.runtime.clients import NoClient
from cdmo.runtime.keys import BadKey, key_in


class Command(BaseCommand):
    help = "Write a backup of everything into a new folder below DIR, with a manifest to prove it."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path)
        parser.add_argument("--key-file", type=Path, help="Seal the backup with this key.")
        parser.add_argument("--keep", type=int, default=0, help="Remove all but the newest N.")
        parser.add_argument(
            "--with-vault", action="store_true", help="Take along who patients are, still sealed."
        )

    def handle(self, directory, key_file, keep, with_vault, **_):
        try:
            key = key_in(key_file) if key_file else None
        except BadKey as error:
            raise CommandError(str(error)) from None
        backup = services.begin_backup(by=None, at=timezone.now())
        try:
            facts = write_backup(directory, at=timezone.now(), key=key, with_vault=with_vault)
        except (BackupFailed, NoClient) as error:
            services.end_backup(backup=backup, error=str(error), by=None, at=timezone.now())
            raise CommandError(str(error)) from None
        services.end_backup(backup=backup, facts=facts, by=None, at=timezone.now())
        self.stdout.write(
            f"{facts.folder}: {facts.rows} rows, {facts.size} bytes, "
            f"{'sealed' if facts.encrypted else 'NOT sealed'}."
        )
        for old in keep_newest(directory, keep):
            self.stdout.write(f"Removed {old}.")
