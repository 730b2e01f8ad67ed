"""API tokens: issue, look up, revoke."""

from datetime import timedelta

from django.db import transaction

from cdmo.accounts.models import ApiToken


@transaction.atomic
def issue_token(*, user, by, at, name="", days=None, read_only=False) -> tuple[str, ApiToken]:
    """Issue a token; returns (secret, row). The secret is shown once and cannot be read again."""
    secret = ApiToken.new_secret()
    row = ApiToken.objects.create(
        user=user,
        name=name,
        token_sha256=ApiToken.digest(secret),
        hint=secret[:9],
        read_only=read_only,
        created_at=at,
        expires_at=at + timedelta(days=days) if days else None,
    )
    return secret, row


def find_token(secret: str, *, at) -> ApiToken | None:
    """Return the live token of an active person, or None."""
    if not secret or len(secret) > 200:
        return None
    token = (
        ApiToken.objects.select_related("user__organisation")
        .filter(token_sha256=ApiToken.digest(secret), revoked_at__isnull=True)
        .first()
    )
    if token is None or not token.user.is_active:
        return None
    if token.expires_at is not None and token.expires_at <= at:
        return None
    return token
