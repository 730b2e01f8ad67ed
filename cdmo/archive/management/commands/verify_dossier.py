"""`manage.py verify_dossier FILE [--signature FILE --public-key FILE]`"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cdmo.archive.dossier import Damaged, opened
from cdmo.archive.dossier.signing import NotAKey, is_signed


class Command(BaseCommand):
    help = "Prove a dossier's hashes and, with its signature and the sender's key, its origin."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--signature", type=Path)
        parser.add_argument("--public-key", type=Path)

    def handle(self, file, signature, public_key, **_):
        if bool(signature) != bool(public_key):
            raise CommandError("A signature is proven with a public key: give both or neither.")
        try:
            data = file.read_bytes()
            found = opened(data)
            if signature and not is_signed(
                data,
                signature=signature.read_text(encoding="ascii"),
                key=public_key.read_text(encoding="ascii"),
            ):
                raise Damaged(["The signature is not that of this key under this file."])
        except Damaged as damage:
            raise CommandError("\n".join(damage.differs)) from None
        except (OSError, UnicodeDecodeError, NotAKey) as error:
            raise CommandError(str(error)) from None
        counts = sum(part["count"] for part in found.manifest["parts"].values())
        proof = "; signed with this key" if signature else "; no signature was proven"
        self.stdout.write(
            f"Dossier of {found.manifest['batch']}, written {found.manifest['made_at']}: "
            f"{counts} records, all as exported{proof}."
        )
