"""`manage.py import_dossier FILE [--signature FILE --public-key FILE] [--by EMAIL]`"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.accounts.models import User
from cdmo.archive import services
from cdmo.archive.dossier import Damaged
from cdmo.archive.dossier.signing import NotAKey


class Command(BaseCommand):
    help = "Take in another installation's dossier for reading. A damaged file is refused."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--signature", type=Path, help="The detached signature, if it came.")
        parser.add_argument("--public-key", type=Path, help="The sender's public key (PEM).")
        parser.add_argument("--by", help="E-mail address of who takes it in.")

    def handle(self, file, signature, public_key, by, **_):
        try:
            imported = services.import_dossier(
                data=file.read_bytes(),
                filename=file.name,
                signature=signature.read_text(encoding="ascii") if signature else "",
                key=public_key.read_text(encoding="ascii") if public_key else "",
                by=User.objects.get(email=by) if by else None,
                at=timezone.now(),
            )
        except Damaged as damage:
            raise CommandError("Nothing was imported.\n" + "\n".join(damage.differs)) from None
        except (OSError, UnicodeDecodeError, NotAKey) as error:
            raise CommandError(f"Nothing was imported. {error}") from None
        except User.DoesNotExist:
            raise CommandError(f"Nothing was imported. There is no person {by}.") from None
        proof = "its signature is right" if imported.key_was_known else "no signature was proven"
        self.stdout.write(f"{imported.number}: batch {imported.batch}, to be read only; {proof}.")
