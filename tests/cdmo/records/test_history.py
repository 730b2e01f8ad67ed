"""PostgreSQL keeps the record: raw SQL is caught, audit rows and signatures cannot be touched."""

import pytest
from django.db import IntegrityError, connection, transaction

from cdmo.portfolio.models import Process, Product
from cdmo.records.acting import service
from cdmo.records.models import AuditEvent, Document, DocumentContent, Signature
from cdmo.records.services import record_event, store_document
from cdmo.records.signatures import sign, standing_signatures, void_stale_signatures
from tests.cast import NOON, proof_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast):
    return Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )


def changes(record):
    return AuditEvent.objects.filter(
        kind="change", record_type=record.record_type, record_id=record.pk
    ).order_by("id")


@pytest.mark.statement("P-07")
def test_raw_sql_leaves_old_new_and_the_database_user(product):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE portfolio_product SET name = 'Other' WHERE id = %s", [product.pk])

    change = changes(product).last()
    assert (change.verb, change.old, change.new) == (
        "update",
        {"name": "AstroRx"},
        {"name": "Other"},
    )
    assert change.by is None
    assert change.database_user
    assert change.record == "ASTRORX"
    assert change.sponsor_id == product.sponsor_id


@pytest.mark.statement("P-08")
@pytest.mark.statement("P-19")
def test_a_service_leaves_who_role_why_and_version(cast, product, settings):
    @service
    def rename(*, by, at, reason):
        Product.objects.filter(pk=product.pk).update(name="Other")

    rename(by=cast.qa, at=NOON, reason="New name")

    change = changes(product).last()
    assert change.by == cast.qa
    assert change.role == "Quality assurance"
    assert change.reason == "New name"
    assert change.app_version == settings.APP_VERSION


def test_a_service_inside_a_service_gives_the_pen_back(cast, product):
    @service
    def inner(*, by, at):
        Product.objects.filter(pk=product.pk).update(name="Inner")

    @service
    def outer(*, by, at):
        inner(by=cast.qp, at=at)
        Product.objects.filter(pk=product.pk).update(name="Outer")

    outer(by=cast.qa, at=NOON)

    assert [c.by for c in changes(product)][-2:] == [cast.qp, cast.qa]


def test_a_change_that_changes_nothing_is_not_logged(product):
    before = changes(product).count()

    Product.objects.filter(pk=product.pk).update(name="AstroRx")

    assert changes(product).count() == before


def test_passwords_never_reach_the_audit_trail(cast):
    cast.qa.set_password("something-else-2026")
    cast.qa.save(update_fields=["password"])

    logged = AuditEvent.objects.filter(record_type="person", record_id=cast.qa.pk)
    assert logged
    assert not any("password" in (event.new or {}) for event in logged)


@pytest.fixture
def written_once(cast, product):
    record_event(verb="product.note", record=product, by=cast.qa, at=NOON)
    store_document(
        data=b"bytes",
        kind="other",
        title="A",
        filename="a.txt",
        media_type="text/plain",
        by=cast.qa,
        at=NOON,
    )
    sign(
        record=product,
        verb="approve",
        meaning="approved",
        by=cast.qa,
        at=NOON,
        proof=proof_of(cast.qa),
        content={"code": "ASTRORX"},
    )


@pytest.mark.statement("P-11")
@pytest.mark.parametrize("model", [AuditEvent, Signature, Document, DocumentContent])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET id = id", "TRUNCATE {} CASCADE"]
)
def test_rows_written_once_refuse_every_change(written_once, model, statement):
    assert model.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(IntegrityError, match="never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(model._meta.db_table))


@pytest.mark.statement("P-10")
def test_a_regulated_record_is_never_deleted(product):
    with (
        pytest.raises(IntegrityError, match="never deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM portfolio_product")


@pytest.mark.statement("P-06")
def test_a_record_never_changes_its_sponsor(cast, product):
    with pytest.raises(IntegrityError, match="never changes its sponsor"), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(sponsor=cast.ixaka)


@pytest.mark.statement("P-06")
def test_a_childs_sponsor_is_its_parents(cast, product):
    with pytest.raises(IntegrityError, match="not that of its product"), transaction.atomic():
        Process.objects.create(code="P", name="P", product=product, sponsor=cast.ixaka)


class Signed:
    """Something that can be signed."""

    record_type, pk, key, sponsor_id = "thing", 1, "THING-1", None

    def __init__(self, text):
        self.text = text

    def signed_content(self, verb):
        return {"text": self.text}


@pytest.mark.statement("P-22")
def test_a_later_change_voids_the_signature_and_keeps_it(cast):
    thing = Signed("as signed")
    signature = sign(
        record=thing,
        verb="approve",
        meaning="approved",
        by=cast.qa,
        at=NOON,
        proof=proof_of(cast.qa),
    )
    assert void_stale_signatures(record=thing, by=cast.qa2, at=NOON) == 0

    thing.text = "changed"
    voided = void_stale_signatures(record=thing, by=cast.qa2, at=NOON, reason="Corrected")

    assert voided == 1
    assert not standing_signatures(thing).exists()
    signature = Signature.objects.select_related("void").get(pk=signature.pk)
    assert signature.voided_at == NOON
    assert signature.void.reason == "Corrected"
