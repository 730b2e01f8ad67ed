"""`manage.py export_key`: the public key with which receivers prove this installation's exports."""

from django.core.management.base import BaseCommand

from cdmo.archive.dossier.signing import public_pem


class Command(BaseCommand):
    help = "Print the public key under this installation's exports (PEM)."
    requires_system_checks = []

    def handle(self, **_):
        self.stdout.write(public_pem(), ending="")
