"""A proof belongs to one person, and signs nothing for anybody else."""

import pytest

from cdmo.portfolio.models import Product
from cdmo.portfolio.services import sign_agreement, write_agreement
from cdmo.records.models import Signature
from cdmo.records.signatures import SignatureRefused, sign
from cdmo.records.verify.signed import signatures
from tests.cast import NOON, proof_of

pytestmark = pytest.mark.django_db


@pytest.mark.statement("P-26")
def test_nobody_signs_with_anothers_proof(cast):
    product = Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )
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


@pytest.mark.statement("P-22")
def test_a_signature_copied_under_another_record_is_found_out(cast):
    """Nothing stops a person with the tables from inserting a copy; what it says gives it away."""
    agreements = [
        write_agreement(
            sponsor=cast.kadimastem, kind="cda", valid_from=NOON.date(), by=cast.pm, at=NOON
        )
        for _ in range(2)
    ]
    sign_agreement(agreement=agreements[0], by=cast.pm, at=NOON, proof=proof_of(cast.pm))
    assert signatures().broken == []

    copy = Signature.objects.get()
    copy.pk, copy.record_id, copy.record = None, agreements[1].pk, agreements[1].key
    copy.save(force_insert=True)

    (line,) = signatures().broken
    assert agreements[1].key in line
