"""Backups: the whole database as one file, with a manifest that proves it before it is restored.

    cdmo-20261122T201500Z/
        database.dump          pg_dump's custom format; sealed when a key is given
        manifest.json          what it is of, row counts, the SHA-256 of each file
        manifest.sha256        of the manifest; with a key also its HMAC

Documents stand in the database, so the dump is everything, but for keys (SECRET_KEY, VAULT_KEY,
EXPORT_SIGNING_KEY, the backup's own), which belong elsewhere. Who patients are (the vault) is left
out unless asked for.
"""

import hashlib
import hmac
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from cdmo.records.canonical import canonical, instant
from cdmo.runtime import encryption
from cdmo.runtime.clients import client, environment
from cdmo.runtime.keys import fingerprint

FORMAT = "cdmo-backup/1"
VAULT = ("vault_sealedidentity",)
DUMP, MANIFEST, PROOF = "database.dump", "manifest.json", "manifest.sha256"
PREFIX = "cdmo-"


class BackupFailed(Exception):
    """No backup was made; nothing half-made is left under a backup's name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was made."""

    folder: Path
    size: int
    rows: int
    encrypted: bool
    manifest_sha256: str


def write_backup(target: Path, *, at, key: bytes | None = None, with_vault: bool = False) -> Facts:
    """Write a backup into a new folder below `target`; it has its name only once it is whole."""
    target = Path(target)
    name = f"{PREFIX}{at:%Y%m%dT%H%M%SZ}"
    if (target / name).exists():
        raise BackupFailed(f"{target / name} is there already.")
    draft = target / f".{name}.part"
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        manifest = _write(draft, at=at, key=key, with_vault=with_vault)
        proof = _prove(draft, manifest, key)
        _settle(draft)
        draft.rename(target / name)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Facts(
        folder=target / name,
        size=sum(part["size"] for part in manifest["parts"]),
        rows=sum(manifest["rows"].values()),
        encrypted=key is not None,
        manifest_sha256=proof,
    )


def _write(draft: Path, *, at, key, with_vault) -> dict:
    program, major = client("pg_dump")
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # Counts and dump are of one moment: pg_dump joins this transaction's snapshot.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        rows = count_rows(cursor, leave_out=() if with_vault else VAULT)
        seal = last_seal(cursor)
        digest, size = _dump(draft / DUMP, program, snapshot, key, with_vault)
        applied = sorted(map("/".join, MigrationRecorder(connection).applied_migrations()))
    return {
        "format": FORMAT,
        "made_at": instant(at),
        "app_version": settings.APP_VERSION,
        "server_version": connection.pg_version // 10_000,
        "dump_version": major,
        "migrations": applied,
        "rows": rows,
        "last_seal": seal,
        "with_vault": with_vault,
        "encrypted": key is not None,
        "key": fingerprint(key) if key is not None else "",
        "parts": [
            {
                "name": DUMP,
                "size": (draft / DUMP).stat().st_size,
                "sha256": file_sha256(draft / DUMP),
                "content_sha256": digest,
                "content_size": size,
            }
        ],
    }


def _dump(path: Path, program, snapshot: str, key, with_vault) -> tuple[str, int]:
    """Write the dump, sealed while it is written: nothing plain ever lies on the disk."""
    left_out = () if with_vault else tuple(f"--exclude-table-data=public.{name}" for name in VAULT)
    command = [program, "--format=custom", "--schema=public", f"--snapshot={snapshot}", *left_out]
    log = path.with_suffix(".log")
    with path.open("xb") as target, log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--compress=6"], stdout=subprocess.PIPE, stderr=errors, env=environment()
        )
        counted = Counted(process.stdout)
        try:
            if key is None:
                shutil.copyfileobj(counted, target, 1 << 20)
            else:
                encryption.seal(counted, target, key=key)
        finally:
            process.stdout.close()
            code = process.wait()
    if code:
        raise BackupFailed(f"pg_dump failed: {log.read_text(errors='replace').strip()[-500:]}")
    log.unlink()
    return counted.digest.hexdigest(), counted.size


class Counted:
    """A stream that hashes and counts what is read from it."""

    def __init__(self, source):
        self.source = source
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data


def _prove(draft: Path, manifest: dict, key) -> str:
    data = canonical(manifest)
    (draft / MANIFEST).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (draft / PROOF).write_bytes(canonical({"sha256": digest, "hmac": manifest_mac(data, key)}))
    return digest


def manifest_mac(data: bytes, key: bytes | None) -> str:
    """Return what only a holder of the key can make of this manifest; "" without a key."""
    if key is None:
        return ""
    return hmac.new(hashlib.sha256(b"cdmo manifest" + key).digest(), data, "sha256").hexdigest()


def _settle(folder: Path) -> None:
    """Have everything on the disk before it gets its name."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def count_rows(cursor, *, leave_out=()) -> dict[str, int]:
    """Return how many rows each table holds, as the cursor's transaction sees it."""
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname"
    )
    names = [name for (name,) in cursor.fetchall() if name not in leave_out]
    counts = {}
    for name in names:
        cursor.execute(f'SELECT count(*) FROM public."{name}"')
        counts[name] = cursor.fetchone()[0]
    return counts


def last_seal(cursor) -> str:
    """Return the last seal over the records, "" where none is kept."""
    cursor.execute("SELECT to_regclass('public.records_seal') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return ""
    cursor.execute("SELECT sha256 FROM records_seal ORDER BY number DESC LIMIT 1")
    row = cursor.fetchone()
    return row[0] if row else ""


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def backups_in(target: Path) -> list[Path]:
    """Return the whole backups in a folder, oldest first."""
    return sorted(
        path
        for path in Path(target).glob(f"{PREFIX}*Z")
        if path.is_dir() and (path / MANIFEST).exists() and (path / PROOF).exists()
    )


def keep_newest(target: Path, count: int) -> list[Path]:
    """Remove all but the newest backups. Returns what was removed."""
    old = backups_in(target)[:-count] if count > 0 else []
    for path in old:
        shutil.rmtree(path)
    return old


def read_manifest(folder: Path) -> dict:
    return json.loads((folder / MANIFEST).read_bytes())
