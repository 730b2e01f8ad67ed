"""Pages and REST of the archive: who sees what, and what a sponsor gets."""

from datetime import timedelta

import pytest
from django.test import Client

from cdmo.archive import services
from cdmo.archive.dossier import opened, signing
from cdmo.archive.models import Dossier
from cdmo.archive.states import Edition
from cdmo.records.canonical import sha256
from cdmo.records.models import AuditEvent
from cdmo.records.services import read_document
from tests.builders.release import CERTIFIED, a_certified_batch, a_tested_batch
from tests.rest import Caller

pytestmark = pytest.mark.django_db
LATER = CERTIFIED + timedelta(hours=1)


def browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_from_the_batchs_page_to_the_downloads(cast):
    batch = a_certified_batch(cast)
    qa = browser(cast.qa)
    assert f"/batches/{batch.number}/dossier/" in qa.get(f"/batches/{batch.number}/").text

    answer = qa.post(f"/batches/{batch.number}/dossier/", {"edition": "internal", "reason": "Copy"})
    dossier = Dossier.objects.get()
    assert answer["Location"] == f"/dossiers/{dossier.number}/"
    assert "waits for a worker" in qa.get(answer["Location"]).text
    assert qa.get(f"/dossiers/{dossier.number}/json/").status_code == 404
    services.make_next_dossier(at=LATER)

    assert "PDF" in qa.get(answer["Location"]).text
    data = qa.get(f"/dossiers/{dossier.number}/json/").content
    signature = qa.get(f"/dossiers/{dossier.number}/signature/").content.decode()
    assert signing.is_signed(data, signature=signature, key=signing.own_key())
    assert qa.get(f"/dossiers/{dossier.number}/pdf/").content.startswith(b"%PDF")
    assert dossier.number in qa.get("/dossiers/").text


def test_who_may_not_export_finds_no_dossier(cast):
    batch = a_tested_batch(cast)
    services.ask_for_dossier(batch=batch, by=cast.qa, at=LATER)
    number = Dossier.objects.get().number

    for person in (cast.operator, cast.kadimastem_reader, cast.ixaka_reader):
        assert browser(person).get(f"/dossiers/{number}/").status_code == 404
        assert browser(person).get("/dossiers/").status_code == 404


@pytest.mark.statement("P-03")
def test_rest_answers_the_dossier_as_json_and_pdf_and_writes_it_down(cast, client):
    batch = a_certified_batch(cast)
    qa = Caller(client, cast.qa)

    answer = qa.get(f"batches/{batch.number}/dossier/")
    paper = qa.get(f"batches/{batch.number}/dossier/pdf/")

    assert answer["Content-Type"] == "application/json"
    assert opened(answer.content).manifest["batch"] == batch.number
    assert answer["X-Content-SHA256"] == sha256(answer.content)
    assert signing.is_signed(
        answer.content, signature=answer["X-Signature"], key=answer["X-Signing-Key"]
    )
    assert paper.content.startswith(b"%PDF")
    assert AuditEvent.objects.filter(verb="dossier.downloaded", by=cast.qa).count() == 2


def test_rest_refuses_who_may_not_export(cast, client):
    batch = a_tested_batch(cast)

    assert Caller(client, cast.operator).get(f"batches/{batch.number}/dossier/").status_code == 403
    assert not AuditEvent.objects.filter(verb="dossier.downloaded").exists()


@pytest.mark.statement("P-06")
def test_a_sponsor_gets_what_was_made_for_it_and_another_sponsor_nothing(cast, client):
    batch = a_certified_batch(cast)
    address = f"batches/{batch.number}/dossier/"
    owner, other = Caller(client, cast.kadimastem_reader), Caller(client, cast.ixaka_reader)
    services.ask_for_dossier(batch=batch, by=cast.qa, at=LATER)
    services.make_next_dossier(at=LATER)
    assert owner.get(address).status_code == 404, "the complete one is not for sponsors"

    services.ask_for_dossier(batch=batch, by=cast.qa, at=LATER, edition=Edition.SPONSOR)
    made = services.make_next_dossier(at=LATER)

    assert owner.get(address).content == read_document(made.json)
    assert owner.get(f"{address}pdf/").content == read_document(made.pdf)
    assert other.get(address).status_code == 404
    assert owner.get(f"documents/{made.json.number}/").status_code == 200
    assert other.get(f"documents/{made.json.number}/").status_code == 404


def test_an_imported_copy_says_so_and_shows_every_section(cast):
    data = services.dossier_bytes(a_certified_batch(cast), by_name="Quentin", at=LATER)
    row = services.import_dossier(data=data, filename="d.json", by=cast.admin, at=LATER)
    auditor = browser(cast.auditor)

    first = auditor.get(f"/imported-dossiers/{row.number}/").text
    assert "imported copy" in first
    for section, word in enumerate(("Product", "SEED", "LOT-", "viability")):
        assert word in auditor.get(f"/imported-dossiers/{row.number}/?section={section}").text
    assert "SHA-256" in auditor.get(f"/imported-dossiers/{row.number}/?section=999").text
    assert auditor.get(f"/imported-dossiers/{row.number}/file/").content == data
    assert browser(cast.operator).get(f"/imported-dossiers/{row.number}/").status_code == 404


def test_backups_are_shown_to_administrators_alone(cast):
    from cdmo.archive.models import Backup

    Backup.objects.create(started_at=LATER, status="failed", done_at=LATER, error="Disk full.")

    assert "Disk full." in browser(cast.admin).get("/backups/").text
    assert "Disk full." in browser(cast.admin).get("/").text
    assert browser(cast.qa).get("/backups/").status_code == 404
