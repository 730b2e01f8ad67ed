"""A person's own API tokens, and the record of what was taken out of the house."""

from cdmo.accounts.models import ApiToken
from cdmo.accounts.tokens import issue_token
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event


@service
def make_own_token(*, by, at, name, days, read_only=False) -> tuple[str, ApiToken]:
    """Issue a token to its own owner. Returns (secret, row); the secret is shown once."""
    secret, token = issue_token(user=by, by=by, at=at, name=name, days=days, read_only=read_only)
    record_event(verb="api_token.issue", record=token, by=by, at=at, new={"name": name})
    return secret, token


@service
def revoke_own_token(*, token, by, at) -> ApiToken:
    """End a token now. Only its owner may; ending it twice is refused."""
    token = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    ensure_clear(token_blockers(token, by=by))
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    record_event(verb="api_token.revoke", record=token, by=by, at=at, new={"name": token.name})
    return token


def token_blockers(token, *, by):
    """Yield what stands against ending this token."""
    if token.user_id != by.pk:
        yield Blocker("not_yours", "This token belongs to somebody else.")
    if token.revoked_at is not None:
        yield Blocker("already_revoked", "This token has been ended already.")


@service
def record_export(*, by, at, what, form, asked, rows) -> None:
    """Record that a list was downloaded: which, what it was narrowed to, and how many rows."""
    record_event(
        verb="list.export",
        record=by,
        by=by,
        at=at,
        new={"list": what, "form": form, "filter": asked, "rows": rows},
    )
