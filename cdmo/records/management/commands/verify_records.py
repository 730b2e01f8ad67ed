"""`manage.py verify_records`: prove the audit trail, every signature and every document."""

import sys

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from cdmo.records.verify import verify_all


class Command(BaseCommand):
    help = "Prove the audit trail and every signature. Exit 1, a line a broken record, if not."

    def handle(self, **_):
        broken = 0
        words = []
        inside = connection.in_atomic_block
        # One snapshot: a record changed while we look is seen before or after, never in between.
        with transaction.atomic():
            if not inside:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for proven in verify_all():
                words.append(f"{proven.checked} {proven.what}")
                broken += len(proven.broken)
                for line in proven.broken:
                    self.stdout.write(line)
        verdict = f"{broken} broken" if broken else "all as they were made"
        self.stdout.write(f"{', '.join(words)}: {verdict}.")
        if broken:
            sys.exit(1)
