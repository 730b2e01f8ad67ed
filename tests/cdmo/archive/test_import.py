"""An empty house reads the dossier of another: proven first, stored as it came, never a batch."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from batches.manufacture.models import Batch
from cdmo.archive import services
from cdmo.archive.dossier import opened, signing
from cdmo.archive.models import ImportedContent, ImportedDossier
from cdmo.archive.verify import exported, imported
from cdmo.records.canonical import canonical
from cdmo.records.models import AuditEvent
from tests.builders.release import CERTIFIED, a_certified_batch

pytestmark = pytest.mark.django_db
LATER = CERTIFIED + timedelta(hours=1)


@pytest.fixture
def sent(cast, tmp_path):
    """What the sending house hands over: the file, its signature, its public key."""
    batch = a_certified_batch(cast)
    data = services.dossier_bytes(batch, by_name="Quentin", at=LATER)
    (tmp_path / "dossier.json").write_bytes(data)
    (tmp_path / "dossier.sig").write_text(signing.sign(data))
    (tmp_path / "key.pem").write_text(signing.public_pem())
    return tmp_path


def take_in(folder, **options) -> str:
    out = io.StringIO()
    call_command("import_dossier", folder / "dossier.json", stdout=out, **options)
    return out.getvalue()


@pytest.mark.statement("P-05")
@pytest.mark.statement("P-48")
def test_an_imported_dossier_is_the_very_bytes_that_were_exported(sent, cast):
    batches = Batch.objects.count()

    said = take_in(sent, signature=sent / "dossier.sig", public_key=sent / "key.pem")

    assert "its signature is right" in said
    row = ImportedDossier.objects.get()
    data = bytes(row.content.data)
    assert data == (sent / "dossier.json").read_bytes()
    parts = opened(data).parts
    event = AuditEvent.objects.filter(record_type="batch").order_by("id").first()
    told = next(line for line in parts["audit_event"] if line["id"] == event.pk)
    assert told["at"] == event.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert Batch.objects.count() == batches, "never mixed with live batches"
    assert AuditEvent.objects.get(verb="dossier.imported").record == row.number
    assert not imported().broken


def spoilt(folder, change) -> None:
    content = json.loads((folder / "dossier.json").read_bytes())
    change(content)
    (folder / "dossier.json").write_bytes(canonical(content))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c["parts"]["result"][0].update(value="1"), "Part result"),
        (lambda c: c["parts"]["signature"].pop(), "Part signature"),
        (lambda c: c["manifest"].update(made_by="Somebody"), "manifest"),
    ],
    ids=["value", "signature", "manifest"],
)
def test_a_damaged_file_is_refused_before_anything_is_written(sent, change, told):
    spoilt(sent, change)

    with pytest.raises(CommandError, match=told) as refusal:
        take_in(sent)

    assert "Nothing was imported" in str(refusal.value)
    assert not ImportedDossier.objects.exists()


@pytest.mark.statement("P-20")
def test_a_wrong_signature_or_another_houses_key_is_refused(sent, monkeypatch):
    monkeypatch.setenv("EXPORT_SIGNING_KEY", "another house entirely, 32 characters and more")
    (sent / "other.pem").write_text(signing.public_pem())

    with pytest.raises(CommandError, match="not that of this key"):
        take_in(sent, signature=sent / "dossier.sig", public_key=sent / "other.pem")
    with pytest.raises(CommandError, match="no signature"):
        take_in(sent, public_key=sent / "key.pem")
    assert not ImportedDossier.objects.exists()


@pytest.mark.statement("P-20")
def test_a_receiver_proves_a_dossier_without_importing_it(sent, monkeypatch):
    out = io.StringIO()
    both = {"signature": sent / "dossier.sig", "public_key": sent / "key.pem"}
    call_command("verify_dossier", sent / "dossier.json", stdout=out, **both)
    assert "signed with this key" in out.getvalue()

    (sent / "dossier.sig").write_text("AAAA")
    with pytest.raises(CommandError, match="not that of this key"):
        call_command("verify_dossier", sent / "dossier.json", **both)


def test_the_same_file_is_imported_once(sent):
    take_in(sent)
    with pytest.raises(CommandError, match="already"):
        take_in(sent)
    assert ImportedDossier.objects.count() == 1


def test_an_imported_dossier_is_never_changed_and_damage_is_found(sent):
    take_in(sent)
    for model in (ImportedDossier, ImportedContent):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE archive_importedcontent DISABLE TRIGGER USER")
        cursor.execute("UPDATE archive_importedcontent SET data = data || 'x'::bytea")
        cursor.execute("ALTER TABLE archive_importedcontent ENABLE TRIGGER USER")

    assert "bytes are not those" in imported().broken[0]


def test_verify_records_proves_the_exports_too(cast):
    services.ask_for_dossier(batch=a_certified_batch(cast), by=cast.qa, at=LATER)
    services.make_next_dossier(at=LATER)
    assert (exported().checked, exported().broken) == (1, [])

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE archive_dossier DISABLE TRIGGER USER")
        cursor.execute("UPDATE archive_dossier SET signature = 'AAAA'")
        cursor.execute("ALTER TABLE archive_dossier ENABLE TRIGGER USER")
    assert "signature is not under its file" in exported().broken[0]
