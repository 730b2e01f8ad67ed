"""A native reader in its own process: `python -I child.py VENDOR FILENAME`, file on stdin, outcome
on stdout.

Ends with exit code 0 whenever it has an answer, also when the answer is a refusal. A reader that
fails in a way nobody foresaw is a refusal with a fixed sentence; the trace goes to stderr for the
log and never to the analyst.
"""

import json
import sys
import traceback
from pathlib import Path

# -I keeps the script's folder and the current folder off the path: name the checkout, last, so that
# nothing in it can take the place of a standard module.
sys.path.append(str(Path(__file__).resolve().parents[3]))

from qc.instruments.reading import ReadOutcome, refused
from qc.instruments.registry import vendor_named


def read(data: bytes, vendor: str, filename: str) -> ReadOutcome:
    """What the native reader of this vendor says about the file."""
    entry = vendor_named(vendor)
    reader = entry.native_reader() if entry else None
    if reader is None:
        return refused(
            "There is no native reader for this kind of file. Enter the results by hand, with the "
            "printout attached.",
            reader=f"native:{vendor[:40]}",
            reader_version="",
        )
    try:
        return reader(data, filename=filename)
    except MemoryError:
        raise  # the parent has a sentence of its own for this
    except Exception:
        traceback.print_exc()
        return refused(
            f"The file could not be read as a {entry.title} export: its content is damaged or of "
            f"an unknown layout. "
            "Export it again from the instrument; if it is refused again, report the file.",
            reader=f"native:{entry.code}",
            reader_version="",
        )


def write(outcome: ReadOutcome) -> None:
    """The outcome as JSON on stdout. NaN cannot be written."""
    json.dump(outcome.to_dict(), sys.stdout, allow_nan=False)
    sys.stdout.flush()


if __name__ == "__main__":
    write(read(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2]))
