"""Access reviews: every access looked at by somebody else, attested, and carried out."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cdmo.accounts.models import User
from cdmo.accounts.tokens import issue_token
from cdmo.blockers import Blocked
from cdmo.people import services
from cdmo.people.gather import next_review_due
from cdmo.people.models import AccessReview
from cdmo.records.models import AuditEvent, Signature
from cdmo.records.verify import verify_all
from tests.cast import LONG_AGO, appoint, proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-41")]


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def review(cast, now):
    return services.open_review(by=cast.qa, at=now)


def line_of(review, person):
    return review.lines.get(person=person)


def refused(call, **arguments) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(**arguments)
    return refusal.value.codes


def decide(review, person, decision, *, by, at, reason=""):
    return services.decide_access(
        line=line_of(review, person), decision=decision, by=by, at=at, reason=reason
    )


def decide_all(cast, review, now, but=()):
    for line in review.lines.exclude(person__in=but):
        by = cast.qa2 if line.person_id == cast.qa.pk else cast.qa
        services.decide_access(line=line, decision="keep", by=by, at=now)


def attest(cast, review, now, by=None):
    by = by or cast.qa
    return services.attest_review(review=review, by=by, at=now, proof=proof_of(by, now))


def test_it_lists_every_active_account_with_every_role(cast, now):
    services.deactivate_person(person=cast.operator2, by=cast.admin, at=now, reason="Left.")
    appoint(cast.qa2, "qp", cast.site)
    review = services.open_review(by=cast.qa, at=now)
    seen = [line.seen["email"] for line in review.lines.all()]
    assert set(seen) == set(User.objects.filter(is_active=True).values_list("email", flat=True))
    assert seen.count("qa2@cdmo.example") == 2
    assert {line.seen["role"] for line in review.lines.filter(person=cast.qa2)} == {
        "Quality assurance",
        "Qualified Person at HFA",
    }


def test_it_marks_what_is_dormant_endless_or_without_a_role(cast, now, settings):
    settings.MFA_REQUIRED_ROLES = ["qa"]
    User.objects.filter(pk=cast.planner.pk).update(last_login=now - timedelta(days=91))
    User.objects.filter(pk=cast.qp.pk).update(last_login=now - timedelta(days=89))
    User.objects.filter(pk=cast.pm.pk).update(created_at=LONG_AGO)
    issue_token(user=cast.qp, by=cast.qp, at=now)
    cast.biosafety.appointments.update(valid_until=now - timedelta(days=1))
    review = services.open_review(by=cast.qa, at=now)
    flags = {line.person_id: line.seen["flags"] for line in review.lines.all()}
    assert "Nobody signed in for 90 days" in flags[cast.planner.pk]
    assert "Never used" in flags[cast.pm.pk]
    assert "Nobody signed in for 90 days" not in flags[cast.qp.pk]
    assert "Token without an end" in flags[cast.qp.pk]
    assert "No role" in flags[cast.biosafety.pk]
    assert "No second factor" in flags[cast.qa.pk]
    assert "No second factor" not in flags[cast.qp.pk]


def test_only_a_reviewer_opens_one_and_only_one_is_open(cast, review, now):
    assert refused(services.open_review, by=cast.admin, at=now) == ["no_right", "review_open"]
    assert refused(services.open_review, by=cast.qa2, at=now) == ["review_open"]
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessReview.objects.create(number="AR-X", opened_by=cast.qa, opened_at=now)


def test_the_administrator_neither_decides_nor_attests(cast, review, now):
    line = line_of(review, cast.operator)
    asked = {"line": line, "decision": "keep", "at": now}
    assert refused(services.decide_access, by=cast.admin, **asked) == ["no_right"]
    assert "no_right" in refused(attest, cast=cast, review=review, now=now, by=cast.admin)


def test_nobody_decides_about_their_own_access(cast, review, now):
    assert refused(decide, review=review, person=cast.qa, decision="keep", by=cast.qa, at=now) == [
        "own_access"
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        review.lines.filter(person=cast.qa).update(decided_by=cast.qa)
    assert decide(review, cast.qa, "keep", by=cast.qa2, at=now).decision == "keep"


def test_keeping_the_rest_leaves_out_ones_own_and_what_is_marked(cast, now):
    User.objects.update(last_login=now)
    User.objects.filter(pk=cast.planner.pk).update(last_login=now - timedelta(days=91))
    review = services.open_review(by=cast.qa, at=now)
    services.keep_unremarkable(review=review, by=cast.qa, at=now)
    left = {line.person_id for line in review.lines.filter(decision="")}
    assert left == {cast.qa.pk, cast.planner.pk}


def test_taking_away_needs_a_reason(cast, review, now):
    asked = {"review": review, "person": cast.operator, "decision": "remove", "by": cast.qa}
    assert refused(decide, **asked, at=now) == ["reason_missing"]
    with pytest.raises(IntegrityError), transaction.atomic():
        review.lines.filter(person=cast.operator).update(decision="remove", reason="")


def test_it_is_attested_when_everything_is_decided(cast, review, now):
    decide_all(cast, review, now, but=[cast.operator])
    assert refused(attest, cast=cast, review=review, now=now) == ["undecided"]
    assert not Signature.objects.exists()
    assert cast.operator.appointments.current().exists()


def test_what_is_taken_away_ends_when_it_is_attested(cast, review, now):
    cast.biosafety.appointments.update(valid_until=now)
    decide_all(cast, review, now, but=[cast.operator])
    decide(review, cast.operator, "remove", by=cast.qa, at=now, reason="Moved to logistics.")
    assert cast.operator.appointments.on(now).exists()

    attest(cast, review, now)

    assert not cast.operator.appointments.on(now).exists()
    event = AuditEvent.objects.get(verb="person.end_appointment", record="operator@cdmo.example")
    assert event.reason == f"{review.number}: Moved to logistics."
    assert event.by == cast.qa
    review.refresh_from_db()
    assert (review.status, review.attested_by) == ("attested", cast.qa)
    signature = Signature.objects.get(record_type="access_review")
    assert "Moved to logistics." in signature.content
    assert not [line for proven in verify_all() for line in proven.broken if "signature" in line]


def test_an_account_without_a_role_is_closed(cast, now):
    cast.operator.appointments.update(valid_until=now - timedelta(days=1))
    review = services.open_review(by=cast.qa, at=now)
    decide_all(cast, review, now, but=[cast.operator])
    decide(review, cast.operator, "remove", by=cast.qa, at=now, reason="Left last year.")
    attest(cast, review, now)
    assert not User.objects.get(pk=cast.operator.pk).is_active


def test_the_last_administrator_is_not_taken_away(cast, review, now):
    decide_all(cast, review, now, but=[cast.admin])
    decide(review, cast.admin, "remove", by=cast.qa, at=now, reason="Too powerful.")
    assert refused(attest, cast=cast, review=review, now=now) == ["last_administrator"]
    assert cast.admin.appointments.on(now).exists()


def test_an_attested_review_stands(cast, review, now):
    decide_all(cast, review, now)
    attest(cast, review, now)
    later = {"by": cast.qa2, "at": now}
    assert refused(decide, review=review, person=cast.pm, decision="keep", **later) == [
        "wrong_status"
    ]
    assert refused(services.keep_unremarkable, review=review, **later) == ["wrong_status"]
    assert "wrong_status" in refused(attest, cast=cast, review=review, now=now)


def test_the_next_one_is_due_after_the_last(cast, review, now, settings):
    settings.ACCESS_REVIEW_DAYS = 100
    first = User.objects.order_by("created_at").first().created_at
    assert next_review_due(at=now) == first + timedelta(days=100)
    decide_all(cast, review, now)
    attest(cast, review, now)
    assert next_review_due(at=now) == now + timedelta(days=100)
