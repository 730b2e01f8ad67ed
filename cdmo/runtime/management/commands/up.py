"""`manage.py up`: the whole site on one machine, until Ctrl-C."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cdmo import env
from cdmo.runtime.frontend import NotFetched
from cdmo.runtime.lock import AlreadyRunning
from cdmo.runtime.postgresql import CannotStart
from cdmo.runtime.software import Missing
from cdmo.runtime.up import Site


class Command(BaseCommand):
    help = "Start the database, Redis, web, worker and scheduler; stop them all with Ctrl-C."
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args, **options):
        try:
            code = Site(
                data_dir=settings.DATA_DIR,
                host=env.text("HOST", "127.0.0.1"),
                port=env.number("PORT", 8000),
                say=self.say,
            ).run()
        except (AlreadyRunning, CannotStart, Missing, NotFetched) as refusal:
            raise CommandError(str(refusal)) from None
        if code:
            raise SystemExit(code)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
