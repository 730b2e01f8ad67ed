"""The instrument files with their expected values, and the second reader's interpreter.

The files are other people's (see their LICENSES.txt) and stay beside the checkout, not in it.
Where they or the second reader are absent, tests that need them are left out and say so; in CI that
is a failure.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from qc.instruments.reading import ReadOutcome

CHECKOUT = Path(__file__).resolve().parents[3]
DATA = CHECKOUT.parent / "shared" / "data" / "instruments"
ALLOTROPY = CHECKOUT / ".venv-allotropy" / "bin" / "python"
# Allotropy takes two seconds to import, so all files go through one process.
DRIVER = """
import json, sys
sys.path.append(sys.argv[1])
from qc.instruments.readers.allotropy_child import read
answer, sys.stdout = sys.stdout, sys.stderr
outcomes = {}
for name, vendor in json.loads(sys.argv[3]).items():
    with open(sys.argv[2] + "/" + name, "rb") as file:
        outcomes[name] = read(file.read(), vendor, name).to_dict()
json.dump(outcomes, answer, allow_nan=False)
"""
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


@pytest.fixture(scope="session")
def allotropy_outcomes(allotropy_python, data_folder, entries):
    """Every file's outcome, through one process of the second reader's environment."""
    vendors = {name: vendor_of(name) for name in entries}
    finished = subprocess.run(
        [
            allotropy_python,
            "-I",
            "-B",
            "-c",
            DRIVER,
            str(CHECKOUT),
            str(data_folder),
            json.dumps(vendors),
        ],
        capture_output=True,
        check=True,
        timeout=100,
    )
    return {
        name: ReadOutcome.from_dict(values) for name, values in json.loads(finished.stdout).items()
    }
