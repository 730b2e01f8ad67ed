"""`manage.py backup_key FILE`: a new random key for backups."""

import base64
import os
import secrets
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cdmo.runtime.keys import fingerprint


class Command(BaseCommand):
    help = "Write a new random backup key to FILE. Keep it elsewhere than the backups."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, file, **_):
        key = secrets.token_bytes(32)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{file} was not written: {error.strerror}.") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as target:
            target.write(base64.b64encode(key).decode() + "\n")
        self.stdout.write(f"{file}: key {fingerprint(key)}. Without it no backup can be opened.")
