"""A proof belongs to one person, and signs nothing for anybody else."""

import pytest

from cdmo.portfolio.models import Product
from cdmo.records.signatures import SignatureRefused, sign
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
