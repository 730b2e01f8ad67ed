"""Two people at the same moment: one wins, one is told, and nothing happens twice."""

from datetime import timedelta

import pytest

from cdmo.accounts.roles import Role
from cdmo.records.models import Signature
from qc.laboratory import services
from qc.laboratory.models import OosInvestigation, Result
from qc.specifications import services as specifications
from tests.builders.laboratory import (
    a_read_file,
    a_reading,
    a_result,
    a_sample,
    a_specification,
)
from tests.builders.manufacture import STARTED, a_product_with_master, a_started_batch
from tests.builders.portfolio import a_product
from tests.cast import NOON, make_cast, make_person, proof_of
from tests.concurrency import one_after_the_other

AT = STARTED + timedelta(hours=3)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("U-19")]


@pytest.fixture
def cast(transactional_db):
    return make_cast()


@pytest.fixture
def sample(cast):
    product = a_product_with_master(cast)
    a_specification(cast, product)
    return a_sample(cast, a_started_batch(cast, product), at=AT)


def test_two_reviewers_approve_once(cast, sample):
    result = a_result(cast, sample, status="submitted", at=AT)
    other = make_person("reviewer2", cast.cdmo, Role.REVIEWER)

    def approve(person):
        return lambda: services.approve_results(
            results=[result], by=person, at=AT, proof=proof_of(person, AT)
        )

    told = one_after_the_other(approve(cast.reviewer), approve(other))

    assert told.codes == ["wrong_status"]
    assert Signature.objects.filter(record_type="result").count() == 1


def test_two_analysts_enter_one_value(cast, sample):
    def enter(person):
        entry = {"sample": sample, "test": "viability", "value": "95"}
        return lambda: services.enter_results(entries=[entry], by=person, at=AT)

    told = one_after_the_other(enter(cast.analyst), enter(cast.analyst2))

    assert told.codes == ["result_exists"]
    assert "A retest names the result" in str(told)
    assert Result.objects.count() == 1


def test_a_failing_result_submitted_twice_opens_one_investigation(cast, sample):
    result = a_result(cast, sample, value="50", status="draft", at=AT)

    def submit():
        return services.submit_results(results=[result], by=cast.analyst, at=AT)

    told = one_after_the_other(submit, submit)

    assert told.codes == ["wrong_status"]
    assert OosInvestigation.objects.count() == 1


def test_a_reading_confirmed_by_two_becomes_one_result(cast, sample):
    source = a_reading(a_read_file(cast, at=AT), sample=sample.number)

    def confirm(person):
        return lambda: services.confirm_measurements(
            file=source.file, mapping={source.pk: (sample.number, "viability")}, by=person, at=AT
        )

    told = one_after_the_other(confirm(cast.analyst), confirm(cast.analyst2))

    assert set(told.codes) == {"confirmed_already", "result_exists"}
    assert Result.objects.count() == 1


def test_an_investigation_is_concluded_once(cast, sample):
    a_result(cast, sample, value="50", at=AT)
    oos = OosInvestigation.objects.get()

    def conclude(person, conclusion):
        return lambda: services.conclude_oos(
            oos=oos,
            conclusion=conclusion,
            rationale="Looked into it",
            by=person,
            at=AT,
            proof=proof_of(person, AT),
        )

    told = one_after_the_other(conclude(cast.qa, "confirmed"), conclude(cast.qa2, "not_confirmed"))

    assert told.codes == ["wrong_status"]
    assert OosInvestigation.objects.get().conclusion == "confirmed"


def test_the_second_approvals_of_two_versions_leave_one_in_force(cast):
    product = a_product(cast)
    drafts = [a_specification(cast, product, approved=False) for _ in range(2)]
    for draft in drafts:
        sign_as(cast.qa, draft)()

    told = one_after_the_other(*(sign_as(cast.qa2, draft) for draft in drafts))

    # Both would apply from the same day: whoever is second is told.
    assert told.codes == ["effective_too_early"]
    assert product.specifications.filter(status="approved").count() == 1


def test_the_two_approvals_of_one_version_are_counted_both(cast):
    draft = a_specification(cast, a_product(cast), approved=False)

    one_after_the_other(sign_as(cast.qa, draft), sign_as(cast.qa2, draft))

    draft.refresh_from_db()
    assert draft.status == "approved"


def sign_as(person, draft):
    return lambda: specifications.approve_specification(
        specification=draft, by=person, at=NOON, proof=proof_of(person)
    )
