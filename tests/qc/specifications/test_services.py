"""Specifications: written, approved by two people, succeeded; a batch keeps its version."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from batches.manufacture.models import Batch
from cdmo.accounts.isolation import as_sponsor
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox, Signature, SignatureVoid
from cdmo.records.signatures import standing_signatures
from qc.specifications import services
from qc.specifications.in_force import specification_for, specification_in_force
from qc.specifications.models import Specification, SpecificationLine
from tests.builders.laboratory import a_specification, approve, codes_of
from tests.builders.manufacture import a_product_with_master, a_started_batch
from tests.builders.portfolio import a_product
from tests.cast import NOON, proof_of

pytestmark = pytest.mark.statement("U-04")

LATER = NOON + timedelta(days=20)


@pytest.fixture
def product(cast):
    return a_product(cast)


def sign_as(person, specification, at=NOON):
    return services.approve_specification(
        specification=specification, by=person, at=at, proof=proof_of(person, at)
    )


def test_a_draft_judges_nothing_until_a_second_person_has_approved_it(cast, product):
    draft = a_specification(cast, product, approved=False)
    assert specification_in_force(product.pk, date(2026, 6, 1)) is None

    first = sign_as(cast.qa, draft)
    assert first.status == "draft"
    assert specification_in_force(product.pk, date(2026, 6, 1)) is None
    assert not Outbox.objects.filter(record_type="specification").exists()

    second = sign_as(cast.qa2, draft)
    assert second.status == "approved"
    assert specification_in_force(product.pk, date(2026, 6, 1)) == draft
    assert specification_in_force(product.pk, date(2025, 12, 31)) is None
    assert Outbox.objects.filter(record_type="specification", record_id=draft.pk).count() == 1


def test_both_signatures_are_bound_to_the_lines(cast, product):
    specification = a_specification(cast, product)

    signatures = Signature.objects.filter(record_type="specification", record_id=specification.pk)

    assert {s.by_id for s in signatures} == {cast.qa.pk, cast.qa2.pk}
    assert len({s.content_sha256 for s in signatures}) == 1
    assert ">= 80" in signatures[0].content


def test_a_specification_that_requires_no_test_is_not_approved(cast, product):
    lines = [{"test": "appearance", "criterion": "report", "required": False}]
    draft = a_specification(cast, product, lines=lines, approved=False)

    with pytest.raises(Blocked) as refused:
        sign_as(cast.qa, draft)

    assert refused.value.codes == ["nothing_required"]
    assert not Signature.objects.filter(record_id=draft.pk, record_type="specification").exists()


def test_one_person_never_approves_twice(cast, product):
    draft = a_specification(cast, product, approved=False)
    sign_as(cast.qa, draft)

    with pytest.raises(Blocked) as refusal:
        sign_as(cast.qa, draft)

    assert codes_of(refusal) == {"signed_already"}
    draft.refresh_from_db()
    assert draft.status == "draft"


@pytest.mark.statement("P-33")
def test_no_author_approves_and_whoever_changed_the_text_is_an_author(cast, product):
    draft = a_specification(cast, product, approved=False)
    with pytest.raises(Blocked) as refusal:
        sign_as(cast.reviewer, draft)
    assert codes_of(refusal) == {"own_text"}

    services.change_specification(
        specification=draft, title="Better title", by=cast.qa, at=NOON, reason="Wording"
    )
    with pytest.raises(Blocked) as refusal:
        sign_as(cast.qa, draft)
    assert codes_of(refusal) == {"own_text"}


def test_two_approvals_without_quality_assurance_are_not_enough(cast, product):
    draft = services.write_specification(
        product=product,
        effective_from=date(2026, 1, 1),
        lines=[{"test": "viability", "criterion": ">= 80"}],
        by=cast.qa,
        at=NOON,
    )
    other = make_reviewer(cast)
    sign_as(cast.reviewer, draft)

    with pytest.raises(Blocked) as refusal:
        sign_as(other, draft)
    assert codes_of(refusal) == {"qa_missing"}

    assert sign_as(cast.qa2, draft).status == "approved"


def make_reviewer(cast):
    from cdmo.accounts.roles import Role
    from tests.cast import make_person

    return make_person("reviewer2", cast.cdmo, Role.REVIEWER)


def test_who_has_no_right_neither_writes_nor_approves(cast, product):
    draft = a_specification(cast, product, approved=False)
    for person in (cast.analyst, cast.operator, cast.qp, cast.admin, cast.pm):
        with pytest.raises(Blocked) as refusal:
            sign_as(person, draft)
        assert codes_of(refusal) == {"no_right"}
        with pytest.raises(Blocked) as refusal:
            services.write_specification(
                product=product,
                effective_from=date(2026, 1, 1),
                lines=[{"test": "viability", "criterion": ">= 80"}],
                by=person,
                at=NOON,
            )
        assert codes_of(refusal) == {"no_right"}


def test_every_objection_to_the_lines_is_listed_and_nothing_is_written(cast, product):
    with pytest.raises(Blocked) as refusal:
        services.write_specification(
            product=product,
            effective_from=date(2026, 1, 1),
            lines=[
                {"test": "viability", "criterion": ">= 1,5"},
                {"test": "Viability", "criterion": ">= 80"},
                {"test": "sterility", "criterion": "= no growth to date"},
                {"test": "dose", "criterion": ">= 5", "surrogate": "gram stain"},
                {"test": "identity", "criterion": "report", "rounding": "bankers"},
            ],
            by=cast.reviewer,
            at=NOON,
        )

    assert refusal.value.codes == [
        "test_twice",
        "not_a_criterion",
        "not_a_criterion",
        "surrogate",
        "rounding",
    ]
    assert not Specification.objects.exists()


def test_a_specification_without_lines_is_refused(cast, product):
    with pytest.raises(Blocked) as refusal:
        a_specification(cast, product, lines=(), approved=False)

    assert codes_of(refusal) == {"no_lines"}


def test_criteria_are_stored_as_they_were_written(cast, product):
    draft = a_specification(
        cast, product, lines=[{"test": "pH", "criterion": "6.9 – 7.80"}], approved=False
    )

    assert draft.lines.get().criterion == "6.9 – 7.80"


@pytest.mark.statement("P-22")
def test_changing_a_draft_voids_the_first_signature_and_keeps_the_old_line(cast, product):
    draft = a_specification(cast, product, approved=False)
    sign_as(cast.qa, draft)
    lines = [
        {"test": "viability", "criterion": ">= 70", "unit": "%", "method": "VIAB-01"},
        {"test": "CD44+", "criterion": ">= 85", "unit": "%", "method": "FLOW-01"},
    ]

    services.change_specification(
        specification=draft, lines=lines, by=cast.reviewer, at=LATER, reason="Sponsor's request"
    )

    assert [line.criterion for line in draft.lines.all()] == [">= 70", ">= 85"]
    assert not standing_signatures(draft).exists()
    assert SignatureVoid.objects.get().reason == "Sponsor's request"
    withdrawn = SpecificationLine.objects.filter(withdrawn_from=draft)
    assert {line.test for line in withdrawn} == {
        "viability",
        "endotoxin",
        "sterility",
        "appearance",
    }
    assert {line.key for line in withdrawn} >= {f"{draft.code}/viability"}

    sign_as(cast.qa2, draft)
    assert draft.lines.count() == 2
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert sign_as(cast.qa, draft).status == "approved"


def test_a_change_that_changes_nothing_leaves_the_signature_standing(cast, product):
    draft = a_specification(cast, product, approved=False)
    sign_as(cast.qa, draft)

    services.change_specification(
        specification=draft,
        lines=[
            {**line.content(), "turnaround_hours": line.turnaround_hours}
            for line in draft.lines.all()
        ],
        by=cast.reviewer,
        at=LATER,
        reason="Looked again",
    )

    assert standing_signatures(draft).count() == 1


@pytest.mark.statement("P-08")
def test_a_change_takes_a_reason(cast, product):
    draft = a_specification(cast, product, approved=False)

    with pytest.raises(Blocked) as refusal:
        services.change_specification(
            specification=draft, title="New", by=cast.reviewer, at=NOON, reason=" "
        )

    assert codes_of(refusal) == {"reason_missing"}


def test_approved_text_is_never_edited(cast, product):
    specification = a_specification(cast, product)

    with pytest.raises(Blocked) as refusal:
        services.change_specification(
            specification=specification, title="New", by=cast.reviewer, at=LATER, reason="Typo"
        )

    assert codes_of(refusal) == {"not_a_draft"}


def test_approving_the_next_version_ends_the_one_before_the_day_before(cast, product):
    first = a_specification(cast, product)
    second = a_specification(cast, product, effective_from=date(2026, 12, 1), at=LATER)

    first.refresh_from_db()

    assert second.version == 2
    assert first.effective_until == date(2026, 11, 30)
    assert first.status == "approved"
    assert specification_in_force(product.pk, date(2026, 11, 30)) == first
    assert specification_in_force(product.pk, date(2026, 12, 1)) == second
    assert standing_signatures(first).count() == 2


def test_the_next_version_may_not_begin_before_the_one_in_force(cast, product):
    a_specification(cast, product)
    draft = a_specification(
        cast, product, effective_from=date(2026, 1, 1), approved=False, at=LATER
    )
    sign_as(cast.qa, draft)

    with pytest.raises(Blocked) as refusal:
        sign_as(cast.qa2, draft)

    assert codes_of(refusal) == {"effective_too_early"}


def test_a_version_never_judges_batches_that_began_under_another(cast):
    product = a_product_with_master(cast)
    first = a_specification(cast, product)
    batch = a_started_batch(cast, product)
    draft = a_specification(
        cast, product, effective_from=date(2026, 11, 20), approved=False, at=LATER
    )
    sign_as(cast.qa, draft)

    with pytest.raises(Blocked) as refusal:
        sign_as(cast.qa2, draft)

    assert codes_of(refusal) == {"batches_started"}
    assert batch.number in str(refusal.value)
    assert specification_for(batch, LATER) == first


def test_a_batch_is_judged_by_the_day_on_its_sites_clock(cast):
    product = a_product_with_master(cast)
    first = a_specification(cast, product)
    batch = a_started_batch(cast, product)
    second = a_specification(cast, product, effective_from=date(2026, 12, 1), at=LATER)
    # 22:30 in London is already the first of December in Haifa.
    just_before = datetime(2026, 11, 30, 21, 59, tzinfo=UTC)
    just_after = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)

    assert specification_for(batch, LATER) == first
    Batch.objects.filter(pk=batch.pk).update(started_at=just_before)
    assert specification_for(Batch.objects.get(pk=batch.pk), LATER) == first
    Batch.objects.filter(pk=batch.pk).update(started_at=just_after)
    assert specification_for(Batch.objects.get(pk=batch.pk), LATER) == second
    Batch.objects.filter(pk=batch.pk).update(started_at=None)
    assert specification_for(Batch.objects.get(pk=batch.pk), NOON) == first
    assert specification_for(Batch.objects.get(pk=batch.pk), LATER) == second


def test_release_uses_the_most_finished_stage_that_has_a_specification(cast, product):
    substance = a_specification(cast, product, stage="drug_substance")
    assert specification_in_force(product.pk, date(2026, 6, 1)) == substance

    finished = a_specification(cast, product)
    assert specification_in_force(product.pk, date(2026, 6, 1)) == finished
    assert specification_in_force(product.pk, date(2026, 6, 1), "drug_substance") == substance
    assert specification_in_force(product.pk, date(2026, 6, 1), "stability") is None


def test_codes_and_versions_are_generated_and_never_taken_twice(cast, product):
    one = a_specification(cast, product, approved=False)
    two = a_specification(cast, product, approved=False)
    assert (one.code, two.code) == ("SPEC-ASTRORX-DP-01", "SPEC-ASTRORX-DP-02")

    for taken in ({"code": one.code}, {"version": 2}):
        with pytest.raises(Blocked) as refusal:
            a_specification(cast, product, approved=False, **taken)
        assert codes_of(refusal) == {"taken"}


@pytest.mark.statement("P-26")
def test_a_wrong_person_in_the_proof_signs_nothing(cast, product):
    from cdmo.records.signatures import SignatureRefused

    draft = a_specification(cast, product, approved=False)

    with pytest.raises(SignatureRefused):
        services.approve_specification(
            specification=draft, by=cast.qa, at=NOON, proof=proof_of(cast.qa2)
        )

    assert not Signature.objects.exists()


def test_a_line_belongs_to_a_specification_or_was_withdrawn_from_one(cast, product):
    draft = a_specification(cast, product, approved=False)

    with pytest.raises(IntegrityError), transaction.atomic():
        draft.lines.update(withdrawn_from=draft)
    with pytest.raises(IntegrityError), transaction.atomic():
        draft.lines.update(specification=None)


def test_a_sponsor_sees_its_own_approved_specifications_only(cast, product):
    approved = a_specification(cast, product)
    a_specification(cast, product, effective_from=date(2027, 1, 1), approved=False)

    assert list(Specification.objects.visible_to(cast.kadimastem_reader)) == [approved]
    assert not Specification.objects.visible_to(cast.ixaka_reader).exists()
    with as_sponsor(cast.kadimastem.pk):
        assert list(Specification.objects.all()) == [approved]
        assert SpecificationLine.objects.count() == 5
    with as_sponsor(cast.ixaka.pk):
        assert not Specification.objects.exists()
        assert not SpecificationLine.objects.exists()


@pytest.mark.statement("P-09")
def test_every_step_stands_in_the_audit_trail(cast, product):
    specification = a_specification(cast, product)

    events = AuditEvent.objects.filter(
        kind="event", record_type="specification", record_id=specification.pk
    ).order_by("id")

    assert [(e.verb, e.by_id) for e in events] == [
        ("specification.write", cast.reviewer.pk),
        ("specification.sign", cast.qa.pk),
        ("specification.approve", cast.qa2.pk),
    ]


def test_the_approvals_of_a_test_need_two(cast, product):
    draft = a_specification(cast, product, approved=False)

    assert approve(cast, draft, by=(cast.qa,)).status == "draft"
