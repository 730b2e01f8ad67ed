"""`manage.py restore FOLDER [--key-file FILE] [--replace] [--check]`"""

from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.archive import services
from cdmo.archive.models import Backup
from cdmo.archive.states import BackupStatus
from cdmo.runtime.clients import NoClient
from cdmo.runtime.keys import BadKey, key_in
from cdmo.runtime.restore import CannotRestore, RestoredOtherwise, check, restore


class Command(BaseCommand):
    help = "Prove a backup, put it in place of an empty database, and verify the records."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path)
        parser.add_argument("--key-file", type=Path)
        parser.add_argument("--replace", action="store_true", help="Throw away what stands there.")
        parser.add_argument("--check", action="store_true", help="Only prove the backup.")

    def handle(self, folder, key_file, replace, **options):
        try:
            proven = check(folder, key=key_in(key_file) if key_file else None)
            manifest = proven.manifest
            rows = sum(manifest["rows"].values())
            self.stdout.write(f"The backup of {manifest['made_at']} is whole: {rows} rows.")
            if options["check"]:
                return
            restore(proven, replace=replace)
        except (CannotRestore, NoClient, BadKey) as error:
            raise CommandError(f"Nothing was restored.\n{error}") from None
        except RestoredOtherwise as error:
            raise CommandError(f"Restored, but not what was backed up. Look!\n{error}") from None
        self.stdout.write("Restored. Bringing the tables to this version.")
        call_command("migrate", interactive=False, verbosity=0)
        for unfinished in Backup.objects.filter(status=BackupStatus.RUNNING):
            services.end_backup(
                backup=unfinished,
                error="The system was restored from this backup.",
                by=None,
                at=timezone.now(),
            )
        call_command("verify_records", stdout=self.stdout)
