import pytest
from django.db import IntegrityError, connection, transaction
from stdnum.iso7064 import mod_37_36

from batches.identity.models import IdentityChain, IdentityScan
from batches.identity.rules import is_pseudonym
from batches.identity.services import create_chain
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from tests.builders.identity import a_chain, a_patient_batch, a_patient_product, a_scan
from tests.builders.materials import a_batch
from tests.builders.portfolio import a_product
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-11")]


@pytest.mark.parametrize("text", ["SITE-001-0007", "P001", "A1B2C3D4", "001-0007"])
def test_a_pseudonym_is_capitals_digits_and_hyphens(text):
    assert is_pseudonym(text)


@pytest.mark.parametrize(
    "text",
    [
        "MARTIN",  # a name
        "A-B-C",  # initials
        "JD-19570412",  # a birthday
        "1957-04-12",
        "site-001",
        "P 001",
        "P01",
        "Ｐ００１",
        "P٠٠١",
        "P" * 40 + "1",
        "",
    ],
)
def test_what_looks_like_a_name_or_a_birthday_is_no_pseudonym(text):
    assert not is_pseudonym(text)


def test_a_chain_gets_an_identifier_with_a_check_character(cast):
    chain = a_chain(cast)

    assert chain.coi.startswith("COI-26-0001-")
    assert mod_37_36.is_valid(chain.coi.replace("-", ""))
    assert chain.sponsor == cast.ixaka


def test_a_chain_lists_every_objection_and_stores_nothing(cast):
    a_chain(cast, coi="COI-TAKEN-1")

    with pytest.raises(Blocked) as refused:
        create_chain(
            product=a_product(cast),
            pseudonym="Martin",
            coi="COI-TAKEN-1",
            by=cast.operator,
            at=NOON,
        )

    assert refused.value.codes == ["no_right", "not_for_one_patient", "bad_pseudonym", "coi_taken"]
    assert IdentityChain.objects.count() == 1


@pytest.mark.parametrize("coi", ["coi-1234", "COI 1234", "C1", "-COI-1234", "COI-１２３４"])
def test_an_identifier_is_capitals_digits_and_hyphens(cast, coi):
    with pytest.raises(Blocked) as refused:
        a_chain(cast, coi=coi)

    assert refused.value.codes == ["bad_coi"]


def test_one_patient_has_one_chain_a_product(cast):
    first = a_chain(cast)

    with pytest.raises(Blocked) as refused:
        a_chain(cast)

    assert refused.value.codes == ["patient_has_chain"]
    assert first.coi in refused.value.blockers[0].message


def test_a_scan_matches_only_character_by_character(cast):
    batch = a_patient_batch(cast)
    coi = batch.coi.coi

    answers = [
        a_scan(cast, batch, scanned=text).matched
        for text in (coi, coi.lower(), coi + " ", coi.replace("-", ""), coi.replace("0", "O"))
    ]

    assert answers == [True, False, False, False, False]


def test_a_mismatch_is_kept_told_and_never_refused(cast):
    batch = a_patient_batch(cast)

    scan = a_scan(cast, batch, scanned="COI-OTHER-1")

    assert not IdentityScan.objects.get(pk=scan.pk).matched
    event = AuditEvent.objects.get(verb="identity.mismatch")
    assert (event.new["scanned"], event.by) == ("COI-OTHER-1", cast.operator)
    cause = Outbox.objects.get(record_type="identity_scan", record_id=scan.pk).cause
    assert "did not match" in cause


def test_a_scan_lists_every_objection(cast):
    batch = a_batch(cast, "B-1", execution="aborted")

    with pytest.raises(Blocked) as refused:
        a_scan(cast, batch, scanned="COI-1", by=cast.analyst)

    assert refused.value.codes == ["no_right", "no_chain", "batch_aborted"]
    assert IdentityScan.objects.count() == 0


def write_scan(cast, batch, chain, scanned, matched):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO batches_identityscan"
            " (sponsor_id, chain_id, batch_id, handover, scanned, matched, at, by_id)"
            " VALUES (%s, %s, %s, 'start', %s, %s, %s, %s)",
            [
                batch.sponsor_id,
                chain.pk,
                batch.pk,
                scanned,
                matched,
                NOON,
                cast.operator.pk,
            ],
        )


def test_postgresql_lets_nobody_declare_a_match(cast):
    batch = a_patient_batch(cast)

    for scanned, matched in (("COI-OTHER-1", True), (batch.coi.coi, False)):
        with pytest.raises(IntegrityError):
            write_scan(cast, batch, batch.coi, scanned, matched)
    write_scan(cast, batch, batch.coi, batch.coi.coi, True)


def test_postgresql_keeps_a_scan_to_the_chain_of_its_batch(cast):
    batch = a_patient_batch(cast)
    other = a_chain(cast, "SITE-001-0008")

    with pytest.raises(IntegrityError):
        write_scan(cast, batch, other, other.coi, True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE batches_identityscan SET scanned = 'X'", "DELETE FROM batches_identityscan"],
)
def test_postgresql_never_changes_a_scan(cast, statement):
    a_scan(cast, a_patient_batch(cast))

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("pseudonym", ["MARTIN", "martin1", "P 1234", "P1"])
def test_postgresql_keeps_names_out(cast, pseudonym):
    product = a_patient_product(cast)

    with pytest.raises(IntegrityError), transaction.atomic():
        IdentityChain.objects.create(
            coi="COI-1234",
            sponsor=product.sponsor,
            product=product,
            pseudonym=pseudonym,
            created_at=NOON,
        )
