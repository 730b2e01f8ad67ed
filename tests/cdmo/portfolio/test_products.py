"""Products and their processes: claims, authorship, approval step by step."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from cdmo.blockers import Blocked
from cdmo.portfolio import services
from cdmo.portfolio.models import Product
from tests.builders.portfolio import a_process, a_process_version, a_product
from tests.cast import NOON, proof_of

pytestmark = pytest.mark.django_db
CLAIM = {
    "claim_text": "High efficacy in Phase II.",
    "claim_status": "sponsor_claim",
    "claim_source": "News item",
    "claim_date": date(2021, 3, 30),
}


def test_a_claim_needs_to_say_whose_it_is_where_it_stood_and_when(cast):
    with pytest.raises(Blocked) as refusal:
        a_product(cast, claim_text="High efficacy in Phase II.")
    assert set(refusal.value.codes) == {
        "claim_status_missing",
        "claim_source_missing",
        "claim_date_missing",
    }
    assert a_product(cast, **CLAIM).claim_status == "sponsor_claim"


def test_the_database_refuses_a_claim_without_its_source(cast):
    product = a_product(cast, **CLAIM)
    with pytest.raises(IntegrityError, match="claim_has_source"), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(claim_source="")


def test_a_product_is_changed_with_a_reason_only(cast):
    product = a_product(cast)
    with pytest.raises(Blocked) as refusal:
        services.change_product(product=product, route="intrathecal", by=cast.qa, at=NOON)
    assert refusal.value.codes == ["reason_missing"]
    services.change_product(
        product=product, route="intrathecal", by=cast.qa, at=NOON, reason="Protocol."
    )
    product.refresh_from_db()
    assert product.route == "intrathecal"


def test_a_product_code_is_never_given_twice(cast):
    a_product(cast)
    with pytest.raises(Blocked) as refusal:
        a_product(cast)
    assert refusal.value.codes == ["taken"]


def test_versions_of_a_process_count_up_a_site(cast):
    product = a_product(cast)
    first = a_process_version(cast, product)
    second = a_process_version(cast, product)
    assert (first.version, second.version) == (1, 2)
    assert first.code == "ASTRORX-PROC-HFA-V1"


def test_a_version_is_approved_to_engineering_then_to_qualified_then_no_further(cast):
    version = a_process_version(cast, a_product(cast), status="development")
    seen = []
    for _ in range(2):
        version = services.approve_process_version(
            process_version=version, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
        seen.append(version.status)
    assert seen == ["engineering", "qualified"]
    with pytest.raises(Blocked) as refusal:
        services.approve_process_version(
            process_version=version, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    assert refusal.value.codes == ["wrong_status"]


def test_an_author_does_not_approve_the_own_version(cast):
    product = a_product(cast)
    version = services.write_process_version(
        process=a_process(cast, product), site=cast.site, by=cast.qa, at=NOON
    )
    with pytest.raises(Blocked) as refusal:
        services.approve_process_version(
            process_version=version, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    assert refusal.value.codes == ["own_work"]
    version.refresh_from_db()
    assert version.status == "development"


def test_without_the_right_a_version_is_not_approved(cast):
    version = a_process_version(cast, a_product(cast), status="development")
    with pytest.raises(Blocked) as refusal:
        services.approve_process_version(
            process_version=version, by=cast.pm, at=NOON, proof=proof_of(cast.pm)
        )
    assert refusal.value.codes == ["no_right"]
