"""What a browser may do with an answer, and what it is made to send."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
EVERYWHERE = (LOGIN, "/", "/nonsense", "/batches/", "/api/v1/", "/api/v1/batches/", "/healthz")


@pytest.mark.parametrize("address", [*EVERYWHERE, "/static/css/app.css"])
def test_every_answer_limits_the_browser(cast, address):
    client = Client()
    client.force_login(cast.qa)
    answer = client.get(address)
    answer.close()  # a static file is open until then
    headers = answer.headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "object-src 'none'" in headers["Content-Security-Policy"]
    assert "base-uri 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("address", EVERYWHERE)
def test_no_answer_stays_in_a_cache(cast, address):
    client = Client()
    client.force_login(cast.qa)

    assert "no-store" in client.get(address).headers["Cache-Control"]


def test_a_static_file_says_its_type_and_may_be_kept(client):
    answer = client.get("/static/css/app.css")
    answer.close()

    assert answer.headers["Content-Type"].startswith("text/css")
    assert "no-store" not in answer.headers["Cache-Control"]


def test_signing_in_gives_another_session_and_another_token(cast, client):
    client.get(LOGIN)
    before = client.cookies["csrftoken"].value
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32  # planted by somebody else
    client.post(LOGIN, {"login": cast.qa.email, "password": PASSWORD})
    session = client.cookies[settings.SESSION_COOKIE_NAME]

    assert session.value != "a" * 32
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert client.cookies["csrftoken"].value != before


def test_signing_out_ends_the_session_on_the_server(cast, client):
    client.post(LOGIN, {"login": cast.qa.email, "password": PASSWORD})
    kept = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/accounts/logout/")
    client.cookies[settings.SESSION_COOKIE_NAME] = kept

    assert client.get("/batches/").status_code == 302


@pytest.mark.parametrize(
    "aim",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "///x.y"],
)
def test_signing_in_leads_to_no_other_site(cast, client, aim):
    answer = client.post(
        f"{LOGIN}?next={aim}", {"login": cast.qa.email, "password": PASSWORD, "next": aim}
    )

    assert answer.status_code == 302
    assert answer["Location"] == "/"


def test_another_hosts_name_is_refused(client):
    assert client.get(LOGIN, headers={"Host": "evil.example"}).status_code == 400
    spoken_of = client.get(LOGIN, headers={"X-Forwarded-Host": "evil.example"})
    assert b"evil.example" not in spoken_of.content


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/accounts/logout/", "application/x-www-form-urlencoded"),
        ("/accounts/password/change/", "application/x-www-form-urlencoded"),
        ("/account/tokens/new/", "application/x-www-form-urlencoded"),
        ("/api/v1/batches/", "application/json"),
    ],
)
def test_nothing_is_changed_without_the_token_of_our_own_page(cast, address, kind):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.qa)

    for headers in ({}, {"HX-Request": "true"}, {"Origin": "https://evil.example"}):
        answer = client.post(address, "{}", content_type=kind, headers=headers)
        refused = {401} if headers.get("HX-Request") and not address.startswith("/api/") else {403}
        assert answer.status_code in refused, (address, headers)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
def test_rest_reads_json_only_when_it_is_called_json(cast, kind):
    client = Client()
    client.force_login(cast.qa)

    assert client.post("/api/v1/batches/", "{}", content_type=kind).status_code == 415


def test_a_method_cannot_be_changed_by_a_header(cast):
    client = Client()
    client.force_login(cast.qa)
    answer = client.post("/batches/", headers={"X-HTTP-Method-Override": "GET"})

    assert answer.status_code == 405


UNDER_TLS = """
import json, django
django.setup()
from django.conf import settings
from django.test import RequestFactory
from cdmo.wsgi import application
def ask(path, **more):
    told = {}
    environ = RequestFactory().get(path, **more).environ
    application(environ, lambda status, headers: told.update(headers, status=status))
    return told
print(json.dumps({
    "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "rest": ask("/api/v1/batches/"), "page": ask("/accounts/login/"),
    "safe": ask("/accounts/login/", secure=True),
}))
"""


def test_under_https_everything_goes_over_it_and_cookies_are_of_this_host():
    told = subprocess.run(
        [sys.executable, "-c", UNDER_TLS],
        env={**os.environ, "HTTPS": "1", "DJANGO_SETTINGS_MODULE": "cdmo.settings"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=True,
        text=True,
    )
    told = json.loads(told.stdout)

    assert told["cookies"] == ["__Host-sessionid", "__Host-csrftoken"]
    assert told["page"]["status"].startswith("301")
    assert told["page"]["Location"].startswith("https://")
    # A script that forgot the s is told so; a redirect would hide that its token was sent bare.
    assert told["rest"]["status"].startswith("403")
    assert told["safe"]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = told["safe"]["Set-Cookie"].strip()
    assert cookie.startswith("__Host-csrftoken=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
