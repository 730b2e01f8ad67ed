"""`manage.py demo`: load the demonstration data once; again it changes nothing."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.demo.load import NotHere, load


class Command(BaseCommand):
    help = "Load the demonstration data. Run again, it changes nothing."

    def handle(self, **_):
        try:
            loaded = load(at=timezone.now())
        except NotHere as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            "The demonstration is loaded."
            if loaded
            else "The demonstration stands already; nothing was changed."
        )
