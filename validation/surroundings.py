"""Where a run took place: sources, machine, servers, packages. Names of versions, no secrets."""

import hashlib
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from validation.register import ROOT

# Whatever these hold decides what runs; a pack and its data lie elsewhere.
UNKNOWN = "not known"


def source(root: Path = ROOT) -> dict:
    """Return the commit and whether the tree differs from it."""
    commit = _said("git", "-C", str(root), "rev-parse", "HEAD")
    changes = _said("git", "-C", str(root), "status", "--porcelain", empty="")
    return {
        "commit": commit,
        "committed_at": _said("git", "-C", str(root), "log", "-1", "--format=%cI"),
        "dirty": bool(changes) or commit == UNKNOWN,
        "changed_files": len(changes.splitlines()),
        "register_sha256": digest(root / "docs" / "validation" / "statements.toml"),
    }


def product(root: Path = ROOT) -> dict:
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
    }


def environment() -> dict:
    """Return what the tests ran on. Asked of the running servers, so call it while they run."""
    return {
        "system": _system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "postgresql": _postgresql(),
        "redis": _redis(),
        "chromium": _chromium(),
        "packages": {
            name: version
            for name, version in sorted(
                (d.metadata["Name"], d.version) for d in metadata.distributions()
            )
        },
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return f"{name or platform.system()}, {platform.system()} {platform.release()}"


def _postgresql() -> str:
    import psycopg2
    from django.conf import settings

    from tests.session import maintenance

    try:
        with maintenance(settings.DATABASES["default"]["NAME"]) as cursor:
            cursor.execute("SHOW server_version")
            return cursor.fetchone()[0]
    except psycopg2.Error:
        return UNKNOWN


def _redis() -> str:
    import os

    import redis

    try:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            return client.info("server")["redis_version"]
    except (redis.RedisError, KeyError):
        return UNKNOWN


def _chromium() -> str:
    from tests import chromium

    path = chromium.path()
    return _said(path, "--version") if path else "none"


def _said(*command, empty=UNKNOWN) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return (done.stdout.strip() or empty) if done.returncode == 0 else UNKNOWN
