"""The drill: back up, destroy, restore, verify. And every way in which a backup is refused."""

import base64
import io
import json
import shutil

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cdmo.accounts.models import User
from cdmo.archive.models import Backup
from cdmo.archive.states import BackupStatus
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import AuditEvent
from cdmo.runtime.backup import DUMP, MANIFEST, PROOF, backups_in, count_rows, manifest_mac
from tests.builders.release import a_certified_batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("P-38")]


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "backup.key"
    call_command("backup_key", path, stdout=io.StringIO())
    return path


def said(command, *arguments, **options) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


def back_up(folder, **options):
    said("backup", folder, **options)
    return backups_in(folder)[-1]


def rows() -> dict:
    with connection.cursor() as cursor:
        return count_rows(cursor)


def destroy() -> None:
    """Lose every table, as a dropped database does."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert not rows()


def test_back_up_destroy_restore_verify(cast, tmp_path, key):
    batch = a_certified_batch(cast)
    backup = back_up(tmp_path / "backups", key_file=key)
    before = rows()
    told = list(AuditEvent.objects.order_by("id").values())
    destroy()

    words = said("restore", backup, key_file=key)

    assert "all as they were made" in words
    # The last line told how the backup ended; in its place stands that it was restored.
    again = list(AuditEvent.objects.order_by("id").values())
    assert again[:-1] == told[:-1]
    assert again[-1]["new"]["error"] == "The system was restored from this backup."
    after = rows()
    for name in ("batches_batch", "records_signature", "qc_result", "records_documentcontent"):
        assert after[name] == before[name] > 0, name
    assert batch._meta.model.objects.get(pk=batch.pk).disposition == "released"
    assert User.objects.get(email=cast.qa.email).check_password("demo-cdmo-2026")
    with pytest.raises(Exception, match="never"):
        AuditEvent.objects.filter(pk=told[0]["id"]).update(reason="rewritten")


def test_a_restored_house_keeps_sponsors_apart(cast, tmp_path):
    from batches.manufacture.models import Batch
    from cdmo.accounts.isolation import as_sponsor

    a_certified_batch(cast)
    backup = back_up(tmp_path)
    destroy()
    said("restore", backup)

    with as_sponsor(cast.ixaka.pk):
        assert Batch.objects.count() == 0
    with as_sponsor(cast.kadimastem.pk):
        assert Batch.objects.count() == 1


def test_nothing_plain_lies_in_a_sealed_backup(cast, tmp_path, key):
    backup = back_up(tmp_path / "backups", key_file=key)

    content = b"".join(path.read_bytes() for path in backup.iterdir())

    assert b"PGDMP" not in content
    assert cast.qa.email.encode() not in content
    assert b"PGDMP" in (back_up(tmp_path / "plain") / DUMP).read_bytes()[:5]


def flip(path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def resigned(backup, key=None, **changes) -> None:
    """Change the manifest and make its hash fit, as somebody would who knows the format."""
    manifest = json.loads((backup / MANIFEST).read_bytes()) | changes
    data = canonical(manifest)
    (backup / MANIFEST).write_bytes(data)
    proof = {"sha256": sha256(data), "hmac": manifest_mac(data, key)}
    (backup / PROOF).write_bytes(canonical(proof))


def other_key(path):
    path.write_text(base64.b64encode(bytes(32)).decode())
    return path


SPOIL = {
    "damaged": (lambda b: flip(b / DUMP), "does not have its SHA-256"),
    "cut": (lambda b: cut(b / DUMP), "bytes instead of"),
    "no_dump": (lambda b: (b / DUMP).unlink(), "database.dump is missing"),
    "no_manifest": (lambda b: (b / MANIFEST).unlink(), "manifest.json is missing"),
    "manifest": (lambda b: (b / MANIFEST).write_bytes(b"{"), "damaged"),
    "proof": (lambda b: (b / PROOF).write_bytes(b"[]"), "damaged"),
    "forged": (lambda b: resigned(b, rows={}), "not written by a holder of the key"),
}


def test_a_spoilt_backup_is_refused_before_anything_is_touched(cast, tmp_path, key):
    whole = back_up(tmp_path / "backups", key_file=key)
    before = rows()

    for how, (spoil, told) in SPOIL.items():
        backup = shutil.copytree(whole, tmp_path / how)
        spoil(backup)

        with pytest.raises(CommandError) as refusal:
            said("restore", backup, key_file=key, replace=True)

        assert told in str(refusal.value), how
        assert "Nothing was restored" in str(refusal.value), how
        assert rows() == before, how


def test_a_backup_is_refused_with_another_key_without_its_key_and_from_a_newer_version(
    cast, tmp_path, key
):
    sealed = back_up(tmp_path / "sealed", key_file=key)
    plain = back_up(tmp_path / "plain")
    newer = tmp_path / "newer"
    shutil.copytree(plain, newer)
    resigned(newer, migrations=["records/9999_of_tomorrow"])
    before = rows()
    for told, folder, options in (
        ("sealed with", sealed, {"key_file": other_key(tmp_path / "other.key")}),
        ("give it with --key-file", sealed, {}),
        ("not sealed", plain, {"key_file": key}),
        ("newer version", newer, {}),
        ("not empty", plain, {"replace": False}),
        ("no whole backup", tmp_path / "nowhere", {}),
    ):
        with pytest.raises(CommandError) as refusal:
            said("restore", folder, **{"replace": True, **options})
        assert told in str(refusal.value)
    assert rows() == before


def test_a_dump_that_breaks_half_way_leaves_the_database_as_it_was(cast, tmp_path, monkeypatch):
    """The whole dump is one transaction: what PostgreSQL refuses leaves the old rows standing."""
    from cdmo.runtime import restore as module

    backup = back_up(tmp_path)
    before = rows()
    monkeypatch.setattr(module, "CLEAR", module.CLEAR + "CREATE TABLE records_auditevent (id int);")

    with pytest.raises(CommandError, match="as it was"):
        said("restore", backup, replace=True)

    assert rows() == before


def test_check_alone_proves_and_changes_nothing(cast, tmp_path, key):
    backup = back_up(tmp_path / "backups", key_file=key)
    before = rows()

    assert "is whole" in said("restore", backup, key_file=key, check=True)
    assert rows() == before


def test_only_the_newest_are_kept(cast, tmp_path):
    import time

    first = back_up(tmp_path)
    time.sleep(1.1)
    second = back_up(tmp_path, keep=1)

    assert backups_in(tmp_path) == [second] != [first]
    assert Backup.objects.filter(status=BackupStatus.DONE).count() == 2


def test_a_backup_that_cannot_be_written_is_noted_and_leaves_nothing(cast, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(CommandError):
        said("backup", blocked)

    assert Backup.objects.get().status == BackupStatus.FAILED
    assert Backup.objects.get().error


def test_who_patients_are_is_left_out_unless_asked_for(cast, tmp_path):
    from cdmo.vault import services as vault
    from cdmo.vault.sealing import Identity
    from tests.builders.identity import a_chain
    from tests.cast import NOON, appoint

    appoint(cast.biosafety, "custodian")
    cast.biosafety.__dict__.pop("rights", None)
    cast.biosafety.__dict__.pop("roles", None)
    chain = a_chain(cast)
    vault.store_identity(
        chain=chain, identity=Identity("A Patient"), secret="s" * 40, by=cast.biosafety, at=NOON
    )

    without = json.loads((back_up(tmp_path / "a") / MANIFEST).read_bytes())
    asked = json.loads((back_up(tmp_path / "b", with_vault=True) / MANIFEST).read_bytes())

    assert "vault_sealedidentity" not in without["rows"]
    assert asked["rows"]["vault_sealedidentity"] == 1
