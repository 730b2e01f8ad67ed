"""One `up` at a time on one data folder."""

import fcntl
import json
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the folder; the message says which and where it answers."""


class Lock:
    """A lock on a data folder that ends with its process, however that ends.

    A POSIX record lock, not flock(2): that one would pass to forked children and outlive a killed
    parent in them.
    """

    def __init__(self, data_dir: Path, *, address: str):
        self.path = Path(data_dir) / "up.lock"
        self.note = {"pid": os.getpid(), "address": address}
        self.file = None

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.seek(0)
            text = self.file.read()
            self.file.close()
            raise AlreadyRunning(told(text)) from None
        self.file.truncate(0)
        self.file.write(json.dumps(self.note))
        self.file.flush()
        return self

    def __exit__(self, *_):
        self.file.truncate(0)
        self.file.close()


def told(text: str) -> str:
    """Say who holds the lock, from the note they left."""
    try:
        note = json.loads(text)
        return (
            f"Already running: {note['address']} (process {note['pid']}). "
            "Stop it with Ctrl-C where it runs, or choose another DATA_DIR and PORT."
        )
    except (ValueError, KeyError, TypeError):
        return "Already starting in another terminal on the same DATA_DIR."
