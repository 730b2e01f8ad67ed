"""Agreements: who writes and signs them, what stands once signed, options, the end."""

from datetime import date

import pytest

from cdmo.blockers import Blocked
from cdmo.portfolio import services
from cdmo.portfolio.models import Agreement, ScopeItem
from cdmo.records.models import AuditEvent, Outbox, Signature
from cdmo.records.signatures import standing_signatures
from tests.builders.portfolio import a_product, an_agreement
from tests.cast import NOON, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-21")]


def codes(refusal) -> set:
    return set(refusal.value.codes)


def test_a_written_agreement_is_a_draft_with_its_scope(cast):
    product = a_product(cast)
    agreement = an_agreement(
        cast, works=("tech_transfer",), options=("gmp_clinical",), products=(product,), signed=False
    )
    assert agreement.status == "draft"
    assert [(s.work, s.status, s.product_code) for s in agreement.scope.all()] == [
        ("tech_transfer", "in_scope", "ASTRORX"),
        ("gmp_clinical", "option", "ASTRORX"),
    ]


@pytest.mark.parametrize(
    ("item", "work"),
    [
        ("gmp_clinical", "gmp_clinical"),
        ("Technology transfer", "tech_transfer"),
        ("non-gmp", "non_gmp"),
        ("Lunch", "other"),
    ],
)
def test_a_scope_item_in_the_words_of_the_work_needs_no_code(cast, item, work):
    agreement = services.write_agreement(
        sponsor=cast.kadimastem,
        kind="msa",
        valid_from=date(2026, 1, 1),
        scope=[{"item": item}],
        by=cast.pm,
        at=NOON,
    )
    assert agreement.scope.get().work == work


def test_signing_puts_it_in_force_with_one_signature_and_a_knock(cast):
    agreement = an_agreement(cast, signed=False)
    services.sign_agreement(agreement=agreement, by=cast.pm, at=NOON, proof=proof_of(cast.pm))
    agreement.refresh_from_db()
    assert (agreement.status, agreement.signed_at) == ("in_force", NOON)
    signature = Signature.objects.get(record_type="agreement", record=agreement.number)
    assert signature.printed_name == cast.pm.full_name
    assert Outbox.objects.filter(record_type="agreement", record_id=agreement.pk).count() == 1


def test_signing_lists_every_objection_and_changes_nothing(cast):
    agreement = an_agreement(cast, valid_until=date(2026, 6, 1), signed=False)
    with pytest.raises(Blocked) as refusal:
        services.sign_agreement(
            agreement=agreement, by=cast.operator, at=NOON, proof=proof_of(cast.operator)
        )
    assert codes(refusal) == {"no_right", "agreement_over"}
    agreement.refresh_from_db()
    assert agreement.status == "draft"
    assert not Signature.objects.exists()


def test_what_was_signed_is_not_signed_again_nor_amended(cast):
    agreement = an_agreement(cast)
    with pytest.raises(Blocked) as refusal:
        services.sign_agreement(agreement=agreement, by=cast.qa, at=NOON, proof=proof_of(cast.qa))
    assert codes(refusal) == {"wrong_status"}
    with pytest.raises(Blocked) as refusal:
        services.amend_agreement(agreement=agreement, title="Other", by=cast.pm, at=NOON)
    assert codes(refusal) == {"agreement_signed", "reason_missing"}
    with pytest.raises(Blocked) as refusal:
        services.add_scope_item(agreement=agreement, item="more", by=cast.pm, at=NOON)
    assert codes(refusal) == {"agreement_signed"}


def test_a_draft_is_amended_with_a_reason(cast):
    agreement = an_agreement(cast, signed=False)
    services.amend_agreement(
        agreement=agreement, title="Second draft", by=cast.pm, at=NOON, reason="Clearer."
    )
    agreement.refresh_from_db()
    assert agreement.title == "Second draft"
    assert AuditEvent.objects.filter(verb="agreement.amend", reason="Clearer.").count() == 1


def test_ending_an_agreement_needs_a_reason(cast):
    agreement = an_agreement(cast)
    with pytest.raises(Blocked) as refusal:
        services.terminate_agreement(
            agreement=agreement, by=cast.qa, at=NOON, proof=proof_of(cast.qa)
        )
    assert codes(refusal) == {"reason_missing"}
    services.terminate_agreement(
        agreement=agreement, by=cast.qa, at=NOON, proof=proof_of(cast.qa), reason="Programme ended."
    )
    agreement.refresh_from_db()
    assert agreement.status == "terminated"


def test_an_option_is_exercised_once_signed_and_leaves_the_first_signature_standing(cast):
    agreement = an_agreement(cast, works=(), options=("gmp_clinical",))
    option = agreement.scope.get()
    services.exercise_option(
        scope_item=option, by=cast.pm, at=NOON, proof=proof_of(cast.pm), reason="Phase IIa."
    )
    option.refresh_from_db()
    assert option.status == "exercised"
    assert {s.verb for s in standing_signatures(agreement)} == {
        "sign",
        f"option-exercise-{option.pk}",
    }
    with pytest.raises(Blocked) as refusal:
        services.decline_option(
            scope_item=option, by=cast.pm, at=NOON, proof=proof_of(cast.pm), reason="No."
        )
    assert codes(refusal) == {"wrong_status"}


def test_an_option_of_a_draft_cannot_be_taken_up(cast):
    agreement = an_agreement(cast, works=(), options=("gmp_clinical",), signed=False)
    with pytest.raises(Blocked) as refusal:
        services.exercise_option(
            scope_item=agreement.scope.get(), by=cast.pm, at=NOON, proof=proof_of(cast.pm)
        )
    assert codes(refusal) == {"agreement_not_in_force", "reason_missing"}


def test_an_agreement_is_with_a_sponsor_about_its_own_products(cast):
    foreign = a_product(cast, "REX-001", sponsor=cast.ixaka)
    with pytest.raises(Blocked) as refusal:
        an_agreement(cast, products=(foreign,))
    assert codes(refusal) == {"other_sponsor"}
    with pytest.raises(Blocked) as refusal:
        an_agreement(cast, sponsor=cast.cdmo)
    assert codes(refusal) == {"not_a_sponsor"}


def test_a_number_is_never_given_twice(cast):
    an_agreement(cast, number="AGR-X")
    with pytest.raises(Blocked) as refusal:
        an_agreement(cast, number="AGR-X")
    assert codes(refusal) == {"taken"}
    assert Agreement.objects.count() == 1
    assert ScopeItem.objects.count() == 3
