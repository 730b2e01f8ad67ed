"""The front door: each attempt counted and recorded; idle, old and ended sessions stay outside."""

from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cdmo.access import services
from cdmo.access.factors import Factors, code_for
from cdmo.access.models import FailedEntry, SignIn
from cdmo.accounts.models import Appointment, User
from cdmo.accounts.tokens import issue_token
from cdmo.records.models import AuditEvent, Signature
from tests.cast import PASSWORD, _make_person

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(client, person, password=PASSWORD, **more):
    email = person if isinstance(person, str) else person.email
    return client.post(
        LOGIN, {"login": email, "password": password}, headers={"User-Agent": FIREFOX}, **more
    )


def verbs(record=None):
    found = AuditEvent.objects.filter(kind="event").order_by("id")
    if record:
        found = found.filter(record=record)
    return list(found.values_list("verb", flat=True))


def inside(client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.statement("P-09")
def test_coming_and_going_are_on_record(client, cast):
    sign_in(client, cast.qa)
    assert inside(client)
    client.post("/accounts/logout/")
    assert not inside(client)

    assert verbs(cast.qa.email) == ["sign_in", "sign_out"]
    came = AuditEvent.objects.get(verb="sign_in")
    assert (came.by, came.role) == (cast.qa, "Quality assurance")
    assert came.new == {
        "method": "password",
        "address": "127.0.0.1",
        "device": "Firefox on Windows",
    }
    assert SignIn.objects.get().ended_at is not None


@pytest.mark.statement("P-09")
@pytest.mark.statement("P-29")
@pytest.mark.parametrize(
    ("email", "why"),
    [("qa@cdmo.example", "wrong password"), ("nobody@cdmo.example", "unknown address")],
)
def test_a_failure_is_recorded_and_the_answer_is_the_same_for_everybody(client, cast, email, why):
    answer = sign_in(client, email, "wrong")
    assert "not correct" in answer.content.decode()
    assert "wrong" not in answer.content.decode()
    event = AuditEvent.objects.get(verb="sign_in.failed", record=email)
    assert (event.reason, event.new["address"]) == (why, "127.0.0.1")
    assert FailedEntry.objects.get().email == email


@pytest.mark.statement("P-29")
@pytest.mark.parametrize("email", ["qa@cdmo.example", "nobody@cdmo.example", "QA@cdmo.EXAMPLE"])
def test_the_door_locks_after_so_many_failures_whoever_it_is(cast, settings, email):
    settings.LOCKOUT_AFTER = 3
    for _ in range(3):
        sign_in(Client(), email, "wrong")
    locked = Client()
    answer = sign_in(locked, email)
    assert "locked" in answer.content.decode()
    assert not inside(locked)
    assert FailedEntry.objects.count() == 3
    assert verbs(email.lower()).count("sign_in.locked") == 1
    other = Client()
    sign_in(other, cast.qa2)
    assert inside(other)


@pytest.mark.statement("P-29")
def test_the_lock_opens_by_itself(client, cast, settings):
    settings.LOCKOUT_AFTER = 1
    nine_minutes_ago = timezone.now() - timedelta(minutes=9)
    FailedEntry.objects.create(at=nine_minutes_ago, email=cast.qa.email, why="test")
    for minutes, fine in ((10, False), (8, True)):
        settings.LOCKOUT_MINUTES = minutes
        sign_in(client, cast.qa)
        assert inside(client) is fine


@pytest.mark.statement("P-29")
def test_failing_to_sign_in_does_not_stop_somebody_inside_from_signing(cast, settings):
    """A stranger who knows an address must not be able to stop a release."""
    from cdmo.access.signing import reauthenticate

    settings.LOCKOUT_AFTER = 2
    for _ in range(3):
        sign_in(Client(), cast.qp, "wrong")
    proof = reauthenticate(
        by=cast.qp, password=PASSWORD, record=cast.qp, verb="x", at=timezone.now()
    )
    assert proof.user_id == cast.qp.pk


@pytest.mark.statement("P-29")
def test_administrators_see_the_attempts_on_their_home(client, cast):
    for _ in range(2):
        sign_in(Client(), cast.qp, "wrong")
    client.force_login(cast.admin)
    page = client.get("/").content.decode()
    assert "2 failed attempts to sign in" in page
    assert f"/access/{cast.qp.email}/" in page


@pytest.mark.statement("P-32")
def test_a_service_account_has_no_way_in(client, cast):
    User.objects.filter(pk=cast.qa.pk).update(is_service=True)
    sign_in(client, cast.qa)
    assert not inside(client)
    assert AuditEvent.objects.get(verb="sign_in.failed").reason == "service account"


@pytest.mark.statement("P-23")
def test_a_closed_account_is_outside_at_once(client, cast):
    sign_in(client, cast.qa)
    User.objects.filter(pk=cast.qa.pk).update(is_active=False)
    assert not inside(client)
    sign_in(client, cast.qa)
    assert not inside(client)


@pytest.mark.statement("P-15")
def test_a_role_that_ends_is_gone_at_the_next_request(client, cast):
    sign_in(client, cast.qa)
    assert client.get("/audit/").status_code == 200
    Appointment.objects.filter(user=cast.qa).update(valid_until=timezone.now())
    assert client.get("/audit/").status_code == 404


def age(client, **facts):
    """Set what the client's session carries, as time would have."""
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(
        client.cookies["sessionid"].value
    )
    for name, value in facts.items():
        store[name] = value
    store.save()


@pytest.mark.statement("P-30")
def test_an_idle_session_ends_and_says_so(client, cast, settings):
    settings.SESSION_IDLE_MINUTES = 10
    sign_in(client, cast.qa)
    now = timezone.now().timestamp()
    age(client, seen=now - 10 * 60 + 5)
    assert inside(client)
    age(client, seen=now - 12 * 60)
    assert not inside(client)
    event = AuditEvent.objects.get(verb="sign_out")
    assert (event.by, event.reason) == (cast.qa, "Idle for 10 minutes.")
    assert SignIn.objects.get().why == "Idle for 10 minutes."


@pytest.mark.statement("P-30")
def test_a_session_ends_after_its_time_however_busy(client, cast):
    sign_in(client, cast.qa)
    age(client, until=timezone.now().timestamp() - 1)
    assert not inside(client)


@pytest.mark.statement("P-30")
def test_what_a_page_asks_by_itself_keeps_no_session_alive(client, cast, settings):
    settings.SESSION_IDLE_MINUTES = 10
    sign_in(client, cast.qa)
    then = timezone.now().timestamp() - 9 * 60
    age(client, seen=then)
    client.get("/account/", headers={"X-Unattended": "1"})
    assert client.session["seen"] == then
    client.post("/accounts/alive/")
    assert client.session["seen"] > then + 500


@pytest.mark.statement("P-25")
@pytest.mark.statement("P-30")
def test_after_the_session_has_ended_a_signature_needs_both_again(client, cast):
    """The password alone, in the dialog of a session that is over, signs nothing."""
    sign_in(client, cast.qa)
    age(client, seen=0)
    answer = client.post(
        "/agreements/MSA-1/sign/", {"password": PASSWORD}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 401
    assert not Signature.objects.exists()


@pytest.mark.statement("P-25")
def test_an_ended_session_is_refused_over_rest_too(client, cast):
    sign_in(client, cast.qa)
    assert client.get("/api/v1/products/").status_code == 200
    age(client, seen=0)
    assert client.get("/api/v1/products/").status_code == 401


def test_a_session_of_nowhere_is_not_taken(client, cast):
    sign_in(client, cast.qa)
    age(client, sign_in=None)
    assert not inside(client)


@pytest.mark.statement("P-28")
def test_one_ends_ones_own_sessions_and_nobody_elses(cast):
    here, there, other = Client(), Client(), Client()
    for client, person in ((here, cast.qa), (there, cast.qa), (other, cast.qp)):
        sign_in(client, person)
    _, elsewhere, foreign = SignIn.objects.order_by("pk")
    page = here.get("/accounts/mine/").content.decode()
    assert page.count("Firefox on Windows") == 2

    assert here.post(f"/accounts/sessions/{foreign.pk}/end/").status_code == 404
    here.post(f"/accounts/sessions/{elsewhere.pk}/end/")
    assert (inside(here), inside(there), inside(other)) == (True, False, True)

    sign_in(there, cast.qa)
    here.post("/accounts/sessions/end/")
    assert (inside(here), inside(there), inside(other)) == (True, False, True)


def test_an_administrator_ends_a_persons_sessions_and_others_may_not(client, cast):
    sign_in(client, cast.qp)
    pressing = Client()
    pressing.force_login(cast.qa)
    address = f"/access/{cast.qp.email}/end-sessions/"
    pressing.post(address, {"reason": "Lost laptop."})
    assert inside(client)
    pressing.force_login(cast.admin)
    pressing.post(address, {"reason": "Lost laptop."})
    assert not inside(client)
    event = AuditEvent.objects.get(verb="session.end", record=cast.qp.email)
    assert (event.by, event.reason) == (cast.admin, "Lost laptop.")


@pytest.mark.statement("P-26")
def test_a_password_set_by_somebody_else_opens_nothing_but_the_page_to_change_it(client, cast):
    newcomer = _make_person("newcomer", cast.cdmo, "qa")
    sign_in(client, newcomer)
    assert client.get("/audit/")["Location"] == "/accounts/password/change/"
    assert client.get("/audit/", headers={"HX-Request": "true"})["HX-Redirect"]
    assert client.get("/api/v1/products/").status_code == 403
    new = "a word of my own 7"
    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert inside(client)
    assert verbs(newcomer.email) == ["sign_in", "password.change"]
    assert SignIn.objects.get().session_key == client.session.session_key
    client.post("/accounts/logout/")
    sign_in(client, newcomer, new)
    assert inside(client)


def change(client, new, old=PASSWORD):
    return client.post(
        "/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new}
    )


@pytest.mark.statement("P-28")
@pytest.mark.parametrize(
    "new", ["short7", "qwertyuiop12", "123456789012345", "qa@cdmo.example", "Qa Person", PASSWORD]
)
def test_a_weak_or_used_password_is_not_taken(client, cast, new):
    client.force_login(cast.qa)
    answer = change(client, new)
    assert answer.status_code == 200
    assert User.objects.get(pk=cast.qa.pk).check_password(PASSWORD)
    assert "password.change" not in verbs()


@pytest.mark.statement("P-28")
def test_none_of_the_last_passwords_is_taken_again(client, cast, settings):
    settings.PASSWORD_HISTORY = 2
    words = [f"quite another word {n}" for n in range(4)]
    client.force_login(cast.qa)
    for old, new in zip([PASSWORD, *words], words, strict=False):
        assert change(client, new, old).status_code == 302
    assert change(client, words[2], words[3]).status_code == 200
    assert change(client, words[1], words[3]).status_code == 200
    assert change(client, words[0], words[3]).status_code == 302  # long enough ago


@pytest.mark.statement("P-29")
def test_guessing_the_password_of_today_locks_too(client, cast, settings):
    settings.LOCKOUT_AFTER = 2
    client.force_login(cast.qa)
    for _ in range(2):
        change(client, "a word of my own 7", "wrong")
    assert "locked" in change(client, "a word of my own 7").content.decode()


def with_app(person, secret=SECRET):
    return Authenticator.objects.create(
        user=person, type="totp", data={"secret": Factors().encrypt(secret)}
    )


@pytest.mark.statement("P-31")
def test_whoever_has_a_second_factor_is_outside_until_it_is_given(client, cast):
    with_app(cast.qa)
    assert sign_in(client, cast.qa)["Location"] == "/accounts/2fa/authenticate/"
    assert not inside(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert not inside(client)
    assert AuditEvent.objects.get(verb="sign_in.failed").reason == "wrong code"
    client.post("/accounts/2fa/authenticate/", {"code": code_for(SECRET, timezone.now())})
    assert inside(client)
    assert AuditEvent.objects.get(verb="sign_in").new["method"] == "password+totp"


@pytest.mark.statement("P-28")
def test_a_code_opens_the_door_once(cast):
    with_app(cast.qa)
    code, clients = code_for(SECRET, timezone.now()), (Client(), Client())
    for client in clients:
        sign_in(client, cast.qa)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert [inside(client) for client in clients] == [True, False]


@pytest.mark.statement("P-29")
def test_guessing_codes_locks_the_door(client, cast, settings):
    settings.LOCKOUT_AFTER = 2
    with_app(cast.qa)
    sign_in(client, cast.qa)
    for _ in range(2):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_for(SECRET, timezone.now())})
    assert "locked" in answer.content.decode()
    assert not inside(client)


@pytest.mark.statement("P-31")
def test_a_role_that_asks_for_a_second_factor_is_sent_to_set_one_up(client, cast, settings):
    settings.MFA_REQUIRED_ROLES = ["qa"]
    sign_in(client, cast.qa)
    assert client.get("/")["Location"] == "/accounts/2fa/"
    assert client.get("/api/v1/products/").status_code == 403
    other = Client()
    sign_in(other, cast.operator)
    assert inside(other)
    with_app(cast.qa)
    assert inside(client)


@pytest.mark.statement("P-31")
def test_setting_up_an_app_is_recorded_and_leaks_nothing(
    client, cast, django_capture_on_commit_callbacks
):
    sign_in(client, cast.qa)
    page = "/accounts/2fa/totp/activate/"
    assert client.get(page)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": page})
    secret = client.get(page).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(page, {"code": code_for(secret, timezone.now())})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    codes = client.get(answer["Location"]).context["unused_codes"]
    assert len(codes) == 10
    again = client.get(answer["Location"]).content.decode()
    assert not any(code in again for code in codes)

    assert verbs(cast.qa.email)[-2:] == ["mfa.add", "mfa.add"]
    trail = str(list(AuditEvent.objects.values("old", "new", "reason")))
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    for hidden in (secret, *codes):
        assert hidden not in trail
        assert hidden not in stored

    client.post("/accounts/2fa/totp/deactivate/")
    assert verbs(cast.qa.email)[-2:] == ["mfa.remove", "mfa.remove"]


@pytest.mark.statement("P-28")
def test_a_recovery_code_opens_once_and_signs_nothing(client, cast):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    with_app(cast.qa)
    code = RecoveryCodes.activate(cast.qa).get_unused_codes()[0]
    for fine in (True, False):
        sign_in(client, cast.qa)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert inside(client) is fine
        client.post("/accounts/logout/")


@pytest.mark.statement("P-28")
def test_a_lost_device_is_taken_away_by_an_administrator_and_recorded(client, cast):
    with_app(cast.qp)
    here = Client()
    here.force_login(cast.qp)
    client.force_login(cast.admin)
    answer = client.post(f"/access/{cast.qp.email}/reset-factors/", {"reason": "Lost."})
    assert answer.status_code == 302
    assert not Authenticator.objects.exists()
    assert not inside(here)
    event = AuditEvent.objects.get(verb="mfa.reset")
    assert (event.by, event.reason, event.old) == (cast.admin, "Lost.", {"factors": ["totp"]})


@pytest.mark.statement("P-26")
@pytest.mark.statement("P-28")
def test_a_reset_password_works_no_more_and_the_link_works_once(client, cast):
    _, token = issue_token(user=cast.qp, by=cast.qp, at=timezone.now())
    here = Client()
    here.force_login(cast.qp)
    client.force_login(cast.admin)
    answer = client.post(
        f"/access/{cast.qp.email}/reset-password/", {"reason": "Seen.", "compromised": "on"}
    )
    link = answer.context_data["link"]
    assert answer["Cache-Control"] == "no-store"
    assert link.rpartition("/set-up/")[2] not in str(list(AuditEvent.objects.values()))

    assert not inside(here)
    token.refresh_from_db()
    assert token.revoked_at is not None
    sign_in(here, cast.qp)
    assert not inside(here)

    path = link.partition("testserver")[2]
    new = "a word of my own 7"
    assert here.get(path)["Referrer-Policy"] == "no-referrer"
    assert here.post(path, {"password1": "short", "password2": "short"}).status_code == 200
    assert here.post(path, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 200
    assert here.post(path, {"password1": new, "password2": new}).status_code == 302
    assert here.get(path).status_code == 404
    sign_in(here, cast.qp, new)
    assert inside(here)
    assert verbs(cast.qp.email)[:3] == ["password.reset", "password.link", "sign_in.failed"]


@pytest.mark.statement("P-26")
def test_whoever_has_the_machine_prints_a_link_and_it_is_on_record(client, cast):
    out = StringIO()
    call_command("setup_link", cast.admin.email, "--site", "https://plant.example/", stdout=out)
    link = out.getvalue().strip()
    assert link.startswith("https://plant.example/accounts/set-up/")
    assert client.get(link.removeprefix("https://plant.example")).status_code == 200
    event = AuditEvent.objects.get(verb="password.link")
    assert (event.by_name, event.record) == ("system", cast.admin.email)
    with pytest.raises(CommandError, match="no account"):
        call_command("setup_link", "nobody@cdmo.example")


@pytest.mark.statement("P-26")
def test_a_link_ends_with_its_time(client, cast, settings):
    settings.SETUP_LINK_HOURS = 1
    token = services.issue_link(
        person=cast.qp, by=cast.admin, at=timezone.now() - timedelta(hours=2)
    )
    assert client.get(f"/accounts/set-up/{token}/").status_code == 404
    assert client.get(f"/accounts/set-up/{'x' * 43}/").status_code == 404


@pytest.mark.statement("P-26")
@pytest.mark.parametrize("page", ["reset-password", "reset-factors", "issue-link", "end-sessions"])
def test_only_administrators_hand_out_ways_in_and_not_to_themselves(client, cast, page):
    before = User.objects.get(pk=cast.qp.pk).password
    for person, of, code in ((cast.qa, cast.qp, 409), (cast.operator, cast.qp, 404)):
        client.force_login(person)
        answer = client.post(f"/access/{of.email}/{page}/", {"reason": "Because."})
        assert answer.status_code == code
    if page != "end-sessions":
        client.force_login(cast.admin)
        answer = client.post(f"/access/{cast.admin.email}/{page}/", {"reason": "Because."})
        assert answer.status_code == 409
    assert User.objects.get(pk=cast.qp.pk).password == before


def test_a_password_hashed_anew_stays_its_owners(client, cast, settings):
    """Django does so by itself when the hasher's cost is raised; the person notices nothing."""
    from django.contrib.auth.hashers import make_password

    from cdmo.access.models import Credential
    from cdmo.access.standing import fingerprint

    weak = make_password(PASSWORD, hasher="pbkdf2_sha256")
    User.objects.filter(pk=cast.qa.pk).update(password=weak)
    Credential.objects.filter(user=cast.qa).update(chosen_sha256=fingerprint(weak))
    sign_in(client, cast.qa)
    assert User.objects.get(pk=cast.qa.pk).password != weak
    assert inside(client)


def test_sponsors_people_acknowledge_the_policy_too(client, cast):
    from cdmo.access.models import PolicyAcknowledgement

    lead = _make_person("second", cast.kadimastem, "sponsor_lead")
    services.choose_password(by=lead, at=timezone.now(), password="a word of my own 7")
    sign_in(client, lead, "a word of my own 7")
    assert client.get("/accounts/signing-policy/").status_code == 200
    assert client.post("/accounts/signing-policy/", {"version": "1"}).status_code == 200
    assert not PolicyAcknowledgement.objects.filter(user=lead).exists()
    client.post("/accounts/signing-policy/", {"version": "1", "agree": "on"})
    assert PolicyAcknowledgement.objects.filter(user=lead).exists()
    assert client.get("/accounts/mine/").status_code == 200


def test_the_history_of_credentials_keeps_no_secret(cast):
    services.choose_password(by=cast.qa, at=timezone.now(), password="a word of my own 7")
    rows = AuditEvent.objects.filter(record_type="credential", kind="change")
    assert rows.exists()
    for row in rows:
        for part in (row.old or {}, row.new or {}):
            assert not {"chosen_sha256", "past", "link_sha256"} & set(part)
    assert Session.objects.count() == 0


def test_the_signing_policy_in_docs_is_the_one_that_is_signed():
    from pathlib import Path

    from cdmo.access import policy

    text = Path(django_settings.BASE_DIR, "docs/signing-policy.md").read_text(encoding="utf-8")
    assert f"Version {policy.VERSION}." in text
    assert all(paragraph in text for paragraph in policy.PARAGRAPHS)
