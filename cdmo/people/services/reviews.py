"""Access reviews: opened over every account, decided line by line, attested with a signature."""

from cdmo.accounts.models import User
from cdmo.accounts.roles import Right, Role
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.people import rules
from cdmo.people.gather import administrators, facts_of, where
from cdmo.people.models import AccessLine, AccessReview
from cdmo.people.services.accounts import write_close
from cdmo.people.services.appointments import write_end
from cdmo.people.services.locks import lock_person, other_administrators
from cdmo.people.states import MEANINGS, Decision, ReviewStatus
from cdmo.records.acting import service
from cdmo.records.canonical import instant
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import Proof, sign


@service
def open_review(*, by, at, illustrative=False) -> AccessReview:
    """Open a review: every active account with every role it holds now, frozen as seen."""
    standing = AccessReview.objects.filter(status=ReviewStatus.OPEN).first()
    ensure_clear(
        [*right_blockers(by, Right.REVIEW_ACCESS), *rules.open_blockers(standing=standing)]
    )
    with one_of_a_kind("review_open", "A review has just been opened by somebody else."):
        review = AccessReview.objects.create(
            number=numbered("AR", at), opened_by=by, opened_at=at, illustrative=illustrative
        )
    people = list(User.objects.filter(is_active=True).select_related("organisation"))
    AccessLine.objects.bulk_create(_lines(review, people, at))
    record_event(verb="access_review.open", record=review, by=by, at=at)
    return review


def _lines(review, people, at):
    facts = facts_of(people, at=at)
    for person in people:
        known = facts[person.pk]
        for appointment in known["roles"] or [None]:
            seen = {
                "name": person.full_name,
                "email": person.email,
                "organisation": person.organisation.code,
                "service_account": person.is_service,
                "role": where(appointment) if appointment else None,
                "until": instant(appointment.valid_until) if appointment else None,
                "last_login": instant(person.last_login),
                "tokens": len(known["tokens"]),
                "second_factors": known["factors"],
                "flags": known["flags"],
            }
            yield AccessLine(review=review, person=person, appointment=appointment, seen=seen)


def _lock(review) -> AccessReview:
    return AccessReview.objects.select_for_update(of=("self",)).get(pk=review.pk)


@service
def decide_access(*, line, decision, by, at, reason="") -> AccessLine:
    """Decide that an access stays or goes. It goes when the review is attested."""
    review = _lock(line.review)
    line = AccessLine.objects.select_related("person").get(pk=line.pk)
    line.review = review
    ensure_clear(
        [
            *right_blockers(by, Right.REVIEW_ACCESS),
            *rules.decide_blockers(line, by=by, decision=decision, reason=reason),
        ]
    )
    line.decision, line.reason = Decision(decision), (reason or "").strip()
    line.decided_by, line.decided_at = by, at
    line.save(update_fields=["decision", "reason", "decided_by", "decided_at"])
    return line


@service
def keep_unremarkable(*, review, by, at) -> int:
    """Keep what nobody decided yet and nothing marks, but never one's own. Returns how many."""
    review = _lock(review)
    ensure_clear(
        [
            *right_blockers(by, Right.REVIEW_ACCESS),
            *rules.still_open_blockers(review),
        ]
    )
    plain = review.lines.filter(decision="", seen__flags=[]).exclude(person=by)
    return plain.update(decision=Decision.KEEP, decided_by=by, decided_at=at)


@service
def attest_review(*, review, by, at, proof: Proof, reason="") -> AccessReview:
    """Attest the review with a signature; what was decided to go ends at this instant."""
    review = _lock(review)
    lines = list(review.lines.select_related("person", "appointment__user", "appointment__site"))
    removed = [line for line in lines if line.decision == Decision.REMOVE]
    ensure_clear(
        [
            *right_blockers(by, Right.REVIEW_ACCESS),
            *rules.attest_blockers(
                review, lines, remaining_administrators=_administrators_after(removed, by, at)
            ),
        ]
    )
    review.status, review.attested_by, review.attested_at = ReviewStatus.ATTESTED, by, at
    review.save(update_fields=["status", "attested_by", "attested_at"])
    sign(
        record=review,
        verb="attest",
        meaning=MEANINGS["attest"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    for line in removed:
        _take_away(line, by=by, at=at)
    record_event(
        verb="access_review.attest",
        record=review,
        by=by,
        at=at,
        reason=reason,
        new={"kept": len(lines) - len(removed), "removed": len(removed)},
    )
    return review


def _administrators_after(removed, by, at) -> int:
    other_administrators(by, at)  # holds them all until this change is done
    going = {line.person_id for line in removed if _is_admin(line)}
    return administrators(at).exclude(pk__in=going).count()


def _is_admin(line) -> bool:
    return line.appointment is not None and line.appointment.role == Role.ADMIN


def _take_away(line, *, by, at) -> None:
    """End the appointment, or close the account that has none; what ended meanwhile stays ended."""
    why = f"{line.review.number}: {line.reason}"
    appointment = line.appointment
    if appointment is None:
        person = lock_person(line.person)
        if person.is_active:
            write_close(person=person, by=by, at=at, reason=why)
    elif appointment.valid_until is None or appointment.valid_until > at:
        write_end(appointment=appointment, by=by, at=at, reason=why)
