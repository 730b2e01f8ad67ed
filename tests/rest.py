"""An integrator with a token, for tests of REST resources."""

import json

from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from tests.cast import PASSWORD

SIGNATURE = {"signature": {"password": PASSWORD}}


class Caller:
    """Calls /api/v1/ as one person; `get` and `post` take the address below it."""

    def __init__(self, client, user, **token):
        secret, _ = issue_token(user=user, by=user, at=timezone.now(), **token)
        self.client, self.headers = client, {"Authorization": f"Bearer {secret}"}

    def get(self, path, **headers):
        return self.client.get(f"/api/v1/{path}", headers={**self.headers, **headers})

    def post(self, path, body=None, *, method="post", **headers):
        return getattr(self.client, method)(
            f"/api/v1/{path}",
            json.dumps(body or {}),
            content_type="application/json",
            headers={**self.headers, **headers},
        )

    def patch(self, path, body, **headers):
        return self.post(path, body, method="patch", **headers)

    def sign(self, path, body=None, **headers):
        return self.post(path, {**(body or {}), **SIGNATURE}, **headers)


def codes(response) -> list[str]:
    """Return the codes of a refusal, which must be one."""
    assert response.status_code in {403, 409}, response.content
    return [blocker["code"] for blocker in response.json()["blockers"]]


def fields(response) -> list[str]:
    """Return the fields that a 400 names, each with a sentence."""
    assert response.status_code == 400, response.content
    errors = response.json()["errors"]
    assert all(error["message"].strip() for error in errors)
    return [error["field"] for error in errors]
