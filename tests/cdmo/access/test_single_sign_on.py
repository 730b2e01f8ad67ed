"""OpenID Connect against a provider on loopback, over real HTTP: whom it vouches for, no more."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from cdmo.access.signing import reauthenticate
from cdmo.accounts.models import User
from cdmo.records.models import AuditEvent
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
CLIENT, SECRET = "cdmo", "a secret between the two"
START = "/accounts/oidc/house/login/"


class Provider(BaseHTTPRequestHandler):
    """A small OpenID Connect provider: code flow with PKCE, RS256."""

    claims: dict = {}
    codes: dict = {}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def log_message(self, *_):
        pass

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/.well-known/openid-configuration":
            self.answer(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        elif path == "/jwks":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            self.answer({"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]})
        elif path == "/userinfo":
            given = self.headers.get("Authorization") == "Bearer access"
            self.answer(self.claims if given else {}, 200 if given else 401)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        form = {name: value[0] for name, value in parse_qs(self.rfile.read(size).decode()).items()}
        challenge = self.codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        if not proven or (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            self.answer({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        facts = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        token = jwt.encode(facts, self.key, algorithm="RS256", headers={"kid": "1"})
        self.answer({"access_token": "access", "token_type": "Bearer", "id_token": token})


@pytest.fixture
def provider(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.OIDC_ISSUER = f"http://127.0.0.1:{server.server_port}"
    settings.OIDC_NAME = "House login"
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "house",
                    "name": "House login",
                    "client_id": CLIENT,
                    "secret": SECRET,
                    "settings": {"server_url": settings.OIDC_ISSUER},
                }
            ],
        }
    }
    yield Provider
    server.shutdown()
    server.server_close()


def go(client, provider, email, verified=True, state=None):
    """Sign in as a browser does: to the provider, and back with its code."""
    provider.claims = {"sub": "42", "email": email, "email_verified": verified}
    sent = parse_qs(urlsplit(client.post(START)["Location"]).query)
    assert (sent["client_id"], sent["code_challenge_method"]) == ([CLIENT], ["S256"])
    provider.codes["code-1"] = sent["code_challenge"][0]
    back = {"code": "code-1", "state": state or sent["state"][0]}
    return client.get(f"{urlsplit(sent['redirect_uri'][0]).path}?{urlencode(back)}")


def inside(client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.statement("P-31")
def test_a_verified_address_of_an_account_opens_the_door(client, cast, provider):
    assert "House login" in client.get("/accounts/login/").content.decode()
    answer = go(client, provider, "QA@cdmo.example")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert inside(client)
    assert client.session["_auth_user_id"] == str(cast.qa.pk)
    assert AuditEvent.objects.get(verb="sign_in").new["method"] == "socialaccount"


@pytest.mark.statement("P-26")
def test_the_local_password_stays_and_signs(client, cast, provider):
    go(client, provider, cast.qa.email)
    qa = User.objects.get(pk=cast.qa.pk)
    at = timezone.now()
    assert reauthenticate(by=qa, password=PASSWORD, record=qa, verb="x", at=at).user_id == qa.pk


@pytest.mark.statement("P-32")
@pytest.mark.parametrize(
    ("email", "verified"),
    [
        ("stranger@elsewhere.example", True),
        ("qa@cdmo.example", False),
        ("qa@cdmo.example", "false"),
        ("qa@cdmo.example", None),
        ("", True),
        ("closed@cdmo.example", True),
        ("lims@cdmo.example", True),
    ],
)
def test_nobody_else_comes_in_and_no_account_is_made(client, cast, provider, email, verified):
    for name, facts in (("closed", {"is_active": False}), ("lims", {"is_service": True})):
        User.objects.create(
            email=f"{name}@cdmo.example", full_name=name, organisation=cast.cdmo, **facts
        )
    before = User.objects.count()
    answer = go(client, provider, email, verified)
    assert answer["Location"] == "/accounts/login/"
    assert not inside(client)
    assert User.objects.count() == before
    assert AuditEvent.objects.get(verb="sign_in.failed").reason.startswith("single sign-on")
    assert "House login knows you" in client.get("/accounts/login/").content.decode()


def test_an_answer_that_nobody_asked_for_is_refused(client, cast, provider):
    answer = go(client, provider, cast.qa.email, state="of somebody else")
    assert "You were not signed in" in answer.content.decode()
    assert not inside(client)


def test_without_a_provider_there_is_no_such_door(client, cast, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert client.post(START).status_code == 404
    assert "Single sign-on" not in client.get("/accounts/login/").content.decode()
