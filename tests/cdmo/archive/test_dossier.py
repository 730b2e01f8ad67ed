"""The dossier of a batch: complete, marked, signed, and the sponsor's edition without internals."""

import io
import json
from datetime import timedelta

import pypdf
import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from batches.deviations import services as deviations
from batches.manufacture.models import Batch
from cdmo.archive import services
from cdmo.archive.dossier import opened, signing
from cdmo.archive.dossier.gather import parts_of_a_batch
from cdmo.archive.dossier.package import Damaged
from cdmo.archive.models import Dossier
from cdmo.archive.states import Edition, ExportStatus
from cdmo.blockers import Blocked
from cdmo.records.canonical import canonical, instant
from cdmo.records.models import AuditEvent, Signature
from cdmo.records.services import read_document
from qc.laboratory import services as laboratory
from qc.laboratory.models import Result
from tests.builders.release import CERTIFIED, a_certified_batch, a_tested_batch

pytestmark = pytest.mark.django_db
LATER = CERTIFIED + timedelta(hours=1)


def export(cast, batch, *, edition=Edition.INTERNAL, by=None, at=LATER) -> Dossier:
    services.ask_for_dossier(batch=batch, by=by or cast.qa, at=at, edition=edition)
    return services.make_next_dossier(at=at)


def content_of(dossier) -> dict:
    return opened(read_document(dossier.json)).parts


@pytest.mark.statement("P-03")
def test_a_dossier_holds_the_batch_from_every_room(cast):
    batch = a_certified_batch(cast)

    dossier = export(cast, batch)
    parts = content_of(dossier)

    assert dossier.status == ExportStatus.DONE
    for name in (
        *("batch", "step", "consumption", "lot", "genealogy", "sample", "result"),
        *("release_check", "check_evidence", "certification", "certificate", "signature"),
        *("master_batch_record", "master_step", "specification", "specification_line"),
        *("document", "audit_event", "product", "process_version", "site", "method"),
    ):
        assert parts[name], name
    step = next(row for row in parts["step"] if row["code"] == "SEED")
    assert cast.operator.email in step["performed_by"]
    assert cast.supervisor.email in step["verified_by"]
    assert step["performed_at"].endswith("Z")
    signed = {(s["printed_name"], s["verb"]) for s in parts["signature"]}
    assert (cast.qp.full_name, "certify") in signed
    assert all(s["meaning"] and s["at"].endswith("Z") for s in parts["signature"])


def test_postgresql_lets_nobody_change_a_dossier_that_was_made(cast):
    dossier = export(cast, a_tested_batch(cast))

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(edition=Edition.SPONSOR)


@pytest.mark.statement("P-03")
def test_every_table_of_a_batch_is_in_its_dossier():
    with_a_batch = {
        model
        for model in apps.get_models()
        if model is not Dossier
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is Batch
        and field.name == "batch"
    }

    assert set(parts_of_a_batch()) == with_a_batch
    assert len(with_a_batch) >= 11


@pytest.mark.statement("P-03")
def test_the_audit_trail_of_the_dossier_is_that_of_the_database(cast):
    batch = a_certified_batch(cast)
    parts = content_of(export(cast, batch))

    lines = {line["id"]: line for line in parts["audit_event"]}
    steps = AuditEvent.objects.filter(record_type="step", record_id__in=batch.steps.values("pk"))

    assert steps.count() > 10
    assert set(steps.values_list("pk", flat=True)) <= set(lines)
    for event in AuditEvent.objects.filter(pk__in=lines):
        assert lines[event.pk]["at"] == instant(event.at)
        assert lines[event.pk]["by"] == event.by_name
    assert Signature.objects.filter(record_type="batch", record_id=batch.pk).count() == len(
        [s for s in parts["signature"] if s["record_type"] == "batch"]
    )


@pytest.mark.statement("P-04")
def test_a_value_that_was_changed_is_marked_with_its_first_value(cast):
    from batches.manufacture import services as manufacture
    from tests.builders.manufacture import a_started_batch, perform, step_of

    batch = a_started_batch(cast)
    perform(cast, batch)
    manufacture.correct_step(
        step=step_of(batch, "HARVEST"),
        value="398.0",
        by=cast.operator,
        at=LATER,
        reason="Read the wrong line of the counter.",
    )

    dossier = export(cast, batch)
    changed = [c for c in content_of(dossier)["changed_value"] if c["field"] == "value"]

    assert [(c["record"].split("/")[-1], c["first"], c["now"]) for c in changed] == [
        (changed[0]["record"].split("/")[-1], "412.5", "398.0")
    ]
    assert changed[0]["reason"] == "Read the wrong line of the counter."
    paper = text_of(dossier)
    assert "412.5" in paper
    assert "398.0" in paper


def test_an_invalidated_result_stays_in_the_dossier_marked(cast):
    batch = a_tested_batch(cast)
    result = Result.objects.filter(batch=batch).order_by("pk").first()
    laboratory.invalidate_result(result=result, by=cast.qa, at=LATER, reason="The control failed.")

    found = {row["id"]: row for row in content_of(export(cast, batch))["result"]}

    assert found[result.pk]["status"] == "invalidated"
    assert found[result.pk]["invalid_reason"] == "The control failed."


@pytest.mark.statement("P-21")
def test_the_paper_shows_printed_name_instant_with_zone_and_meaning(cast):
    batch = a_certified_batch(cast)
    dossier = export(cast, batch)

    paper = " ".join(text_of(dossier).split())
    data = read_document(dossier.pdf)

    certified = Signature.objects.get(record_type="batch", verb="certify")
    assert certified.printed_name in paper
    assert "IST" in paper
    assert certified.meaning.split()[0] in paper
    assert dossier.sha256 in paper.replace(" ", "")
    assert b"pdfaid:part" in data


@pytest.mark.statement("P-48")
def test_the_same_content_gives_the_same_bytes_and_hashes(cast):
    batch = a_certified_batch(cast)
    first = services.dossier_bytes(batch, by_name="QA", at=LATER)
    second = services.dossier_bytes(batch, by_name="QA", at=LATER)

    assert first == second
    assert canonical(json.loads(first)) == first


@pytest.mark.statement("P-20")
def test_an_export_is_signed_with_the_installations_key(cast):
    dossier = export(cast, a_certified_batch(cast))
    data = read_document(dossier.json)

    assert signing.is_signed(data, signature=dossier.signature, key=signing.public_pem())
    assert not signing.is_signed(data + b" ", signature=dossier.signature, key=signing.own_key())
    other = "A" * 43 + "="
    assert not signing.is_signed(data, signature=dossier.signature, key=other)


@pytest.mark.statement("P-09")
def test_an_export_is_itself_in_the_audit_trail(cast):
    batch = a_tested_batch(cast)
    dossier = export(cast, batch)

    event = AuditEvent.objects.get(verb="dossier.export")
    assert (event.record, event.by, event.new["batch"]) == (dossier.number, cast.qa, batch.number)


def test_only_who_may_takes_a_copy(cast):
    batch = a_tested_batch(cast)

    for person in (cast.operator, cast.analyst, cast.admin):
        with pytest.raises(Blocked) as refusal:
            services.ask_for_dossier(batch=batch, by=person, at=LATER)
        assert refusal.value.codes == ["no_right"]
    assert not Dossier.objects.exists()


def test_a_sponsor_gets_a_dossier_only_after_the_decision(cast):
    batch = a_tested_batch(cast)

    with pytest.raises(Blocked) as refusal:
        services.ask_for_dossier(batch=batch, by=cast.qa, at=LATER, edition=Edition.SPONSOR)

    assert refusal.value.codes == ["not_decided"]


def test_the_sponsors_edition_holds_nothing_that_is_not_shown_to_it(cast):
    batch = a_certified_batch(cast)
    open_one = deviations.raise_deviation(
        batch=batch, title="A secret finding", by=cast.qa, at=LATER, reason="Seen later."
    )

    dossier = export(cast, batch, edition=Edition.SPONSOR)
    data = read_document(dossier.json).decode()
    parts = opened(data.encode()).parts

    assert open_one.title not in data
    assert "cdmo.example" not in data, "no address of the staff"
    for name in ("check_evidence", "justification", "method", "instrument", "changed_value"):
        assert not parts.get(name), name
    assert {row["status"] for row in parts["result"]} == {"approved"}
    assert parts["step"]
    assert all("performed_by" not in row for row in parts["step"])
    assert all("reason" not in row and "new" not in row for row in parts["audit_event"])
    assert parts["signature"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda c: c["parts"]["step"][0].update(value="99"), "Part step"),
        (lambda c: c["parts"]["audit_event"].pop(), "Part audit_event"),
        (lambda c: c["parts"].pop("result"), "Part result is missing"),
        (lambda c: c["parts"].update(more=[]), "Part more is not in the manifest"),
        (lambda c: c["manifest"].update(batch="OTHER"), "The manifest"),
        (lambda c: c.update(schema="cdmo-batch-dossier/2"), "this version reads"),
    ],
    ids=["value", "line", "part", "added", "manifest", "schema"],
)
@pytest.mark.statement("P-48")
def test_a_dossier_that_was_changed_says_what_differs(cast, spoil, told):
    batch = a_certified_batch(cast)
    content = json.loads(services.dossier_bytes(batch, by_name="QA", at=LATER))
    spoil(content)

    with pytest.raises(Damaged) as damage:
        opened(canonical(content))

    assert told in str(damage.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}', b"1.5"])
def test_what_is_no_dossier_is_refused_in_words(data):
    with pytest.raises(Damaged):
        opened(data)


def test_a_worker_that_died_twice_gives_the_export_up(cast):
    batch = a_tested_batch(cast)
    dossier = services.ask_for_dossier(batch=batch, by=cast.qa, at=LATER)
    services.claim_dossier(by=None, at=LATER)

    assert services.claim_dossier(by=None, at=LATER) is None, "somebody may still be at work"
    services.claim_dossier(by=None, at=LATER + timedelta(minutes=1))
    services.claim_dossier(by=None, at=LATER + timedelta(minutes=2))

    dossier.refresh_from_db()
    assert dossier.status == ExportStatus.FAILED
    assert "twice" in dossier.error


def text_of(dossier) -> str:
    reader = pypdf.PdfReader(io.BytesIO(read_document(dossier.pdf)))
    return "\n".join(page.extract_text() for page in reader.pages).replace("\u200b", "")
