"""Find Chromium: Debian's, the user's, or the one that Playwright fetched."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# No sandbox: Chromium cannot build its own as root or in most containers, and it opens only us.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@cache
def path() -> str | None:
    """Return the program's path, or None where no browser can be had."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    fetched = Path.home() / ".cache" / "ms-playwright"
    programs = sorted(fetched.glob("chromium-*/chrome-linux*/chrome"))
    return str(programs[-1]) if programs else None


def ensure() -> bool:
    """Install Chromium where that can be done without asking: Debian as root, else Playwright's."""
    if path():
        return True
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say("Installing Chromium with apt-get.")
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        packages = ["chromium", "fonts-liberation", "fonts-noto-core"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            [*apt, "update"],
            [*apt, "install", "-y", "--no-install-recommends", *packages],
        ):
            if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode:
                break
    else:
        say("Fetching Chromium with Playwright.")
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])
    path.cache_clear()
    return bool(path())


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if not ensure():
        say("No Chromium can be had here: the browser's tests will be left out, and named.")
