"""Restoring a backup: proven whole first, then put in place in one transaction, then verified.

Nothing is touched before everything has been checked. What stood in the database goes, and what
was backed up comes, in one transaction: it either happened or it did not.
"""

import hashlib
import hmac
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from cdmo.accounts import isolation
from cdmo.runtime import encryption
from cdmo.runtime.backup import (
    FORMAT,
    MANIFEST,
    PROOF,
    VAULT,
    count_rows,
    file_sha256,
    last_seal,
    manifest_mac,
)
from cdmo.runtime.clients import client, environment
from cdmo.runtime.keys import fingerprint


class CannotRestore(Exception):
    """The backup was not restored. `problems`: a sentence each. The database is as it was."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


class RestoredOtherwise(Exception):
    """The backup stands in the database, but it is not what its manifest tells."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A backup that was read from end to end and is what its manifest says."""

    folder: Path
    manifest: dict
    key: bytes | None


def check(folder: Path, *, key: bytes | None = None) -> Proven:
    """Read a backup from end to end. Raises CannotRestore with what is wrong; writes nothing."""
    folder = Path(folder)
    manifest, data, proof = _manifest(folder)
    problems = list(_of_the_manifest(manifest, data, proof, key))
    if problems:
        raise CannotRestore(problems)
    for part in manifest["parts"]:
        problems += _of_a_part(folder / part["name"], part, key)
    if not problems:
        problems += _of_the_dump(folder, manifest, key)
    if problems:
        raise CannotRestore(problems)
    return Proven(folder, manifest, key)


def _manifest(folder: Path):
    for name in (MANIFEST, PROOF):
        if not (folder / name).is_file():
            raise CannotRestore([f"{folder} is no whole backup: {name} is missing."])
    data = (folder / MANIFEST).read_bytes()
    try:
        manifest, proof = json.loads(data), json.loads((folder / PROOF).read_bytes())
        whole = isinstance(manifest["parts"], list) and isinstance(proof["sha256"], str)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise CannotRestore([f"{MANIFEST} or {PROOF} is damaged: it is not what was written."])
    return manifest, data, proof


def _of_the_manifest(manifest, data, proof, key):
    if hashlib.sha256(data).hexdigest() != proof["sha256"]:
        yield f"{MANIFEST} does not have its SHA-256: it was damaged or changed."
        return
    if manifest.get("format") != FORMAT:
        yield f"The backup is written as {manifest.get('format')}; this version reads {FORMAT}."
        return
    if manifest["encrypted"] and key is None:
        yield f"The backup is sealed with the key {manifest['key']}: give it with --key-file."
        return
    if not manifest["encrypted"] and key is not None:
        yield "A key was given, but this backup is not sealed. Restore it without a key, knowingly."
        return
    if key is not None and fingerprint(key) != manifest["key"]:
        yield f"This is the key {fingerprint(key)}; the backup is sealed with {manifest['key']}."
        return
    if not hmac.compare_digest(proof.get("hmac", ""), manifest_mac(data, key)):
        yield f"{MANIFEST} was not written by a holder of the key: it was changed."
    known = {"/".join(name) for name in MigrationLoader(None).disk_migrations}
    newer = sorted(set(manifest["migrations"]) - known)
    if newer:
        yield (
            f"The backup was made by a newer version ({manifest['app_version']}; this is "
            f"{settings.APP_VERSION}): {newer[0]} is not known here. Install that version first."
        )


def _of_a_part(path: Path, part: dict, key) -> list[str]:
    if not path.is_file():
        return [f"{part['name']} is missing."]
    size = path.stat().st_size
    if size != part["size"]:
        return [f"{part['name']} has {size} bytes instead of {part['size']}: it is cut or damaged."]
    if file_sha256(path) != part["sha256"]:
        return [f"{part['name']} does not have its SHA-256: it was damaged or changed."]
    digest = hashlib.sha256()
    try:
        for chunk in content(path, key):
            digest.update(chunk)
    except encryption.CannotOpen as error:
        return [f"{part['name']}: {error}"]
    if digest.hexdigest() != part["content_sha256"]:
        return [f"{part['name']}: what it holds does not have its SHA-256."]
    return []


def _of_the_dump(folder: Path, manifest, key) -> list[str]:
    """The archive is one that our pg_restore reads to its table of contents."""
    program, major = client("pg_restore")
    if major < manifest["dump_version"]:
        return [
            f"The dump was written by pg_dump {manifest['dump_version']}; the newest pg_restore "
            f"here is {major}."
        ]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [program, "--list"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        )
        feed(process, content(folder / manifest["parts"][0]["name"], key))
        if process.wait():
            return [f"pg_restore cannot read the dump: {tail(errors)}"]
    return []


def content(path: Path, key: bytes | None) -> Iterator[bytes]:
    """Yield a part's content, opened when it is sealed."""
    with path.open("rb") as file:
        if key is not None:
            yield from encryption.unseal(file, key=key)
            return
        while chunk := file.read(1 << 20):
            yield chunk


def target_problems(*, replace: bool) -> list[str]:
    """Return what stands against writing into this database now."""
    problems = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        others = cursor.fetchone()[0]
        counts = count_rows(cursor)
    if others:
        problems.append(
            f"{others} other sessions use this database: stop web, worker and scheduler first."
        )
    filled = {name: rows for name, rows in counts.items() if name.startswith(OURS) and rows}
    if filled and not replace:
        problems.append(
            f"The database is not empty ({sum(filled.values())} rows of records). "
            "--replace throws away what stands there."
        )
    return problems


OURS = ("accounts_", "records_", "batches_", "qc_", "techtransfer_", "portfolio_", "vault_")


def restore(proven: Proven, *, replace: bool = False) -> None:
    """Put a proven backup in place of what stands in the database, in one transaction."""
    problems = target_problems(replace=replace)
    if problems:
        raise CannotRestore(problems)
    isolation.apply()  # the role that grants and policies in the dump name
    restorer, _ = client("pg_restore")
    psql, _ = client("psql")
    connection.close()
    part = proven.manifest["parts"][0]
    with tempfile.TemporaryFile() as errors:
        reader = subprocess.Popen(
            [restorer, "--no-owner", "--schema=public", "--file=-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        writer = subprocess.Popen(
            [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"],
            stdin=subprocess.PIPE,
            stderr=errors,
            env=environment(),
        )
        # Begin, clear, fill, commit: psql sees the commit only when the dump came to its end.
        ended = _pump(proven, part, reader, writer)
        code = writer.wait()
        if code or not ended:
            raise CannotRestore(
                [f"PostgreSQL refused the backup; the database is as it was. {tail(errors)}"]
            )
    _same_as_told(proven)


def _pump(proven, part, reader, writer) -> bool:
    """Feed the dump through pg_restore into psql. False when it did not come to its end."""
    feeder = threading.Thread(
        target=feed, args=(reader, content(proven.folder / part["name"], proven.key))
    )
    feeder.start()
    whole = False
    try:
        writer.stdin.write(b"BEGIN;\n" + CLEAR.encode() + b"\n")
        shutil.copyfileobj(reader.stdout, writer.stdin, 1 << 20)
        whole = reader.wait() == 0
        writer.stdin.write(b"\nCOMMIT;\n" if whole else b"\nROLLBACK;\n")
        writer.stdin.flush()
    except BrokenPipeError:
        whole = False  # psql stopped at an error; its transaction ends with it
    finally:
        shut(writer.stdin)
        reader.stdout.close()
        feeder.join()
        reader.wait()
    return whole


def feed(process, chunks) -> None:
    """Write chunks to a program that may stop reading at any moment."""
    try:
        for chunk in chunks:
            process.stdin.write(chunk)
    except BrokenPipeError:
        pass
    finally:
        shut(process.stdin)


def shut(pipe) -> None:
    """Close a pipe whose reader may have gone away with some of it unread."""
    with suppress(BrokenPipeError):
        pipe.close()


def tail(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()[-600:]


# Only what this role owns in `public`, and nothing of extensions.
CLEAR = """
SET client_min_messages = warning;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT c.oid::regclass AS name,
            CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))
        ORDER BY c.relkind = 'S'
    LOOP
        EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.kind, one.name);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
    END LOOP;
END $$;
"""  # noqa: E501 (a line of SQL)


def _same_as_told(proven: Proven) -> None:
    manifest = proven.manifest
    with connection.cursor() as cursor:
        found = count_rows(cursor, leave_out=() if manifest["with_vault"] else VAULT)
        seal = last_seal(cursor)
    differs = [
        f"{name}: {found.get(name, 0)} rows instead of {manifest['rows'].get(name, 0)}."
        for name in sorted(found.keys() | manifest["rows"].keys())
        if found.get(name, 0) != manifest["rows"].get(name, 0)
    ]
    if seal != manifest["last_seal"]:
        differs.append("The last seal is not the one that was backed up.")
    if differs:
        raise RestoredOtherwise("\n".join(differs))


__all__ = ["CannotRestore", "Proven", "RestoredOtherwise", "check", "restore"]
