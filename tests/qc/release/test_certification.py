"""Certification: one signature bound to the evidence, or every objection and no change."""

from datetime import timedelta

import pytest

from batches.deviations import services as deviations
from batches.manufacture.models import Batch
from cdmo.accounts.models import Appointment
from cdmo.accounts.roles import Role
from cdmo.blockers import Blocked
from cdmo.records.canonical import sha256
from cdmo.records.models import AuditEvent, Signature
from cdmo.records.services import record_event
from qc.release import services
from qc.release.models import Certificate, Certification
from tests.builders.release import (
    CERTIFIED,
    CHECKED,
    a_checked_batch,
    a_made_batch,
    a_product_to_release,
    a_tested_batch,
    check_now,
    findings_of,
)
from tests.cast import NOON, appoint, proof_of

pytestmark = pytest.mark.django_db


def certify(cast, batch, *, by=None, at=CERTIFIED):
    by = by or cast.qp
    return services.certify(batch=batch, by=by, at=at, proof=proof_of(by, at))


def nothing_was_decided(batch) -> bool:
    batch = Batch.objects.get(pk=batch.pk)
    return (
        batch.disposition == "pending"
        and batch.inventory == "quarantine"
        and not Certification.objects.filter(batch=batch).exists()
        and not Certificate.objects.filter(batch=batch).exists()
        and not Signature.objects.filter(record_id=batch.pk, verb="certify").exists()
        and not AuditEvent.objects.filter(verb="batch.certified").exists()
    )


def test_a_batch_with_all_evidence_is_ready(cast):
    check = check_now(a_tested_batch(cast))

    standing = {
        rule: (f["outcome"], f["message"])
        for rule, f in findings_of(check).items()
        if f["outcome"] not in {"pass", "not_applicable"}
    }
    assert standing == {}
    assert check.verdict == "ready"


@pytest.mark.statement("P-42")
def test_certifying_releases_the_batch_with_one_signature_on_the_evidence_hash(cast):
    batch = a_checked_batch(cast)
    check = check_now(batch)

    batch = certify(cast, batch)

    assert (batch.disposition, batch.inventory) == ("released", "available")
    (signature,) = Signature.objects.filter(record_type="batch", verb="certify")
    assert check.evidence_sha256 in signature.content
    assert signature.content_sha256 == sha256(signature.content.encode())
    certification = Certification.objects.get(batch=batch)
    assert (
        certification.evidence_sha256
        == check.evidence_sha256
        == sha256(check.seen.evidence.encode())
    )
    assert Certificate.objects.get(batch=batch).issue == 1


@pytest.mark.statement("P-14")
@pytest.mark.statement("U-14")
def test_certification_lists_every_objection_and_changes_nothing(cast):
    batch = a_made_batch(cast)
    deviations.raise_deviation(
        batch=batch, title="Spill", by=cast.operator, at=CHECKED - timedelta(minutes=1)
    )
    check_now(batch)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch, by=cast.supervisor)

    assert {"no_right", "not_appointed", "took_part", "RC-02", "RC-03", "RC-21"} <= set(
        refusal.value.codes
    )
    assert nothing_was_decided(batch)


@pytest.mark.statement("P-14")
def test_without_any_check_nothing_is_certified(cast):
    batch = a_tested_batch(cast)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert refusal.value.codes == ["no_check"]
    assert nothing_was_decided(batch)


def test_evidence_that_changed_since_the_check_refuses_and_says_what_changed(cast):
    batch = a_checked_batch(cast)
    deviation = deviations.raise_deviation(
        batch=batch, title="Late finding", by=cast.operator, at=CHECKED
    )

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert set(refusal.value.codes) == {"evidence_changed", "RC-21"}
    (changed,) = [b for b in refusal.value.blockers if b.code == "evidence_changed"]
    assert "RC-21 was not applicable, now pending" in changed.message
    assert deviation.number in changed.message
    assert nothing_was_decided(batch)


def test_a_change_that_alters_no_outcome_still_needs_a_new_check(cast):
    batch = a_checked_batch(cast)
    appoint(cast.qa2, Role.QP, cast.site)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert refusal.value.codes == ["evidence_changed"]


@pytest.mark.statement("P-42")
def test_a_qualified_person_of_another_site_may_not_certify(cast):
    batch = a_checked_batch(cast)
    Appointment.objects.filter(user=cast.qp, role=Role.QP).update(valid_until=CHECKED)
    services.request_check(batch=batch, by=cast.qa, at=CERTIFIED)
    check_now(batch, at=CERTIFIED)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert "not_appointed" in refusal.value.codes
    assert nothing_was_decided(batch)


@pytest.mark.statement("P-15")
@pytest.mark.statement("P-42")
def test_an_appointment_that_ended_after_the_check_is_judged_at_the_moment_of_signing(cast):
    """The clock is no evidence: the same evidence is judged again with the instant of signing."""
    for name in ("qp", "qp2"):
        Appointment.objects.filter(user=getattr(cast, name), role=Role.QP).update(
            valid_until=CERTIFIED - timedelta(minutes=1)
        )
    batch = a_checked_batch(cast)
    assert check_now(batch).verdict == "ready"

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert {"not_appointed", "RC-41"} <= set(refusal.value.codes)
    assert "evidence_changed" not in refusal.value.codes


@pytest.mark.statement("P-33")
def test_whoever_reviewed_the_results_may_not_certify(cast):
    appoint(cast.reviewer, Role.QP, cast.site)
    batch = a_checked_batch(cast)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch, by=type(cast.reviewer).objects.get(pk=cast.reviewer.pk))

    assert refusal.value.codes == ["took_part"]


@pytest.mark.statement("P-33")
def test_whoever_the_audit_trail_names_may_not_certify(cast):
    """The record names only the last one who corrected a step."""
    batch = a_checked_batch(cast)
    step = batch.steps.first()
    record_event(verb="step.corrected", record=step, by=cast.qp, at=NOON)

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)

    assert "took_part" in refusal.value.codes


def test_a_released_batch_is_not_certified_again(cast):
    batch = certify(cast, a_checked_batch(cast))

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch, by=cast.qp2)

    assert "wrong_status" in refusal.value.codes
    assert Certification.objects.filter(batch=batch).count() == 1


CONDITIONAL = {"allows_conditional_release": True}


def test_while_results_follow_only_a_conditional_certification_is_possible(cast):
    product = a_product_to_release(cast, **CONDITIONAL)
    batch = a_tested_batch(cast, product, results={"sterility": None})
    check = check_now(batch)
    assert check.verdict == "conditional"

    with pytest.raises(Blocked) as refusal:
        certify(cast, batch)
    assert {"RC-02", "RC-03"} <= set(refusal.value.codes)

    batch = services.certify_conditionally(
        batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED)
    )

    assert batch.disposition == "conditional"
    assert Certification.objects.get(batch=batch).pending == ["sterility"]
    assert Certificate.objects.get(batch=batch).conditional


def test_a_product_that_does_not_allow_it_is_never_released_on_conditions(cast):
    batch = a_tested_batch(cast, results={"sterility": None})
    assert check_now(batch).verdict == "pending"

    with pytest.raises(Blocked) as refusal:
        services.certify_conditionally(
            batch=batch, by=cast.qp, at=CERTIFIED, proof=proof_of(cast.qp, CERTIFIED)
        )

    assert "conditional_not_allowed" in refusal.value.codes
    assert nothing_was_decided(batch)
