"""Files sealed in chunks (AES-256-GCM): any size, little memory, and no byte lost unnoticed.

    header: magic, salt; then chunks, each with its tag

Each file has a key of its own, derived from the given one and the salt. A chunk's nonce is its
number and whether it is the last: chunks that are cut off, left out, doubled or moved do not open.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"cdmo sealed file 1\n"
SALT = 32
CHUNK = 1 << 20
TAG = 16


class CannotOpen(Exception):
    """The file is damaged or cut short, or the key is another one."""


def is_sealed(path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def seal(source: BinaryIO, target: BinaryIO, *, key: bytes) -> None:
    """Write what `source` holds to `target`, sealed."""
    salt = os.urandom(SALT)
    header = MAGIC + salt
    target.write(header)
    cipher = AESGCM(_own_key(key, salt))
    number, chunk = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK)
        last = not following
        target.write(cipher.encrypt(_nonce(number, last), chunk, header))
        if last:
            return
        number, chunk = number + 1, following


def unseal(source: BinaryIO, *, key: bytes) -> Iterator[bytes]:
    """Yield the content chunk by chunk; each is proven before it is given out.

    Only when the iteration has ended is the whole file proven complete.
    """
    header = source.read(len(MAGIC) + SALT)
    if len(header) < len(MAGIC) + SALT or not header.startswith(MAGIC):
        raise CannotOpen("It is not a sealed file.")
    cipher = AESGCM(_own_key(key, header[len(MAGIC) :]))
    number, chunk = 0, source.read(CHUNK + TAG)
    while True:
        following = source.read(CHUNK + TAG)
        last = not following
        try:
            yield cipher.decrypt(_nonce(number, last), chunk, header)
        except InvalidTag:
            raise CannotOpen(
                "It cannot be opened: it is damaged or cut short, or the key is another one."
            ) from None
        if last:
            return
        number, chunk = number + 1, following


def _own_key(key: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=b"cdmo sealed file").derive(key)


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">3xQ?", number, last)
