"""Sealed files: nothing is lost, cut, moved or changed unnoticed; another key opens nothing."""

import io
import os

import pytest

from cdmo.runtime import encryption
from cdmo.runtime.encryption import CHUNK, MAGIC, SALT, TAG, CannotOpen

KEY, OTHER = bytes(range(32)), bytes(32)
HEAD = len(MAGIC) + SALT


def sealed(data: bytes) -> bytes:
    target = io.BytesIO()
    encryption.seal(io.BytesIO(data), target, key=KEY)
    return target.getvalue()


def opened(data: bytes, key=KEY) -> bytes:
    return b"".join(encryption.unseal(io.BytesIO(data), key=key))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_what_was_sealed_is_opened_byte_for_byte(size):
    data = os.urandom(size)
    assert opened(sealed(data)) == data


def test_two_files_of_the_same_content_share_nothing():
    first, second = sealed(b"the same"), sealed(b"the same")
    assert first[HEAD:] != second[HEAD:]


def spoilt():
    whole = sealed(os.urandom(3 * CHUNK))
    step = CHUNK + TAG
    one, two, three = (whole[HEAD + n * step : HEAD + (n + 1) * step] for n in range(3))
    head = whole[:HEAD]
    return {
        "cut_at_a_chunk": head + one + two,
        "cut_inside": whole[:-5],
        "moved": head + two + one + three,
        "left_out": head + one + three,
        "doubled": head + one + one + two + three,
        "a_bit": whole[: HEAD + 10] + bytes([whole[HEAD + 10] ^ 1]) + whole[HEAD + 11 :],
        "longer": whole + b"x",
        "salt": whole[:-1] and MAGIC + os.urandom(SALT) + whole[HEAD:],
        "no_header": whole[5:],
        "empty": b"",
        "only_header": head,
    }


@pytest.mark.parametrize(
    "how",
    [
        *("cut_at_a_chunk", "cut_inside", "moved", "left_out", "doubled", "a_bit"),
        *("longer", "salt", "no_header", "empty", "only_header"),
    ],
)
def test_a_spoilt_file_does_not_open(how):
    with pytest.raises(CannotOpen):
        opened(spoilt()[how])


def test_another_key_opens_nothing():
    with pytest.raises(CannotOpen):
        opened(sealed(b"secret"), key=OTHER)
