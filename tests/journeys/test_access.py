"""Signing in and being there, in a real browser: idle sessions, one-time codes, security keys."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone
from playwright.sync_api import expect

from cdmo.access.factors import Factors, code_for
from cdmo.records.models import AuditEvent
from tests.cast import PASSWORD, make_cast

pytestmark = pytest.mark.browser
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def people(live_stack):
    return make_cast()


def give_password(page, stack, person):
    page.goto(f"{stack}/accounts/login/")
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", PASSWORD)
    page.click("form.login button[type=submit]")


def sign_in(page, stack, person):
    give_password(page, stack, person)
    page.wait_for_url(lambda url: "/accounts/" not in url)


def type_a_name(page, stack):
    page.goto(f"{stack}/account/")
    page.click("text=New API token")
    page.fill("dialog [name=name]", "Nightly export")
    page.fill("dialog [name=password]", PASSWORD)


@pytest.mark.statement("P-30")
def test_an_idle_page_asks_then_ends_and_what_was_typed_is_there_again(people, live_stack, page):
    url = live_stack.url
    page.clock.install()
    sign_in(page, url, people.planner)
    type_a_name(page, url)

    page.clock.fast_forward("28:30")
    expect(page.get_by_text("Are you still there?")).to_be_visible()
    page.click("text=Stay signed in")
    expect(page.get_by_text("Are you still there?")).to_have_count(0)
    page.clock.fast_forward("28:30")
    expect(page.get_by_text("Are you still there?")).to_be_visible()
    page.clock.fast_forward("02:00")
    page.wait_for_url("**/accounts/login/**")
    ended = AuditEvent.objects.get(verb="sign_out")
    assert (ended.by, ended.reason) == (people.planner, "Idle for 30 minutes.")

    page.fill("[name=login]", people.planner.email)
    page.fill("[name=password]", PASSWORD)
    page.click("form.login button[type=submit]")
    page.wait_for_url("**/account/")
    page.wait_for_selector("dialog[open] [name=name]")
    assert page.input_value("dialog [name=name]") == "Nightly export"
    assert page.input_value("dialog [name=password]") == ""
    assert PASSWORD not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def kept(page) -> list[str]:
    return page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('keep:'))")


@pytest.mark.statement("P-30")
def test_nobody_finds_what_somebody_else_typed(people, live_stack, page):
    url = live_stack.url
    sign_in(page, url, people.planner)
    type_a_name(page, url)
    assert kept(page)
    page.context.clear_cookies(name="sessionid")
    sign_in(page, url, people.qa)
    assert not kept(page)

    type_a_name(page, url)
    page.keyboard.press("Escape")
    page.click("button.who")
    page.click("text=Sign out")
    page.wait_for_url("**/accounts/login/**")
    assert not kept(page)


@pytest.mark.statement("P-31")
def test_the_dialog_asks_for_the_code_of_an_app(people, live_stack, page):
    Authenticator.objects.create(
        user=people.qa, type="totp", data={"secret": Factors().encrypt(SECRET)}
    )
    url = live_stack.url
    give_password(page, url, people.qa)
    page.fill("[name=code]", code_for(SECRET, timezone.now() - timedelta(seconds=30)))
    page.click("text=Sign in")
    page.wait_for_url(lambda address: "/accounts/" not in address)
    type_a_name(page, url)
    page.fill("dialog [name=otp]", "000000")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("#id_otp_error")
    assert "000000" not in page.evaluate("JSON.stringify({...sessionStorage})")
    page.fill("dialog [name=password]", PASSWORD)
    page.fill("dialog [name=otp]", code_for(SECRET, timezone.now()))
    page.click("dialog button[type=submit]")
    page.wait_for_selector("text=Your new token")


@pytest.mark.statement("P-31")
def test_a_security_key_opens_the_door(people, live_stack, page):
    url = live_stack.url.replace("127.0.0.1", "localhost")  # browsers give keys to names only
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    sign_in(page, url, people.qp)
    page.goto(f"{url}/accounts/2fa/webauthn/add/")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Go on")
    page.click("#key-button")
    page.wait_for_url("**/recovery-codes/")
    assert Authenticator.objects.filter(user=people.qp, type="webauthn").count() == 1
    assert AuditEvent.objects.filter(verb="mfa.add", by=people.qp).count() == 2

    page.context.clear_cookies(name="sessionid")
    give_password(page, url, people.qp)
    page.wait_for_url("**/accounts/2fa/authenticate/")
    page.click("#key-button")
    page.wait_for_url(lambda address: "/accounts/" not in address)
    assert "webauthn" in AuditEvent.objects.filter(verb="sign_in").latest("id").new["method"]
