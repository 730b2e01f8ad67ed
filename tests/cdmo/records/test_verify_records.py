"""`manage.py verify_records`: what was changed behind the system's back is named, a line each."""

import pytest
from django.db import connection

from cdmo.portfolio import services
from cdmo.records.models import Document, Signature
from cdmo.records.services import store_document
from tests.builders.portfolio import a_process_version, a_product, an_agreement
from tests.cast import NOON
from tests.cdmo.records.tampering import behind_the_back, verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def records(cast):
    agreement = an_agreement(cast)
    version = a_process_version(cast, a_product(cast))
    document = store_document(
        data=b"as it came",
        kind=Document.Kind.OTHER,
        title="A letter",
        filename="letter.txt",
        media_type="text/plain",
        by=cast.qa,
        at=NOON,
    )
    return agreement, version, document


def test_what_was_made_by_the_services_is_clean(records):
    code, lines = verified()
    assert code == 0
    assert len(lines) == 1
    assert "3 signatures" in lines[0]
    assert lines[0].endswith("all as they were made.")


@pytest.mark.statement("P-02")
def test_a_signed_record_changed_past_the_triggers_is_named_twice(records):
    agreement, _, _ = records
    behind_the_back(
        "UPDATE portfolio_agreement SET valid_until = '2099-01-01' WHERE id = %s", agreement.pk
    )
    code, lines = verified()
    assert code == 1
    assert any("was changed after it was signed" in line for line in lines)
    assert f"agreement {agreement.number}: valid_until is not what the audit trail tells." in lines
    assert lines[-1].endswith("2 broken.")


def test_a_change_that_the_trail_tells_of_is_no_finding(cast, records):
    product = records[1].product
    services.change_product(product=product, route="x", by=cast.qa, at=NOON, reason="Because.")
    assert verified()[0] == 0


@pytest.mark.statement("P-02")
def test_a_row_slipped_in_is_named(cast, records):
    behind_the_back(
        "INSERT INTO portfolio_process (code, name, product_id, sponsor_id)"
        " SELECT 'GHOST', 'Ghost', id, sponsor_id FROM portfolio_product"
    )
    code, lines = verified()
    assert code == 1
    assert any(line.startswith("process GHOST: the audit trail does not know") for line in lines)


@pytest.mark.statement("P-10")
def test_a_regulated_row_removed_past_the_triggers_is_named(cast, records):
    lonely = a_product(cast, code="LONELY")
    behind_the_back("DELETE FROM portfolio_product WHERE id = %s", lonely.pk)
    code, lines = verified()
    assert code == 1
    assert f"product LONELY: row {lonely.pk} is gone; the audit trail still tells of it." in lines


@pytest.mark.statement("P-02")
def test_an_edited_signature_is_named(records):
    signature = Signature.objects.first()
    behind_the_back(
        "UPDATE records_signature SET content = content || ' ' WHERE id = %s", signature.pk
    )
    code, lines = verified()
    assert code == 1
    assert any("its content does not have its SHA-256" in line for line in lines)


def test_a_signature_whose_record_is_gone_is_named(records):
    behind_the_back("UPDATE records_signature SET record_id = 999999 WHERE verb = 'sign'")
    code, lines = verified()
    assert code == 1
    assert any(line.endswith("is gone.") for line in lines)


@pytest.mark.statement("P-45")
def test_edited_bytes_of_a_document_are_named(records):
    document = records[2]
    behind_the_back(
        "UPDATE records_documentcontent SET data = 'as it CAME' WHERE document_id = %s", document.pk
    )
    assert f"document {document.number}: its bytes are not those stored." in verified()[1]


def test_an_edited_line_of_the_trail_is_named(records):
    behind_the_back(
        "UPDATE records_auditevent SET new = jsonb_set(new, '{title}', '\"Other\"')"
        " WHERE kind = 'change' AND record_type = 'agreement' AND verb = 'insert'"
    )
    assert any("title is not what the audit trail tells" in line for line in verified()[1])


@pytest.mark.statement("P-07")
@pytest.mark.parametrize("how", ["DISABLE TRIGGER USER"])
def test_a_guard_switched_off_is_named(records, how):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE records_signature {how}")
    code, lines = verified()
    assert code == 1
    assert sum("table records_signature: its guard" in line for line in lines) == 3
