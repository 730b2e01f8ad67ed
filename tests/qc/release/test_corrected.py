"""A batch record corrected after its certification: who sees it, who signs what again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batches.manufacture import services as manufacture
from batches.manufacture.models import Batch
from cdmo.blockers import Blocked
from cdmo.home.work import work_for
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of, standing_signatures
from qc.release import services
from qc.release.models import Certificate
from tests.builders.manufacture import a_performed_batch, step_of
from tests.builders.release import CERTIFIED, a_certified_batch, check_now
from tests.cast import proof_of
from tests.rest import Caller, codes

pytestmark = pytest.mark.django_db
CORRECTED = CERTIFIED + timedelta(hours=1)
AGAIN = CORRECTED + timedelta(hours=1)
REVIEWED_AGAIN = AGAIN + timedelta(minutes=10)
ISSUED_AGAIN = REVIEWED_AGAIN + timedelta(hours=1)


def correct(cast, batch, code="FEED"):
    """Misread by the operator; a critical step (SEED) is to be verified again by another person."""
    return manufacture.correct_step(
        step=step_of(batch, code),
        value="yes" if code == "FEED" else "96",
        by=cast.operator,
        at=CORRECTED,
        reason="Misread.",
    )


def complete(cast, batch):
    return manufacture.complete_batch(
        batch=batch, by=cast.supervisor, at=AGAIN, proof=proof_of(cast.supervisor, AGAIN)
    )


def review(cast, batch):
    at = REVIEWED_AGAIN
    return manufacture.review_batch(batch=batch, by=cast.qa, at=at, proof=proof_of(cast.qa, at))


def waits(person, title) -> list[str]:
    found = {work.title: work for work in work_for(person, at=ISSUED_AGAIN)}
    return [f"{item.record.key}: {item.note}" for item in found[title].items]


def page_of(person, batch, tab="") -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(f"/batches/{batch.number}/{tab}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.statement("P-22")
def test_a_released_record_that_is_corrected_is_completed_reviewed_and_certificated_again(cast):
    batch = a_certified_batch(cast)
    released = Batch.objects.get(pk=batch.pk)

    correct(cast, batch)
    assert sorted(s.verb for s in signatures_of(batch).filter(void__isnull=False)) == [
        "complete",
        "review",
    ]
    assert check_now(batch, at=CORRECTED).verdict == "pending"
    with pytest.raises(Blocked) as refused:
        review(cast, batch)
    assert refused.value.codes == ["completion_not_signed"]

    complete(cast, batch)
    review(cast, batch)
    assert standing_signatures(batch, verb="complete").get().by == cast.supervisor
    assert standing_signatures(batch, verb="review").get().by == cast.qa
    assert check_now(batch, at=REVIEWED_AGAIN).verdict == "ready"
    after = Batch.objects.get(pk=batch.pk)
    for name in ("execution", "disposition", "inventory", "completed_at", "disposed_at"):
        assert getattr(after, name) == getattr(released, name), name
    assert AuditEvent.objects.filter(verb="batch.completed_again").count() == 1

    with pytest.raises(Blocked) as refused:
        complete(cast, batch)
    assert refused.value.codes == ["already_completed"]
    with pytest.raises(Blocked) as refused:
        review(cast, batch)
    assert refused.value.codes == ["already_reviewed"]


@pytest.mark.statement("P-22")
def test_everybody_whose_turn_it_is_finds_the_corrected_record_on_their_first_page(cast):
    batch = a_certified_batch(cast)
    assert waits(cast.qp, "Opened again") == waits(cast.supervisor, "Batches to complete") == []

    correct(cast, batch)
    check_now(batch, at=CORRECTED)
    to_sign = f"{batch.number}: Its record was changed after it was signed: to be completed and "
    for person in (cast.qa, cast.qp):
        assert waits(person, "Opened again") == [f"{to_sign}reviewed again"]
    assert waits(cast.supervisor, "Batches to complete") == [
        f"{batch.number}: Its record was corrected: to be signed as complete again"
    ]

    complete(cast, batch)
    review(cast, batch)
    check_now(batch, at=REVIEWED_AGAIN)
    assert waits(cast.supervisor, "Batches to complete") == []
    note = (
        f"{batch.number}: Its record was corrected and signed again after its certification: its "
        "certificate is to be issued again"
    )
    for person in (cast.qa, cast.qp):
        assert waits(person, "Opened again") == [note]

    services.reissue_certificate(
        certificate=Certificate.objects.get(batch=batch),
        by=cast.qp,
        at=ISSUED_AGAIN,
        reason="The record was corrected.",
    )
    assert waits(cast.qp, "Opened again") == []


def test_the_batch_page_offers_the_next_signature_to_whoever_may_give_it(cast):
    batch = a_certified_batch(cast)
    assert "Sign the corrected record" not in page_of(cast.supervisor, batch)
    assert "Corrected since its certificate" not in page_of(cast.qp, batch, "release/")

    correct(cast, batch)
    assert f'href="/batches/{batch.number}/complete/"' in page_of(cast.supervisor, batch)
    assert "Sign the corrected record" in page_of(cast.qa, batch)
    assert "Production signs the completion again" in page_of(cast.qp, batch, "release/")

    complete(cast, batch)
    assert f'href="/batches/{batch.number}/review/"' in page_of(cast.qa, batch)

    review(cast, batch)
    assert "issue the certificate again" in page_of(cast.qp, batch, "release/")


def test_a_corrected_critical_step_of_a_released_batch_is_verified_before_all_else(cast):
    batch = a_certified_batch(cast)
    correct(cast, batch, "SEED")

    with pytest.raises(Blocked) as refused:
        complete(cast, batch)
    assert refused.value.codes == ["step_unverified"]
    manufacture.verify_step(step=step_of(batch, "SEED"), by=cast.supervisor, at=CORRECTED)
    assert complete(cast, batch).disposition == "released"


def test_the_circle_over_rest(client, cast):
    batch = a_certified_batch(cast)
    operator, supervisor, qa = (
        Caller(client, person) for person in (cast.operator, cast.supervisor, cast.qa)
    )
    home = f"batches/{batch.number}/"

    body = {"value": True, "reason": "Misread."}
    assert operator.post(f"{home}steps/FEED/correct/", body).status_code == 200
    assert operator.get(home).json()["reviewed_at"] is None
    assert codes(qa.sign(f"{home}review/")) == ["completion_not_signed"]
    assert codes(qa.sign(f"{home}complete/")) == ["no_right"]

    assert supervisor.sign(f"{home}complete/").status_code == 200
    assert codes(supervisor.sign(f"{home}complete/")) == ["already_completed"]
    again = qa.sign(f"{home}review/")
    assert again.status_code == 200, again.content
    assert (again.json()["disposition"], again.json()["execution"]) == ("released", "completed")
    assert again.json()["reviewed_at"][:10] == f"{timezone.now():%Y-%m-%d}"


def test_a_batch_rejected_in_process_stays_out_of_anybodys_hands(cast):
    """Only a completed record is signed again; a decided batch that never was, is over."""
    batch = a_performed_batch(cast)
    manufacture.reject_batch(
        batch=batch, by=cast.qa, at=CORRECTED, proof=proof_of(cast.qa, CORRECTED), reason="Lost."
    )
    with pytest.raises(Blocked) as refused:
        complete(cast, batch)
    assert refused.value.codes == ["already_decided"]


def test_the_panel_of_an_opened_batch_takes_the_focus_from_nobody(client, cast):
    """It refreshes by itself, and the focus goes to any alert that arrives: typing would stop."""
    batch = a_certified_batch(cast)
    correct(cast, batch)
    check_now(batch, at=CORRECTED)

    client.force_login(cast.qa)
    panel = client.get(reverse("qc:batch_readiness_panel", args=[batch.number])).content.decode()
    assert "Opened again" in panel
    assert 'role="alert"' not in panel
