"""The second reader, allotropy, in its own process and environment: called as `child.py` is.

Runs with the interpreter of the environment that has allotropy, whose pins clash with ours, so
nothing of ours that needs a package may be imported here. allotropy is given the bytes and the bare
file name: the extension decides its parser, and some parsers read the name; there is no path it
could open.
"""

import io
import json
import sys
import traceback
import warnings as python_warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from qc.instruments.readers.asm import outcome_from_asm
from qc.instruments.reading import ReadOutcome, refused
from qc.instruments.registry import Vendor, vendor_named

READER = "allotropy"


def read(data: bytes, vendor: str, filename: str) -> ReadOutcome:
    """What allotropy says about the file, in our shape."""
    entry = vendor_named(vendor)
    if entry is None or not entry.allotropy:
        return _refuse(
            "There is no second reader for this kind of file. Judge the first reader's values on "
            "their own."
        )
    try:
        installed = version("allotropy")
        from allotropy.parser_factory import Vendor as Parser
        from allotropy.to_allotrope import allotrope_from_io
    except (PackageNotFoundError, ImportError):
        traceback.print_exc()
        return _refuse(
            "The second reader is not installed on this computer. Tell your administrator "
            "(allotropy)."
        )
    python_warnings.simplefilter("ignore")
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else None
    for number, parser in enumerate(entry.allotropy, start=1):
        try:
            asm = allotrope_from_io(io.BytesIO(data), name, Parser[parser], encoding=encoding)
        except MemoryError:
            raise
        except Exception:
            # Its errors are of many classes and quote the file: the class goes to the log, not to
            # the screen.
            traceback.print_exc()
            if number == len(entry.allotropy):
                return _refuse(_unread(entry), installed)
            continue
        return outcome_from_asm(asm, vendor=vendor, version=installed)
    raise AssertionError("no parser")


def _unread(entry: Vendor) -> str:
    if entry.native is None:
        return (
            f"The file could not be read as a {entry.title} export: its layout is not known to the "
            "reader, or its content is incomplete or damaged. Export it again from the instrument; "
            "if it is refused again, enter the results by hand and report the file."
        )
    return (
        f"The second reader (allotropy) could not read the file as a {entry.title} export. Check "
        "the first reader's values against the printout before you confirm them."
    )


def _refuse(error: str, installed: str = "") -> ReadOutcome:
    return refused(error, reader=READER, reader_version=installed)


if __name__ == "__main__":
    # Parsers may print; stdout belongs to the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    outcome = read(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2])
    json.dump(outcome.to_dict(), answer, allow_nan=False)
    answer.flush()
