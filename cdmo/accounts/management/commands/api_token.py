"""`manage.py api_token EMAIL`: print a new token, alone on stdout. Only its hash is stored."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.accounts.models import User
from cdmo.accounts.tokens import issue_token


class Command(BaseCommand):
    help = "Print a new API token for a person. It is shown once: only its hash is stored."

    def add_arguments(self, parser):
        parser.add_argument("email", help="whose token it is")
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--days", type=int, help="how long it works (for ever)")
        parser.add_argument("--read-only", action="store_true", help="it may read, not write")

    def handle(self, *, email, name, days, read_only, **_):
        person = User.objects.filter(email__iexact=email.strip()).first()
        if person is None:
            raise CommandError(f"There is no account {email}.")
        if not person.is_active:
            raise CommandError(f"The account {email} is closed.")
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days is a number from 1 to 36500.")
        if len(name) > 100:
            raise CommandError("--name has at most 100 characters.")
        secret, _ = issue_token(
            user=person, by=None, at=timezone.now(), name=name, days=days, read_only=read_only
        )
        self.stdout.write(secret)
