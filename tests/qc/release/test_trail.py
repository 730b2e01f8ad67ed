"""RC-40: the audit trail of a batch is reviewed by somebody who is no actor, exceptions first."""

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from batches.manufacture.services import correct_step
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Signature
from qc.release.models import AuditReview
from qc.release.services import review_audit_trail
from qc.release.services.trail import batches_with_loose_ends, exceptions_of
from tests.builders.manufacture import step_of
from tests.builders.release import CHECKED, a_tested_batch, check_now, findings_of
from tests.cast import PASSWORD, proof_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.statement("P-13"),
    pytest.mark.statement("RC-40"),
]


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def past_the_application(sql, *parameters):
    """Run SQL as somebody does who has a connection and no service."""
    with connection.cursor() as cursor:
        names = ("by", "by_name", "role", "reason")
        cursor.execute("SELECT " + ", ".join(f"set_config('cdmo.{n}', '', true)" for n in names))
        cursor.execute(sql, parameters)


def tampered(cast):
    batch = a_tested_batch(cast)
    past_the_application(
        "UPDATE batches_batchstep SET comment = 'written by hand' WHERE batch_id = %s"
        " AND position = (SELECT min(position) FROM batches_batchstep WHERE batch_id = %s)",
        batch.pk,
        batch.pk,
    )
    return batch


def rc_40(batch):
    return findings_of(check_now(batch))["RC-40"]


def review(batch, by, *, accepted=True, explanations=None, at=CHECKED):
    return review_audit_trail(
        batch=batch,
        accepted=accepted,
        explanations=explanations or {},
        by=by,
        at=at,
        proof=proof_of(by, at),
    )


def test_the_signed_review_of_the_record_covers_a_trail_that_leaves_nothing_to_explain(cast):
    batch = a_tested_batch(cast)

    assert rc_40(batch)["outcome"] == "pass"
    assert batches_with_loose_ends([batch.pk]) == []


def test_a_change_past_the_application_fails_until_it_is_explained(cast):
    batch = tampered(cast)
    found = rc_40(batch)
    assert (found["outcome"], found["class"], found["owner"]) == ("fail", "justifiable", "qa")
    assert batches_with_loose_ends([batch.pk]) == [batch.pk]

    (line,) = [e for e in exceptions_of(batch, by=cast.qa) if e.needs_words]
    with pytest.raises(Blocked) as refusal:
        review(batch, cast.qa)
    assert [b.code for b in refusal.value.blockers] == ["not_explained"]
    assert not AuditReview.objects.exists()

    made = review(batch, cast.qa, explanations={line.line: "A repair under CC-26-0007."})

    assert rc_40(batch)["outcome"] == "pass"
    assert Signature.objects.get(record_type="audit_review").record == made.number
    assert batches_with_loose_ends([batch.pk]) == []


def test_a_later_change_past_the_application_makes_the_review_stale(cast):
    batch = tampered(cast)
    (line,) = [e for e in exceptions_of(batch, by=cast.qa) if e.needs_words]
    review(batch, cast.qa, explanations={line.line: "A repair under CC-26-0007."})

    past_the_application("UPDATE batches_batch SET objective = 'x' WHERE id = %s", batch.pk)

    assert rc_40(batch)["outcome"] == "fail"


def test_a_correction_after_the_review_asks_for_another(cast):
    batch = a_tested_batch(cast)

    correct_step(
        step=step_of(batch, "SEED"), value="96", by=cast.operator, at=CHECKED, reason="Misread."
    )

    assert rc_40(batch)["outcome"] == "pending"


def test_a_review_that_does_not_accept_fails(cast):
    batch = a_tested_batch(cast)

    review(batch, cast.qa, accepted=False)

    assert rc_40(batch)["outcome"] == "fail"
    review(batch, cast.qa)
    assert rc_40(batch)["outcome"] == "pass"


@pytest.mark.parametrize("name", ["operator", "analyst", "supervisor"])
def test_whoever_acted_in_a_batch_may_not_review_its_trail(cast, name):
    batch = a_tested_batch(cast)

    with pytest.raises(Blocked) as refusal:
        review(batch, getattr(cast, name))

    assert "own_work" in {b.code for b in refusal.value.blockers}


def test_changed_values_and_refused_signatures_are_shown_first_with_their_reasons(cast):
    batch = a_tested_batch(cast)
    correct_step(
        step=step_of(batch, "SEED"), value="96", by=cast.operator, at=CHECKED, reason="Misread."
    )

    page = browser(cast.qa).get(f"/batches/{batch.number}/trail/").content.decode()

    assert "Changed after entry" in page
    assert "Misread." in page


def test_the_review_is_given_on_a_page_and_over_rest(cast):
    batch = tampered(cast)
    (line,) = [e for e in exceptions_of(batch, by=cast.qa) if e.needs_words]
    page = browser(cast.qa).get(f"/batches/{batch.number}/review-audit-trail/").content.decode()
    assert f"line_{line.line}" in page

    client = APIClient()
    client.force_login(cast.qa)
    listed = client.get(f"/api/v1/batches/{batch.number}/trail-exceptions/").json()
    assert [e["line"] for e in listed if e["needs_words"]] == [line.line]
    answer = client.post(
        f"/api/v1/batches/{batch.number}/review-audit-trail/",
        {
            "accepted": True,
            "explanations": [{"line": line.line, "explanation": "A repair under CC-26-0007."}],
            "signature": {"password": PASSWORD},
        },
        format="json",
    )

    assert answer.status_code == 200, answer.content
    assert AuditEvent.objects.filter(verb="batch.trail_reviewed").exists()
