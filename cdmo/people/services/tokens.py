"""Tokens of service accounts, and the end of anybody's."""

from cdmo.accounts.models import ApiToken
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.accounts.tokens import issue_token
from cdmo.blockers import ensure_clear
from cdmo.people import rules
from cdmo.people.services.locks import lock_person
from cdmo.records.acting import service
from cdmo.records.services import record_event


@service
def issue_service_token(*, person, by, at, name, days, read_only=False) -> tuple[str, ApiToken]:
    """Make a token for a service account. Returns (secret, row); the secret is shown once.

    People make their own: with a person's token an administrator could act in that person's name.
    """
    person = lock_person(person)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.service_token_blockers(person),
        ]
    )
    secret, token = issue_token(
        user=person, by=by, at=at, name=name, days=days, read_only=read_only
    )
    record_event(
        verb="api_token.issue",
        record=token,
        by=by,
        at=at,
        new={"name": name, "person": person.email},
    )
    return secret, token


@service
def revoke_token(*, token, by, at, reason) -> ApiToken:
    """End anybody's token now: lost, copied, no longer wanted."""
    token = ApiToken.objects.select_for_update(of=("self",)).select_related("user").get(pk=token.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.MANAGE_ACCOUNTS),
            *rules.token_ended_blockers(token, reason=reason),
        ]
    )
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    record_event(
        verb="api_token.revoke",
        record=token,
        by=by,
        at=at,
        reason=reason,
        new={"name": token.name, "person": token.user.email},
    )
    return token
