"""A data folder for embedded servers of a test's own."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from cdmo.runtime import leftovers
from cdmo.runtime.addresses import places


@pytest.fixture
def folder(monkeypatch):
    """Give a data folder of the test's own, which nothing named in the environment replaces."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    path = Path(tempfile.mkdtemp(prefix="cdmo-test-"))
    path.chmod(0o711)
    yield path
    where = places(path)
    leftovers.end(leftovers.at_home("postgres", where.cluster), signal.SIGQUIT)
    leftovers.end(leftovers.at_home("redis-server", where.servers / "redis"))
    for made in (where.servers, where.sockets, path):
        shutil.rmtree(made, ignore_errors=True)
