"""Every route, walked as a stranger, as another sponsor's reader, and as each role of the staff.

On the demonstration's records. Nobody but staff reaches a record of another sponsor; no role, and
no record, makes a door break.
"""

import re
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from cdmo.accounts.models import Organisation, SponsorOwned, User
from cdmo.accounts.tokens import issue_token
from tests.architecture.test_doors import ACCOUNTS, PUBLIC, routes, view_class

pytestmark = pytest.mark.django_db(transaction=True)
PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
OWNER, STRANGER = "KADIMASTEM", "reader@ixaka.example"


def key_of(view):
    """Return the key of a record of the owner for this view; None when it takes none of its."""
    model = getattr(view, "model", None)
    if model is None or not issubclass(model, SponsorOwned):
        return None
    record = model._default_manager.filter(sponsor__code=OWNER).order_by("pk").first()
    return record.key if record is not None and "/" not in record.key else None


def _value(values, found):
    return values[found[1] or found[2]]


def addresses(*, api):
    """Yield (name, address, is one of the owner's records) of every route that can be filled."""
    for address, name, callback in routes():
        if address.startswith(ACCOUNTS) or address.startswith("api/") is not api:
            continue
        view = view_class(callback)
        parts = {a or b for a, b in PART.findall(address)}
        values = {"gate": "G1", "rest": ""}
        if "key" in parts:
            key = key_of(view)
            if key is None:
                continue
            values["key"] = key
        if not parts <= set(values):
            continue
        filled = PART.sub(partial(_value, values), address)
        filled = filled.replace("^", "").replace("$", "").replace("\\Z", "").replace(".*", "")
        yield name, f"/{filled}", "key" in parts


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
