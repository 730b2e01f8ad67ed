"""Sealing: each identity under a key of its own, that key under the vault's (AES-256-GCM).

Changing the vault's key re-wraps the small keys and never touches what they seal. The chain's
identifier is authenticated with both, so no envelope can be put under another patient's chain.
"""

import json
import os
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cdmo.records.canonical import canonical
from cdmo.runtime.keys import fingerprint

NONCE = 12


class WrongKey(Exception):
    """The vault's key does not open this envelope, or the envelope was tampered with."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a patient is. Texts as the clinic gave them."""

    full_name: str
    birth_date: str = ""
    hospital_number: str = ""
    clinic: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    sealed: bytes
    wrapped_key: bytes
    key_name: str


def vault_key(secret: str) -> bytes:
    """Return the vault's 32 bytes from its secret text."""
    return HKDF(SHA256(), 32, salt=None, info=b"cdmo vault").derive(secret.encode())


def seal(identity: Identity, *, coi: str, secret: str) -> Envelope:
    """Return an identity sealed for one chain."""
    own = AESGCM.generate_key(256)
    return Envelope(
        sealed=_lock(own, canonical(asdict(identity)), coi),
        wrapped_key=_lock(vault_key(secret), own, coi),
        key_name=fingerprint(vault_key(secret)),
    )


def unseal(envelope, *, coi: str, secret: str) -> Identity:
    """Return the identity, or raise WrongKey."""
    own = _unlock(vault_key(secret), bytes(envelope.wrapped_key), coi)
    return Identity(**json.loads(_unlock(own, bytes(envelope.sealed), coi)))


def rewrap(envelope, *, coi: str, old: str, new: str) -> Envelope:
    """Return the same sealed content with its key under another vault key."""
    own = _unlock(vault_key(old), bytes(envelope.wrapped_key), coi)
    return Envelope(
        sealed=bytes(envelope.sealed),
        wrapped_key=_lock(vault_key(new), own, coi),
        key_name=fingerprint(vault_key(new)),
    )


def _lock(key: bytes, data: bytes, coi: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, coi.encode())


def _unlock(key: bytes, data: bytes, coi: str) -> bytes:
    try:
        return AESGCM(key).decrypt(data[:NONCE], data[NONCE:], coi.encode())
    except InvalidTag:
        raise WrongKey(
            f"The vault's key does not open what is sealed under {coi}: another key, or the "
            "envelope was changed."
        ) from None
