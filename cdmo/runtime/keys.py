"""Keys apart from SECRET_KEY: for signing exports, for the vault, for backups.

Read when they are needed, so that a program that never needs one may run without it.
"""

import base64
import hashlib
from pathlib import Path

from django.conf import settings

from cdmo import env
from cdmo.runtime.addresses import kept_secret

SHORTEST = 32  # characters of a secret


class BadKey(Exception):
    """A key is missing, too short or not what it should be; the message says which."""


def export_secret() -> str:
    """Return EXPORT_SIGNING_KEY, else a random one kept in the data folder."""
    given = env.text("EXPORT_SIGNING_KEY", "")
    return _long_enough("EXPORT_SIGNING_KEY", given, "export-signing-key")


def vault_secret() -> str:
    """Return VAULT_KEY, else a random one kept in the data folder."""
    return _long_enough("VAULT_KEY", env.text("VAULT_KEY", ""), "vault-key")


def _long_enough(name: str, given: str, file: str) -> str:
    secret = given or kept_secret(settings.DATA_DIR, file)
    if len(secret) < SHORTEST:
        raise BadKey(f"{name} must have at least {SHORTEST} random characters.")
    return secret


def key_in(path: Path) -> bytes:
    """Return the 32 bytes of a key file: one line of base64, as `backup_key` writes it."""
    try:
        return key_of(Path(path).read_text(encoding="ascii"), path)
    except OSError as error:
        raise BadKey(f"The key file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadKey(f"{path} is no key: it should be one line of base64.") from None


def key_of(text: str, name) -> bytes:
    """Return the 32 bytes of a key written as base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise BadKey(f"{name} is no key: it should be one line of base64.") from None
    if len(key) != 32:
        raise BadKey(f"The key in {name} has {len(key)} bytes instead of 32.")
    return key


def fingerprint(key: bytes) -> str:
    """Return a short name of a key that tells nothing about it."""
    return hashlib.sha256(b"cdmo key fingerprint\n" + key).hexdigest()[:16]
