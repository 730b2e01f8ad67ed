"""`manage.py setup_link EMAIL`: print a link by which a person chooses a new password.

For the first administrator of an installation, and for the last one who has lost theirs. Everybody
else is given a link by an administrator, on the page.
"""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from cdmo.access.services import issue_link
from cdmo.accounts.models import User
from cdmo.blockers import Blocked


class Command(BaseCommand):
    help = "Print a link by which a person chooses a password. It works once, for a limited time."

    def add_arguments(self, parser):
        parser.add_argument("email", help="whose password it is")
        parser.add_argument(
            "--site", default="http://127.0.0.1:8000", help="where the site answers"
        )

    def handle(self, *, email, site, **_):
        person = User.objects.filter(email__iexact=email.strip()).first()
        if person is None:
            raise CommandError(f"There is no account {email}.")
        try:
            token = issue_link(
                person=person, by=None, at=timezone.now(), reason="Printed at the machine."
            )
        except Blocked as blocked:
            raise CommandError(" ".join(b.message for b in blocked.blockers)) from blocked
        self.stdout.write(site.rstrip("/") + reverse("access:set_up", args=[token]))
        self.stderr.write(f"It works once, for {settings.SETUP_LINK_HOURS} hours.")
