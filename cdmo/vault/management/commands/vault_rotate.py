"""`manage.py vault_rotate --new-key-file FILE`: put the vault under another key."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdmo.runtime.keys import SHORTEST, BadKey, vault_secret
from cdmo.vault import services
from cdmo.vault.sealing import WrongKey


class Command(BaseCommand):
    help = "Put every sealed identity under a new key; set VAULT_KEY to it afterwards."

    def add_arguments(self, parser):
        parser.add_argument("--new-key-file", type=Path, required=True)

    def handle(self, new_key_file, **_):
        try:
            new = new_key_file.read_text(encoding="ascii").strip()
            if len(new) < SHORTEST:
                raise BadKey(f"A key has at least {SHORTEST} random characters.")
            count = services.change_key(old=vault_secret(), new=new, by=None, at=timezone.now())
        except (OSError, UnicodeDecodeError, BadKey, WrongKey) as error:
            raise CommandError(f"No key was changed. {error}") from None
        self.stdout.write(f"{count} identities are under the new key. Set VAULT_KEY to it now.")
