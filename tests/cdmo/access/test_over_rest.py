"""Signing over REST: what is missing comes as 409 with what to do, a wrong code as 403."""

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from cdmo.access.factors import Factors, code_for
from cdmo.access.models import PolicyAcknowledgement
from cdmo.incidents.models import Incident
from cdmo.portfolio import services
from cdmo.records.models import Signature
from tests.cast import NOON, PASSWORD, _make_person
from tests.rest import Caller, codes

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def agreement(cast):
    return services.write_agreement(
        sponsor=cast.kadimastem,
        kind="cda",
        valid_from=NOON.date(),
        by=cast.pm,
        at=NOON,
    )


def sign(client, person, agreement, **given):
    body = {"signature": {"password": PASSWORD, **given}}
    return Caller(client, person).post(f"agreements/{agreement.number}/sign/", body)


@pytest.mark.statement("P-18")
@pytest.mark.statement("P-24")
def test_what_is_missing_before_a_first_signature_is_409_with_what_to_do(client, cast, agreement):
    newcomer = _make_person("newcomer", cast.cdmo, "pm")
    answer = sign(client, newcomer, agreement)
    assert codes(answer) == ["password_not_own", "policy_unacknowledged", "identity_unverified"]
    assert "/accounts/signing-policy/" in answer.json()["detail"]
    assert not Signature.objects.exists()


@pytest.mark.statement("P-18")
def test_the_contracts_password_alone_signs_for_the_cast(client, cast, agreement):
    assert PolicyAcknowledgement.objects.filter(user=cast.pm).exists()
    assert sign(client, cast.pm, agreement).status_code == 200
    assert Signature.objects.get().method == "password"


@pytest.mark.statement("P-31")
def test_with_an_app_the_code_is_demanded_and_the_signature_says_so(client, cast, agreement):
    Authenticator.objects.create(
        user=cast.pm, type="totp", data={"secret": Factors().encrypt(SECRET)}
    )
    for given in ({}, {"otp": "000000"}):
        answer = sign(client, cast.pm, agreement, **given)
        assert answer.status_code == 403
        assert "one-time code" in answer.json()["detail"]
    assert not Signature.objects.exists()
    code = code_for(SECRET, timezone.now())
    assert sign(client, cast.pm, agreement, otp=code).status_code == 200
    assert Signature.objects.get().method == "password+totp"


@pytest.mark.statement("P-06")
def test_a_token_opens_no_page(client, cast):
    """A page does not ask whether a token may only read."""
    caller = Caller(client, cast.operator, read_only=True)
    told = {"title": "Slow", "classification": "minor", "description": "Since noon."}
    for answer in (
        client.get("/incidents/", headers=caller.headers),
        client.post("/incidents/+new/", told, headers=caller.headers),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    assert not Incident.objects.exists()
