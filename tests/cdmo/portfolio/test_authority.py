"""Whether agreements authorise a batch: every way in which they do not."""

from datetime import date

import pytest

from batches.manufacture import states as manufacture
from cdmo.portfolio.authority import (
    GMP_PURPOSES,
    WORK_FOR,
    AgreementFacts,
    Coverage,
    ScopeFacts,
    authority_blockers,
    is_authorised,
)
from cdmo.portfolio.coverage import gather_coverage
from tests.builders.portfolio import a_product, an_agreement, authorised

pytestmark = pytest.mark.statement("U-21")

TODAY = date(2026, 11, 20)
QUALITY = AgreementFacts("QA-1", "quality_agreement", "in_force", date(2026, 1, 1), None)


def agreement(kind="work_order", *, work="gmp_clinical", status="in_force", **more):
    scope = ScopeFacts("The work", work, more.pop("scope", "in_scope"), more.pop("product", None))
    dates = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 12, 31), **more}
    return AgreementFacts("A-1", kind, status, scope=(scope,), **dates)


def codes(*agreements, purpose="clinical", **more) -> list[str]:
    coverage = Coverage(agreements=agreements, **more)
    found = authority_blockers(product="ASTRORX", purpose=purpose, coverage=coverage, on=TODAY)
    return [blocker.code for blocker in found]


def test_it_knows_every_purpose_of_a_batch():
    assert set(WORK_FOR) == set(manufacture.Purpose.values)
    assert set(manufacture.GMP_PURPOSES) == GMP_PURPOSES


@pytest.mark.parametrize("kind", ["work_order", "msa", "supply"])
def test_an_order_in_force_with_a_quality_agreement_authorises_gmp_work(kind):
    assert codes(agreement(kind), QUALITY) == []


def test_an_exercised_option_is_as_good_as_scope():
    assert codes(agreement(scope="exercised"), QUALITY) == []


def test_gmp_work_needs_a_quality_agreement_and_other_work_does_not():
    assert codes(agreement()) == ["no_quality_agreement"]
    assert codes(agreement(work="non_gmp"), purpose="engineering") == []


@pytest.mark.parametrize("kind", ["mou", "cda"])
@pytest.mark.parametrize("purpose", list(WORK_FOR))
def test_a_memorandum_never_authorises_anything(kind, purpose):
    for work in WORK_FOR[purpose]:
        assert codes(agreement(kind, work=work), QUALITY, purpose=purpose) == [
            "not_authorised",
            "agreement_never_authorises",
        ]


def test_an_option_that_was_not_exercised_blocks():
    assert codes(agreement(scope="option"), QUALITY) == ["not_authorised", "option_not_exercised"]
    assert codes(agreement(scope="declined"), QUALITY) == ["not_authorised", "scope_declined"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": "draft"}, "is not signed"),
        ({"status": "terminated"}, "was terminated"),
        ({"valid_from": date(2026, 11, 21)}, "starts on 21 Nov 2026"),
        ({"valid_until": date(2026, 11, 19)}, "ended on 19 Nov 2026"),
    ],
)
def test_an_agreement_out_of_force_says_why(more, words):
    found = list(
        authority_blockers(
            product="ASTRORX",
            purpose="clinical",
            coverage=Coverage((agreement(**more), QUALITY)),
            on=TODAY,
        )
    )

    assert [blocker.code for blocker in found] == ["not_authorised", "agreement_not_in_force"]
    assert words in found[1].message
    assert found[1].as_json()["record"] == "A-1"


def test_an_agreement_holds_on_its_first_and_last_day():
    assert codes(agreement(valid_from=TODAY, valid_until=TODAY), QUALITY) == []


@pytest.mark.parametrize(
    ("purpose", "work"),
    [
        ("clinical", "gmp_commercial"),
        ("commercial", "gmp_clinical"),
        ("clinical", "non_gmp"),
        ("engineering", "gmp_clinical"),
        ("aps", "tech_transfer"),
        ("ppq", "testing"),
    ],
)
def test_other_work_does_not_cover_a_purpose(purpose, work):
    assert codes(agreement(work=work), QUALITY, purpose=purpose) == ["not_authorised"]


def test_scope_for_another_product_does_not_cover_this_one():
    assert codes(agreement(product="ISLETRX"), QUALITY) == ["not_authorised"]
    assert codes(agreement(product="ASTRORX"), QUALITY) == []


def test_one_good_agreement_is_enough_beside_bad_ones():
    assert codes(agreement("mou"), agreement(scope="option"), agreement(), QUALITY) == []


def test_a_supply_agreement_covers_no_development_work():
    assert codes(agreement("supply", work="non_gmp"), purpose="engineering") == ["not_authorised"]


def test_without_any_agreement_everything_is_missing():
    assert codes() == ["not_authorised", "no_quality_agreement"]
    assert codes(internal=True) == []


@pytest.mark.django_db
def test_facts_are_gathered_for_many_sponsors_in_three_queries(cast, django_assert_num_queries):
    authorised(cast)
    product = a_product(cast, "REX-001", sponsor=cast.ixaka)
    an_agreement(cast, "mou", sponsor=cast.ixaka, products=(product,))

    with django_assert_num_queries(3):
        found = gather_coverage([cast.kadimastem.pk, cast.ixaka.pk, cast.cdmo.pk])

    assert is_authorised(
        product="ASTRORX", purpose="clinical", coverage=found[cast.kadimastem.pk], on=TODAY
    )
    assert {s.product for a in found[cast.ixaka.pk].agreements for s in a.scope} == {"REX-001"}
    assert found[cast.cdmo.pk] == Coverage(internal=True)
