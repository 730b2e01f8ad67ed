"""Keep the migrated template of the last session, since migrating costs ten seconds of processor.

Only between runs of one developer: the key covers every file that says what the database looks
like. CI and foreign servers always migrate.
"""

import hashlib
import os
import subprocess
from pathlib import Path

from cdmo.runtime.addresses import OWNER, PORT, kept_secret, places
from cdmo.runtime.software import account_for, postgresql_programs

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "data" / "test-template"
# What migrations and post_migrate handlers read. A new kind of source belongs here.
SOURCES = (
    "**/migrations/*.py",
    "**/models.py",
    "**/models/*.py",
    "**/apps.py",
    "**/states.py",
    "**/triggers.py",
    "*.py",
    "accounts/*.py",
    "records/*.py",
    "runtime/postgresql.py",
)
APPS = ("cdmo", "batches", "qc", "techtransfer")


def path() -> Path | None:
    """Return where this state of the sources keeps its template; None where none may be kept."""
    if os.environ.get("CI") or "DATABASE_URL" not in os.environ["CDMO_TESTS_SERVERS"]:
        return None
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    files = {file for pattern in SOURCES for app in APPS for file in (ROOT / app).glob(pattern)}
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return KEPT / f"{digest.hexdigest()[:20]}.dump"


def save(database: str) -> None:
    """Keep a database's content for the next session, and only the newest few."""
    target = path()
    if target is None:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}")
    client("pg_dump", "--format=custom", "--compress=1", f"--file={draft}", database)
    draft.rename(target)
    for old in sorted(KEPT.glob("*.dump"), key=lambda file: file.stat().st_mtime)[:-5]:
        old.unlink(missing_ok=True)


def restore(database: str) -> bool:
    """Fill an empty database from what was kept; False when nothing fits."""
    source = path()
    if source is None or not source.exists():
        return False
    from cdmo.accounts import isolation

    isolation.apply()  # makes the role that the policies in the dump name
    client("pg_restore", "--exit-on-error", f"--dbname={database}", str(source))
    isolation.apply()
    return True


def client(program: str, *arguments: str) -> None:
    where = places(Path(os.environ["DATA_DIR"]))
    programs = postgresql_programs(account_for(where.cluster), where.servers / "software")
    subprocess.run(
        [programs / program, *arguments],
        check=True,
        env={
            "PGHOST": str(where.sockets),
            "PGPORT": str(PORT),
            "PGUSER": OWNER,
            "PGPASSWORD": kept_secret(where.data, "postgresql-password"),
        },
    )
