"""Planning a batch: its number, its process version, who may."""

import pytest
from stdnum.iso7064 import mod_37_2

from batches.manufacture import services
from batches.manufacture.models import Batch
from batches.manufacture.numbers import batch_number, is_well_formed
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent
from tests.builders.manufacture import a_planned_batch, a_product_with_master, an_issued_batch
from tests.builders.materials import a_lot
from tests.builders.portfolio import a_process_version, a_product
from tests.cast import NOON

pytestmark = pytest.mark.django_db


def plan(cast, product, **more):
    arguments = {"purpose": "clinical", "by": cast.planner, "at": NOON, **more}
    return services.plan_batch(product=product, **arguments)


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


def test_a_number_is_given_with_its_check_character(cast):
    batch = a_planned_batch(cast)

    stem, _, check = batch.number.rpartition("-")
    assert stem == "ASTRORX-HFA-26-0001"
    assert mod_37_2.validate(stem.replace("-", "") + check)


def test_numbers_whose_check_character_is_a_star_are_skipped():
    given = [batch_number(product="X", site="Y", year="26", sequence=n) for n in range(1, 200)]

    assert None in given
    assert not [number for number in given if number and "*" in number]


def test_a_generated_number_steps_over_one_that_a_person_took(cast):
    product = a_product_with_master(cast)
    first = plan(cast, product).number
    Batch.objects.filter(number=first).update(number="ELSEWHERE-1")
    taken = batch_number(product="ASTRORX", site="HFA", year="26", sequence=2)
    plan(cast, product, number=taken)

    assert plan(cast, product).number not in {first, taken}


@pytest.mark.parametrize("number", ["a/b", "no spaces", "-x-", "ü-1", "x\n", "A" * 61, "x", "new"])
def test_a_number_that_cannot_stand_in_an_address_is_refused(cast, number):
    assert not is_well_formed(number)
    assert refusal(lambda: plan(cast, a_product_with_master(cast), number=number)) == [
        "number_malformed"
    ]


def test_a_number_is_given_once(cast):
    product = a_product_with_master(cast)
    plan(cast, product, number="B-1")

    assert refusal(lambda: plan(cast, product, number="B-1")) == ["number_taken"]


def test_a_batch_does_not_take_the_number_of_a_lot(cast):
    a_lot(cast, "L-1")

    refused = refusal(lambda: plan(cast, a_product_with_master(cast), number="L-1"))

    assert refused == ["number_taken"]


def test_the_newest_qualified_process_version_is_taken_and_its_master(cast):
    product = a_product_with_master(cast)
    a_process_version(cast, product, status="engineering")

    batch = plan(cast, product)

    assert batch.process_version.version == 1
    assert batch.master.process_version_id == batch.process_version_id
    assert batch.site_id == batch.process_version.site_id
    assert batch.sponsor_id == product.sponsor_id


def test_gmp_work_does_not_follow_a_process_in_development(cast):
    product = a_product(cast, "NEW-1")
    version = a_process_version(cast, product, status="development")

    assert refusal(lambda: plan(cast, product)) == ["no_process_version"]
    assert refusal(lambda: plan(cast, product, process_version=version)) == [
        "process_in_development"
    ]
    assert plan(cast, product, purpose="feasibility").process_version == version


def test_every_objection_to_a_plan_is_listed(cast):
    other = a_product(cast, "OTHER-1")
    version = a_process_version(cast, other, status="development")

    codes = refusal(
        lambda: plan(
            cast,
            a_product_with_master(cast),
            process_version=version,
            number="a/b",
            by=cast.operator,
        )
    )

    assert codes == [
        "no_right",
        "process_of_another_product",
        "process_in_development",
        "number_malformed",
    ]
    assert not Batch.objects.exists()


def test_a_change_of_plan_needs_a_reason_and_is_kept(cast):
    batch = a_planned_batch(cast)

    assert refusal(
        lambda: services.change_batch(batch=batch, objective="x", by=cast.planner, at=NOON)
    ) == ["no_reason"]
    services.change_batch(
        batch=batch, objective="Cohort A", by=cast.planner, at=NOON, reason="asked by the sponsor"
    )

    change = AuditEvent.objects.get(kind="change", verb="update", record=batch.number)
    assert change.old == {"objective": ""}
    assert change.new == {"objective": "Cohort A"}
    assert (change.by, change.reason) == (cast.planner, "asked by the sponsor")


def test_the_planned_start_is_fixed_once_issued(cast):
    batch = an_issued_batch(cast)

    assert refusal(
        lambda: services.change_batch(
            batch=batch, planned_start_at=NOON, by=cast.planner, at=NOON, reason="later"
        )
    ) == ["already_issued"]
