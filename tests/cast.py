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
    user = _person(name, organisation)
    user.save()
    appoint(user, role, site)
    return user


def _person(name, organisation) -> User:
    domain = "cdmo.example" if organisation.is_cdmo else f"{organisation.code.lower()}.example"
    return User(
        email=f"{name}@{domain}",
        password=hashed_password(),
        full_name=f"{name.title()} Person",
        organisation=organisation,
    )


def make_cast() -> Cast:
    """Make all of them, a statement a table: nearly every test begins with this."""
    kinds = Organisation.Kind
    cdmo, *sponsors = Organisation.objects.bulk_create(
        [
            Organisation(code="CDMO", name="The CDMO", roles=[kinds.CDMO, kinds.RECEIVING_UNIT]),
            *(
                Organisation(
                    code=code, name=code.title(), roles=[kinds.SPONSOR, kinds.SENDING_UNIT]
                )
                for code in ("KADIMASTEM", "IXAKA")
            ),
        ]
    )
    site = Site.objects.create(
        code="HFA", name="Haifa", organisation=cdmo, timezone="Asia/Jerusalem"
    )
    people, roles = {}, {}
    for name, role in STAFF.items():
        people[name], roles[name] = _person(name, cdmo), role
    for sponsor in sponsors:
        for name, role in (("reader", Role.SPONSOR_READER), ("lead", Role.SPONSOR_LEAD)):
            key = f"{sponsor.code.lower()}_{name}"
            people[key], roles[key] = _person(name, sponsor), role
    User.objects.bulk_create(people.values())
    Appointment.objects.bulk_create(
        Appointment(
            user=people[name],
            role=role,
            site=site if role == Role.QP else None,
            valid_from=LONG_AGO,
        )
        for name, role in roles.items()
    )
    let_sign(people.values())
    return Cast(people, cdmo, *sponsors, site)


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture
def noon():
    return NOON


def proof_of(user, at=NOON) -> Proof:
    """What `reauthenticate` returns once the password was right."""
    return Proof(user_id=user.pk, at=at, method="password")
