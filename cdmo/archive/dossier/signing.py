"""The installation's detached signature under what leaves it (Ed25519, 21 CFR 11.30).

Not a person's signature: it says that this installation wrote these bytes. The receiver needs the
public key, handed over by another way (`manage.py export_key`).
"""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from cdmo.runtime.keys import export_secret


class NotAKey(Exception):
    """What was given is no Ed25519 public key."""


def _private() -> Ed25519PrivateKey:
    # The secret is long random text; its hash is the seed, so any spelling of a secret will do.
    seed = hashlib.sha256(b"cdmo export signing key\n" + export_secret().encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_pem() -> str:
    """Return this installation's public key, as a receiver keeps it."""
    key = _private().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def own_key() -> str:
    """Return this installation's public key in one line."""
    return _line(_private().public_key())


def sign(data: bytes) -> str:
    """Return the detached signature as base64."""
    return base64.b64encode(_private().sign(data)).decode()


def is_signed(data: bytes, *, signature: str, key: str) -> bool:
    """Whether `key` (one line, or PEM) signed these bytes."""
    try:
        public(key).verify(base64.b64decode(signature.strip(), validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def public(text: str) -> Ed25519PublicKey:
    """Read a public key: PEM, or the base64 of its 32 bytes."""
    try:
        if "BEGIN" in text:
            found = load_pem_public_key(text.encode())
        else:
            found = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise NotAKey("This is no Ed25519 public key.")
    return found


def one_line(text: str) -> str:
    return _line(public(text))


def _line(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
