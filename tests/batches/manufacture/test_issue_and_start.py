"""Issue: instructions, specification, agreements, identity. Start: the patient's scan."""

from datetime import timedelta

import pytest

from batches.identity.models import IdentityChain, IdentityScan
from batches.manufacture import services
from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.states import Execution
from cdmo.accounts.models import Site
from cdmo.blockers import Blocked
from cdmo.portfolio.models import ProcessVersion
from cdmo.records.models import AuditEvent, Outbox, Signature
from cdmo.records.signatures import SignatureRefused, standing_signatures
from tests.builders.manufacture import (
    ISSUED,
    PLANNED,
    STARTED,
    a_master,
    a_planned_batch,
    a_product_with_master,
    an_issued_batch,
    quality,
)
from tests.builders.portfolio import a_process_version, a_product, an_agreement
from tests.cast import proof_of

pytestmark = pytest.mark.django_db


def issue(cast, batch, *, by=None, word=None, at=ISSUED):
    by = by or cast.qa
    return services.issue_batch(
        batch=batch, quality=word or quality(at), by=by, at=at, proof=proof_of(by, at)
    )


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


@pytest.mark.statement("U-09")
def test_issue_copies_the_instructions_and_is_signed(cast):
    batch = issue(cast, a_planned_batch(cast))

    assert batch.execution == Execution.ISSUED
    assert batch.issued_at == ISSUED
    copied = list(batch.steps.values_list("code", "kind", "lower", "critical"))
    assert copied == list(batch.master.steps.values_list("code", "kind", "lower", "critical"))
    assert standing_signatures(batch, verb="issue").get().by == cast.qa
    event = AuditEvent.objects.get(verb="batch.issued")
    assert event.shared
    assert Outbox.objects.filter(record_type="batch", record_id=batch.pk).exists()


@pytest.mark.statement("U-14")
def test_issue_lists_every_objection_and_changes_nothing(cast):
    product = a_product(cast, "BARE-1")
    version = a_process_version(cast, product)
    batch = a_planned_batch(cast, product, process_version=version)

    codes = refusal(lambda: issue(cast, batch, by=cast.operator, word=quality(specification=None)))

    assert codes == [
        "no_right",
        "no_master",
        "no_specification",
        "not_authorised",
        "no_quality_agreement",
    ]
    batch.refresh_from_db()
    assert batch.execution == Execution.PLANNED
    assert not BatchStep.objects.exists()
    assert not standing_signatures(batch).exists()
    assert not AuditEvent.objects.filter(verb="batch.issued").exists()


def test_qcs_word_of_another_instant_is_not_taken(cast):
    batch = a_planned_batch(cast)

    assert refusal(lambda: issue(cast, batch, word=quality(at=PLANNED))) == ["stale_quality"]


@pytest.mark.statement("U-21")
def test_a_memorandum_alone_issues_nothing(cast):
    product = a_product(cast, "ACT-CART", sponsor=cast.ixaka)
    an_agreement(cast, "mou", sponsor=cast.ixaka)
    a_master(cast, a_process_version(cast, product))
    batch = a_planned_batch(cast, product)

    assert refusal(lambda: issue(cast, batch)) == [
        "not_authorised",
        "agreement_never_authorises",
        "no_quality_agreement",
    ]


def test_the_master_effective_at_issue_is_taken_not_the_one_at_planning(cast):
    batch = a_planned_batch(cast)
    newer = a_master(cast, batch.process_version)

    assert issue(cast, batch).master == newer


def test_a_batch_of_another_site_than_its_process_is_not_issued(cast):
    batch = a_planned_batch(cast)
    other = Site.objects.create(code="LYS", name="Lyon", organisation=cast.cdmo)
    Batch.objects.filter(pk=batch.pk).update(site=other)

    assert refusal(lambda: issue(cast, batch)) == ["wrong_site"]


def test_a_batch_whose_process_was_retired_is_not_issued(cast):
    batch = a_planned_batch(cast)
    ProcessVersion.objects.filter(pk=batch.process_version_id).update(status="retired")

    assert refusal(lambda: issue(cast, batch)) == ["process_retired"]


def test_a_batch_is_issued_once(cast):
    batch = issue(cast, a_planned_batch(cast))

    assert refusal(lambda: issue(cast, batch)) == ["wrong_status"]
    assert batch.steps.count() == 5


@pytest.mark.statement("P-26")
def test_nobody_signs_for_another(cast):
    batch = a_planned_batch(cast)

    with pytest.raises(SignatureRefused):
        services.issue_batch(
            batch=batch, quality=quality(), by=cast.qa, at=ISSUED, proof=proof_of(cast.qa2)
        )
    batch.refresh_from_db()
    assert batch.execution == Execution.PLANNED


def test_a_patients_batch_is_not_issued_without_its_chain_of_identity(cast):
    product = a_product_with_master(cast, "REX-001", sponsor=cast.ixaka, modality="autologous")
    batch = a_planned_batch(cast, product)

    assert refusal(lambda: issue(cast, batch)) == ["no_identity"]


def test_a_chain_of_identity_of_another_product_is_refused(cast):
    product = a_product_with_master(cast, "REX-001", sponsor=cast.ixaka, modality="autologous")
    other = a_product(cast, "REX-002", sponsor=cast.ixaka, modality="autologous")
    chain = a_chain(cast, other)

    assert refusal(lambda: a_planned_batch(cast, product, coi=chain)) == [
        "identity_of_another_product"
    ]
    assert refusal(lambda: a_planned_batch(cast, coi=chain)) == ["identity_not_applicable"]


def a_chain(cast, product):
    return IdentityChain.objects.create(
        sponsor=product.sponsor, coi=f"COI-{product.code}", product=product,
        pseudonym="P-0001", created_at=PLANNED,
    )  # fmt: skip


def scan(cast, batch, *, matched=True, handover="start", at=ISSUED):
    IdentityScan.objects.create(
        sponsor_id=batch.sponsor_id,
        chain=batch.coi,
        batch=batch,
        handover=handover,
        scanned=batch.coi.coi if matched else "COI-OTHER",
        matched=matched,
        at=at,
        by=cast.operator,
    )


def start(cast, batch, *, by=None, **more):
    return services.start_batch(batch=batch, by=by or cast.operator, at=STARTED, **more)


@pytest.fixture
def patient_batch(cast):
    product = a_product_with_master(cast, "REX-001", sponsor=cast.ixaka, modality="autologous")
    return an_issued_batch(cast, product, coi=a_chain(cast, product))


@pytest.mark.statement("U-11")
def test_a_patients_batch_starts_only_after_a_matching_scan(cast, patient_batch):
    assert refusal(lambda: start(cast, patient_batch)) == ["identity_not_scanned"]
    scan(cast, patient_batch, handover="collection")
    assert refusal(lambda: start(cast, patient_batch)) == ["identity_not_scanned"]
    scan(cast, patient_batch, matched=False)
    assert refusal(lambda: start(cast, patient_batch)) == ["identity_mismatch"]


def test_a_mismatch_after_a_match_stops_the_start(cast, patient_batch):
    scan(cast, patient_batch, handover="receipt")
    scan(cast, patient_batch, matched=False, at=ISSUED + timedelta(minutes=5))

    assert refusal(lambda: start(cast, patient_batch)) == ["identity_mismatch"]


def test_a_patients_batch_starts_after_its_scan(cast, patient_batch):
    scan(cast, patient_batch)

    assert start(cast, patient_batch).started_at == STARTED


def test_the_witness_of_a_start_is_somebody_else(cast):
    batch = an_issued_batch(cast)

    assert refusal(lambda: start(cast, batch, verified_by=cast.operator)) == ["own_verification"]
    assert refusal(lambda: start(cast, batch, verified_by=cast.auditor)) == ["no_right"]
    proof = proof_of(cast.operator2, STARTED)
    started = start(cast, batch, verified_by=cast.operator2, witness_proof=proof)
    assert started.execution == Execution.IN_PROCESS
    signature = Signature.objects.get(verb="witness-start")
    assert (signature.by, signature.record) == (cast.operator2, batch.number)
    assert batch.number in signature.content


def test_a_witness_who_is_only_named_starts_nothing(cast):
    batch = an_issued_batch(cast)

    for proof in (None, proof_of(cast.operator, STARTED)):
        with pytest.raises(SignatureRefused):
            start(cast, batch, verified_by=cast.operator2, witness_proof=proof)

    batch.refresh_from_db()
    assert batch.execution == Execution.ISSUED
    assert not Signature.objects.filter(verb="witness-start").exists()


@pytest.mark.statement("P-14")
def test_a_planned_batch_does_not_start(cast):
    batch = a_planned_batch(cast)

    assert refusal(lambda: start(cast, batch)) == ["wrong_status"]
    assert refusal(lambda: start(cast, batch, by=cast.auditor)) == ["no_right", "wrong_status"]
