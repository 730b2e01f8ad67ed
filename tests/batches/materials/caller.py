"""An integrator with a token, as short as tests want it."""

import json

from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from tests.cast import PASSWORD

SIGNATURE = {"signature": {"password": PASSWORD}}


class Caller:
    def __init__(self, client, user):
        secret, _ = issue_token(user=user, by=user, at=timezone.now())
        self.client, self.headers = client, {"Authorization": f"Bearer {secret}"}

    def get(self, path):
        return self.client.get(f"/api/v1/{path}", headers=self.headers)

    def post(self, path, body=None):
        return self.client.post(
            f"/api/v1/{path}",
            json.dumps(body or {}),
            content_type="application/json",
            headers=self.headers,
        )
