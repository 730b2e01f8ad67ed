"""Every route, walked as a stranger, as another sponsor's reader, and as each role of the staff.

On the demonstration's records. Nobody but staff reaches a record of another sponsor; no role, and
no record, makes a door break.
"""

import re
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from batches.manufacture.models import Batch
from cdmo.accounts.models import Organisation, User
from cdmo.accounts.tokens import issue_token
from cdmo.records.models import AuditEvent
from tests.architecture.test_doors import ACCOUNTS, PUBLIC, routes, view_class

pytestmark = pytest.mark.django_db(transaction=True)
PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
OWNER, STRANGER = "KADIMASTEM", "reader@ixaka.example"


def key_of(view):
    """Return the key of a record of the owner for this view; None when it takes none of its."""
    model = getattr(view, "model", None)
    if model is None or not any(field.name == "sponsor" for field in model._meta.fields):
        return None
    record = model._default_manager.filter(sponsor__code=OWNER).order_by("pk").first()
    return record.key if record is not None and "/" not in record.key else None


def _value(values, found):
    return values[found[1] or found[2]]


def addresses(*, api):
    """Yield (name, address, is one of the owner's records) of every route that can be filled."""
    for name, address, _, key in filled(api=api):
        yield name, address, key is not None


def filled(*, api):
    """Yield (name, address, its view, the owner's key in it) of every route that can be filled."""
    for address, name, callback in routes():
        if address.startswith(ACCOUNTS) or address.startswith("api/") is not api:
            continue
        view = view_class(callback)
        parts = {a or b for a, b in PART.findall(address)}
        values, key = {"gate": "G1", "rest": ""}, None
        if "key" in parts:
            key = key_of(view)
            if key is None:
                continue
            values["key"] = key
        if not parts <= set(values):
            continue
        made = PART.sub(partial(_value, values), address)
        made = made.replace("^", "").replace("$", "").replace("\\Z", "").replace(".*", "")
        yield name, f"/{made}", view, key


@pytest.fixture
def owners(demonstration):
    assert Organisation.objects.filter(code=OWNER).exists()


def browser(email):
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(email=email))
    return client


def integrator(email):
    user = User.objects.get(email=email)
    secret, _ = issue_token(user=user, by=user, at=timezone.now())
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.statement("P-06")
def test_a_stranger_gets_nothing(owners):
    nobody = Client(raise_request_exception=False)
    visited = 0
    for name, address, _ in addresses(api=False):
        if name in PUBLIC:
            continue
        answer = nobody.get(address)
        assert answer.status_code in {302, 404}, (name, address, answer.status_code)
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login/"), (name, address)
        visited += 1
    for name, address, _ in addresses(api=True):
        assert nobody.get(address).status_code == 401, (name, address)
        visited += 1
    assert visited > 150


@pytest.mark.statement("P-06")
def test_another_sponsor_finds_no_record_of_the_owner(owners):
    reader, script = browser(STRANGER), integrator(STRANGER)
    visited = 0
    for api, client in ((False, reader), (True, script)):
        for name, address, of_the_owner in addresses(api=api):
            if name in PUBLIC:
                continue
            answer = client.get(address)
            assert answer.status_code < 500, (name, address)
            if of_the_owner:
                # A verb's address refuses GET to everybody before it looks for the record.
                assert answer.status_code in {404, 405}, (name, address, answer.status_code)
                assert client.post(address).status_code in {403, 404, 405}, (name, address)
                visited += 1
            elif answer.status_code == 200:
                shown = answer.content.decode(errors="replace")
                assert OWNER not in shown, (name, address)
                assert "ASTRORX" not in shown, (name, address)
    assert visited > 80


PASSING = re.compile(r"[0-9a-f]{32}|name=.csrfmiddlewaretoken. value=.\w+.")
NEVER = "NO-SUCH-1"


def told(answer, key) -> tuple:
    """Return what an answer gives away, less what differs each time and the key that was asked."""
    text = answer.content.decode(errors="replace")
    text = text if key.isdigit() else text.replace(key, "KEY")  # a lone digit stands anywhere
    names = set(answer.headers) - {"X-Request-ID", "Content-Length"}
    return answer.status_code, PASSING.sub("", text), names


def test_a_record_of_another_sponsor_answers_as_one_that_never_was(owners):
    """No difference in body, headers, ETag or condition: nobody learns even that it is there."""
    reader, script = browser(STRANGER), integrator(STRANGER)
    asked = ({}, {"If-None-Match": "*", "If-Match": '"x"', "Range": "bytes=0-9"})
    visited = 0
    for api, client in ((False, reader), (True, script)):
        for name, address, _, key in filled(api=api):
            if key is None:
                continue
            other = "1000000000" if key.isdigit() else NEVER
            never = address.replace(f"/{key}/", f"/{other}/")
            assert never != address, name
            for headers in asked:
                there = told(client.get(address, headers=headers), key)
                nowhere = told(client.get(never, headers=headers), other)
                assert "ETag" not in there[2], (name, address)
                assert there[0] == nowhere[0], (name, address)
                assert there[2] == nowhere[2], (name, address)
                if there[0] == 404:
                    assert there[1] == nowhere[1], (name, address)
            visited += 1
    assert visited > 100


def test_no_question_draws_an_answer_about_another_sponsor(owners):
    """Search, filters, tabs, counts, orders and exports: what a list tells is one's own."""
    reader, script = browser(STRANGER), integrator(STRANGER)
    number = Batch.objects.filter(sponsor__code=OWNER).order_by("pk").first().number
    words = (OWNER, "ASTRORX", number)
    # Each door is asked in its own words.
    of_pages = [*(f"?q={word}" for word in words), "?tab=all", "?export=xlsx&tab=all"]
    of_pages += [f"?export=csv&q={number}", f"?batch={number}", "?sort=sponsor", "?page=2"]
    of_rest = [*(f"?search={word}" for word in words), f"?sponsor={OWNER}", "?product=ASTRORX"]
    of_rest += [f"?batch={number}", f"?record={number}", "?ordering=sponsor", "?limit=500"]
    asked = 0
    for api, client in ((False, reader), (True, script)):
        lists = [(n, a) for n, a, own in addresses(api=api) if not own and n not in PUBLIC]
        for name, address in lists:
            if client.get(address).status_code != 200:
                continue
            for question in of_rest if api else of_pages:
                answer = client.get(address + question)
                shown = answer.content.decode(errors="replace")
                # What was asked stands in the filter row and in the links of the same page again.
                for word in words if question.endswith(words) else ():
                    echoed = "json" not in answer["Content-Type"] or answer.status_code == 400
                    shown = shown.replace(word, "") if echoed and word in question else shown
                assert answer.status_code < 500, (name, question)
                assert OWNER not in shown, (name, question)
                assert "ASTRORX" not in shown, (name, question)
                asked += 1
    assert asked > 250


def test_a_sponsors_reader_sends_nothing_in_by_any_door(owners):
    reader, script = browser(STRANGER), integrator(STRANGER)
    before = AuditEvent.objects.filter(kind="change").exclude(record_type="api_token").count()
    sent = 0
    for api, client in ((False, reader), (True, script)):
        for name, address, _ in addresses(api=api):
            if name in PUBLIC:
                continue
            bodies = (
                {"data": "{}", "content_type": "application/json"},
                {"data": {"file": SimpleUploadedFile("run.csv", b"a,b"), "instrument": "BLU-01"}},
            )
            for body in bodies:
                for method in (client.post, client.put, client.patch, client.delete):
                    if method is not client.post and "content_type" not in body:
                        continue
                    answer = method(address, headers={"Idempotency-Key": "mine"}, **body)
                    assert answer.status_code in {403, 404, 405, 415}, (name, answer.status_code)
                    sent += 1
    after = AuditEvent.objects.filter(kind="change").exclude(record_type="api_token").count()
    assert after == before
    assert sent > 500


def test_an_answer_that_was_kept_is_given_to_nobody_else(owners):
    """An Idempotency-Key is one person's: a sponsor who knows it gets no copy of the answer."""
    staff, stranger = integrator("qa@cdmo.example"), integrator(STRANGER)
    lot = {"data": "{}", "content_type": "application/json", "headers": {"Idempotency-Key": "k-1"}}
    number = Batch.objects.filter(sponsor__code=OWNER).order_by("pk").first().number
    address = f"/api/v1/batches/{number}/review/"
    first, again = staff.post(address, **lot), staff.post(address, **lot)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content

    other = stranger.post(address, **lot)

    assert other.status_code == 403
    assert "Idempotent-Replayed" not in other.headers
    assert OWNER not in other.content.decode()


STAFF = (
    *("planner", "operator", "supervisor", "analyst", "reviewer", "qa", "qp", "pm"),
    *("biosafety", "auditor", "admin", "custodian"),
)


@pytest.mark.statement("P-15")
@pytest.mark.parametrize("name", STAFF)
def test_no_door_breaks_for_any_role(owners, name):
    for api, client in (
        (False, browser(f"{name}@cdmo.example")),
        (True, integrator(f"{name}@cdmo.example")),
    ):
        for route, address, _ in addresses(api=api):
            answer = client.get(address)
            assert answer.status_code < 500 or route in PUBLIC, (route, address)
