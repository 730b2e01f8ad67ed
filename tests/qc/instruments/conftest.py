"""The instrument files with their expected values, and the second reader's interpreter.

The files are other people's (see their LICENSES.txt) and stay beside the checkout, not in it.
Where they or the second reader are absent, tests that need them are left out and say so; in CI that
is a failure.
"""

import json
import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
DATA = CHECKOUT.parent / "shared" / "data" / "instruments"
ALLOTROPY = CHECKOUT / ".venv-allotropy" / "bin" / "python"
FOLDER_VENDORS = {"luminex": "luminex_xponent"}


def absent(reason):
    """Leave the test out, or fail where nothing may be left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_folder():
    if not (DATA / "expected.json").is_file():
        absent("the instrument files are not beside this checkout (../shared/data/instruments)")
    return DATA


@pytest.fixture(scope="session")
def entries(data_folder):
    """The description of every file, by its name within the folder."""
    described = json.loads((data_folder / "expected.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry for entry in described}


@pytest.fixture(scope="session")
def file_bytes(data_folder):
    return lambda name: (data_folder / name).read_bytes()


@pytest.fixture(scope="session")
def allotropy_python():
    if not ALLOTROPY.exists():
        absent("no .venv-allotropy here (made from requirements-allotropy.txt)")
    return str(ALLOTROPY)


def vendor_of(name):
    """The vendor code of a file by the folder it lies in."""
    folder = name.split("/")[0]
    return FOLDER_VENDORS.get(folder, folder)
