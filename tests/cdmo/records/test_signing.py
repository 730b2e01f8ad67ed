"""Re-authentication: a wrong password leaves no signature, is recorded, and locks out."""

from datetime import timedelta

import pytest

from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent, Signature, SigningAttempt
from cdmo.records.signatures import LOCKOUT_AFTER, SignatureRefused, reauthenticate, sign
from tests.cast import NOON, PASSWORD, proof_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast):
    return Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )


def give(cast, product, password, at=NOON):
    return reauthenticate(by=cast.qa, password=password, record=product, verb="approve", at=at)


def test_the_right_password_is_proof_for_one_person(cast, product):
    assert give(cast, product, PASSWORD) == proof_of(cast.qa)


@pytest.mark.parametrize("password", ["wrong", "", None, 7, PASSWORD + " "])
def test_a_wrong_password_is_refused_and_recorded(cast, product, password):
    with pytest.raises(SignatureRefused):
        give(cast, product, password)

    assert SigningAttempt.objects.filter(by=cast.qa, record="ASTRORX").count() == 1
    assert AuditEvent.objects.filter(verb="signature.refused", by=cast.qa).exists()
    assert not Signature.objects.exists()


def test_after_five_failures_even_the_right_password_waits(cast, product):
    for _ in range(LOCKOUT_AFTER):
        with pytest.raises(SignatureRefused):
            give(cast, product, "wrong")

    with pytest.raises(SignatureRefused, match="locked"):
        give(cast, product, PASSWORD)
    assert give(cast, product, PASSWORD, at=NOON + timedelta(minutes=16))


def test_nobody_signs_with_anothers_proof(cast, product):
    with pytest.raises(SignatureRefused):
        sign(
            record=product,
            verb="approve",
            meaning="approved",
            by=cast.qa,
            at=NOON,
            proof=proof_of(cast.qp),
            content={},
        )


def test_a_service_account_cannot_sign(cast, product):
    cast.qa.is_service = True
    with pytest.raises(SignatureRefused, match="service account"):
        give(cast, product, PASSWORD)
