"""The named cast of every test: who works here, who the sponsors are, with what rights."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pytest
from django.contrib.auth.hashers import make_password

from cdmo.access import policy
from cdmo.access.models import Credential, IdentityVerification, PolicyAcknowledgement
from cdmo.access.standing import fingerprint
from cdmo.accounts.models import Appointment, Organisation, Site, User
from cdmo.accounts.roles import Role
from cdmo.records.signatures import Proof

PASSWORD = "demo-cdmo-2026"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

STAFF = {
    "planner": Role.PLANNER,
    "operator": Role.OPERATOR,
    "operator2": Role.OPERATOR,
    "supervisor": Role.SUPERVISOR,
    "analyst": Role.ANALYST,
    "analyst2": Role.ANALYST,
    "reviewer": Role.REVIEWER,
    "qa": Role.QA,
    "qa2": Role.QA,
    "qp": Role.QP,
    "qp2": Role.QP,
    "pm": Role.PROJECT_MANAGER,
    "biosafety": Role.BIOSAFETY,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}


@dataclass
class Cast:
    """People by name (cast.qp), sponsors (cast.kadimastem, cast.ixaka) and the site."""

    people: dict
    cdmo: Organisation
    kadimastem: Organisation
    ixaka: Organisation
    site: Site

    def __getattr__(self, name):
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def appoint(user, role, site=None, since=LONG_AGO):
    return Appointment.objects.create(user=user, role=role, site=site, valid_from=since)


@cache
def hashed_password() -> str:
    """Hash once a session: the production hasher takes its time on purpose."""
    return make_password(PASSWORD)


def let_sign(people):
    """Give people what comes before a first signature, as `manage.py demo` does for its cast."""
    Credential.objects.bulk_create(
        Credential(user=user, chosen_sha256=fingerprint(user.password)) for user in people
    )
    PolicyAcknowledgement.objects.bulk_create(
        PolicyAcknowledgement(
            user=user, version=policy.VERSION, text_sha256=policy.text_sha256(), at=LONG_AGO
        )
        for user in people
    )
    witness = User.objects.order_by("pk").first()
    IdentityVerification.objects.bulk_create(
        IdentityVerification(user=user, at=LONG_AGO, by=witness, how="in_person") for user in people
    )


def make_person(name, organisation, role, site=None):
    user = _make_person(name, organisation, role, site)
    let_sign([user])
    return user


def _make_person(name, organisation, role, site=None):
    domain = "cdmo.example" if organisation.is_cdmo else f"{organisation.code.lower()}.example"
    user = User.objects.create(
        email=f"{name}@{domain}",
        password=hashed_password(),
        full_name=f"{name.title()} Person",
        organisation=organisation,
    )
    appoint(user, role, site)
    return user


def make_cast() -> Cast:
    kinds = Organisation.Kind
    cdmo = Organisation.objects.create(
        code="CDMO", name="The CDMO", roles=[kinds.CDMO, kinds.RECEIVING_UNIT]
    )
    sponsors = {
        code: Organisation.objects.create(
            code=code, name=code.title(), roles=[kinds.SPONSOR, kinds.SENDING_UNIT]
        )
        for code in ("KADIMASTEM", "IXAKA")
    }
    site = Site.objects.create(
        code="HFA", name="Haifa", organisation=cdmo, timezone="Asia/Jerusalem"
    )
    people = {
        name: _make_person(name, cdmo, role, site if role == Role.QP else None)
        for name, role in STAFF.items()
    }
    for code, sponsor in sponsors.items():
        people[f"{code.lower()}_reader"] = _make_person("reader", sponsor, Role.SPONSOR_READER)
        people[f"{code.lower()}_lead"] = _make_person("lead", sponsor, Role.SPONSOR_LEAD)
    let_sign(people.values())
    return Cast(people, cdmo, sponsors["KADIMASTEM"], sponsors["IXAKA"], site)


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture
def noon():
    return NOON


def proof_of(user, at=NOON) -> Proof:
    """What `reauthenticate` returns once the password was right."""
    return Proof(user_id=user.pk, at=at, method="password")
