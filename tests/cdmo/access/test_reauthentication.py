"""Who may sign: the right password, the right code, once; everything else is on record."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator

from cdmo.access import policy, services
from cdmo.access.factors import Factors, code_for
from cdmo.access.models import IdentityVerification, PolicyAcknowledgement
from cdmo.access.signing import reauthenticate
from cdmo.accounts.models import User
from cdmo.accounts.roles import Role
from cdmo.blockers import Blocked
from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent, Signature, SigningAttempt
from cdmo.records.signatures import SignatureRefused
from tests.cast import NOON, PASSWORD, _make_person, appoint, proof_of

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def product(cast):
    return Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )


@pytest.fixture
def with_app(cast):
    """Quality assurance has an authenticator app."""
    return Authenticator.objects.create(
        user=cast.qa, type="totp", data={"secret": Factors().encrypt(SECRET)}
    )


def give(by, product, password=PASSWORD, at=NOON, **more):
    return reauthenticate(by=by, password=password, record=product, verb="approve", at=at, **more)


def refusals(by):
    return list(
        AuditEvent.objects.filter(verb="signature.refused", by=by).values_list("reason", flat=True)
    )


@pytest.mark.statement("P-25")
def test_the_right_password_is_proof_for_one_person(cast, product):
    assert give(cast.qa, product) == proof_of(cast.qa)


@pytest.mark.statement("P-27")
@pytest.mark.parametrize("password", ["wrong", "", None, 7, PASSWORD + " "])
def test_a_wrong_password_is_refused_and_recorded(cast, product, password):
    with pytest.raises(SignatureRefused):
        give(cast.qa, product, password)

    assert SigningAttempt.objects.filter(by=cast.qa, record="ASTRORX").count() == 1
    assert refusals(cast.qa) == ["approve: wrong password"]
    assert not Signature.objects.exists()


@pytest.mark.statement("P-29")
def test_after_so_many_failures_even_the_right_password_waits(cast, product, settings):
    settings.LOCKOUT_AFTER, settings.LOCKOUT_MINUTES = 3, 20
    for _ in range(3):
        with pytest.raises(SignatureRefused):
            give(cast.qa, product, "wrong")

    with pytest.raises(SignatureRefused, match=r"3 failed attempts.*20 minutes"):
        give(cast.qa, product)
    assert AuditEvent.objects.filter(verb="signature.locked", by=cast.qa).count() == 1
    assert SigningAttempt.objects.count() == 3  # waiting does not make the wait longer
    assert give(cast.qa2, product)  # nobody else waits
    assert give(cast.qa, product, at=NOON + timedelta(minutes=21))


@pytest.mark.statement("P-32")
def test_a_service_account_cannot_sign(cast, product):
    cast.qa.is_service = True
    with pytest.raises(SignatureRefused, match="service account"):
        give(cast.qa, product)
    assert refusals(cast.qa) == ["approve: service account"]


@pytest.mark.statement("P-23")
def test_a_closed_account_cannot_sign(cast, product):
    cast.qa.is_active = False
    with pytest.raises(SignatureRefused, match="closed account"):
        give(cast.qa, product)


@pytest.mark.statement("P-31")
def test_whoever_has_an_app_signs_with_its_code_too(cast, product, with_app):
    proof = give(cast.qa, product, otp=code_for(SECRET, NOON))
    assert proof.method == "password+totp"


@pytest.mark.statement("P-27")
@pytest.mark.parametrize(
    ("otp", "why"),
    [
        (None, "no one-time code"),
        ("", "no one-time code"),
        ("000000", "wrong one-time code"),
        ("é²", "wrong one-time code"),
    ],
)
def test_the_password_alone_is_refused_and_recorded_where_there_is_an_app(
    cast, product, with_app, otp, why
):
    with pytest.raises(SignatureRefused) as refused:
        give(cast.qa, product, otp=otp)
    assert refused.value.field == "otp"
    assert refusals(cast.qa) == [f"approve: {why}"]
    assert SigningAttempt.objects.filter(by=cast.qa).count() == 1


@pytest.mark.statement("P-28")
def test_a_code_is_taken_once(cast, product, with_app):
    code = code_for(SECRET, NOON)
    give(cast.qa, product, otp=code)
    with pytest.raises(SignatureRefused, match="used already"):
        give(cast.qa, product, otp=code, at=NOON + timedelta(seconds=5))
    later = NOON + timedelta(seconds=30)
    assert give(cast.qa, product, otp=code_for(SECRET, later), at=later)
    with pytest.raises(SignatureRefused):  # an earlier one is not taken after a later one
        give(cast.qa, product, otp=code, at=later)


@pytest.mark.statement("P-28")
def test_a_code_of_long_ago_is_not_taken(cast, product, with_app):
    with pytest.raises(SignatureRefused):
        give(cast.qa, product, otp=code_for(SECRET, NOON), at=NOON + timedelta(minutes=5))


def test_a_code_without_the_password_takes_nothing(cast, product, with_app):
    code = code_for(SECRET, NOON)
    with pytest.raises(SignatureRefused):
        give(cast.qa, product, "wrong", otp=code)
    assert give(cast.qa, product, otp=code)


def stranger(cast):
    """Somebody with a role and a password that the house gave them."""
    return _make_person("newcomer", cast.cdmo, "qa")


@pytest.mark.statement("P-18")
@pytest.mark.statement("P-24")
def test_before_a_first_signature_everything_missing_is_listed_and_nothing_counted(cast, product):
    newcomer = stranger(cast)
    with pytest.raises(Blocked) as blocked:
        give(newcomer, product)
    assert blocked.value.codes == [
        "password_not_own",
        "policy_unacknowledged",
        "identity_unverified",
    ]
    assert not SigningAttempt.objects.exists()


@pytest.mark.statement("P-18")
def test_once_all_three_are_there_the_newcomer_signs(cast, product):
    newcomer = stranger(cast)
    services.choose_password(by=newcomer, at=NOON, password="a word of my own 7")
    services.acknowledge_policy(by=newcomer, at=NOON, version=policy.VERSION)
    services.verify_identity(person=newcomer, by=cast.admin, at=NOON, how="in_person")
    assert give(newcomer, product, "a word of my own 7")


@pytest.mark.statement("P-18")
def test_a_new_version_of_the_policy_asks_everybody_again(cast, product, monkeypatch):
    monkeypatch.setattr("cdmo.access.standing.VERSION", "2")
    with pytest.raises(Blocked) as blocked:
        give(cast.qa, product)
    assert blocked.value.codes == ["policy_unacknowledged"]


@pytest.mark.statement("P-18")
def test_an_old_version_cannot_be_acknowledged_nor_the_new_one_twice(cast):
    for version, code in (("0", "old_policy"), (policy.VERSION, "acknowledged")):
        with pytest.raises(Blocked) as blocked:
            services.acknowledge_policy(by=cast.qa, at=NOON, version=version)
        assert blocked.value.codes == [code]
    assert PolicyAcknowledgement.objects.filter(user=cast.qa).count() == 1


@pytest.mark.statement("P-31")
def test_a_role_that_asks_for_codes_signs_with_nothing_less(cast, product, settings):
    settings.MFA_REQUIRED_ROLES = ["qp"]
    assert give(cast.qa, product)
    Authenticator.objects.create(user=cast.qp, type="webauthn", data={})
    with pytest.raises(Blocked) as blocked:
        give(cast.qp, product)
    assert blocked.value.codes == ["code_missing"]


@pytest.mark.statement("P-28")
def test_a_password_too_old_signs_nothing_where_passwords_age(cast, product, settings):
    settings.PASSWORD_MAX_DAYS = 90
    for days, fine in ((90, True), (91, False)):
        cast.qa.credential.password_changed_at = NOON - timedelta(days=days)
        cast.qa.credential.save()
        if fine:
            assert give(cast.qa, product)
        else:
            with pytest.raises(Blocked):
                give(cast.qa, product)


@pytest.mark.statement("P-26")
def test_a_password_that_somebody_else_put_there_signs_nothing(cast, product):
    """Whatever the way: a shell, a service, a statement of SQL."""
    qa = User.objects.get(pk=cast.qa.pk)
    qa.set_password("set by the house 9")
    qa.save()
    with pytest.raises(Blocked) as blocked:
        give(qa, product, "set by the house 9")
    assert blocked.value.codes == ["password_not_own"]


@pytest.mark.statement("P-26")
def test_after_a_reset_somebody_else_than_the_resetter_confirms_who_it_is(cast, product):
    at = NOON
    token = services.reset_password(person=cast.qp, by=cast.admin, at=at, reason="Forgotten.")
    services.take_link(by=cast.qp, at=at, token=token, password="a word of my own 7")
    qp = User.objects.get(pk=cast.qp.pk)

    with pytest.raises(Blocked) as blocked:
        give(qp, product, "a word of my own 7")
    assert blocked.value.codes == ["identity_unverified"]
    with pytest.raises(Blocked) as blocked:
        services.verify_identity(person=qp, by=cast.admin, at=at, how="in_person")
    assert blocked.value.codes == ["gave_the_way_in"]
    services.verify_identity(person=qp, by=cast.qa, at=at, how="in_person")
    assert give(qp, product, "a word of my own 7")


@pytest.mark.statement("P-26")
def test_a_second_account_of_the_resetter_confirms_nobody(cast):
    """Two accounts are not two people: whose way in came from somebody is confirmed first."""
    services.issue_link(person=cast.qa, by=cast.admin, at=NOON)
    services.issue_link(person=cast.qp, by=cast.admin, at=NOON)
    with pytest.raises(Blocked) as blocked:
        services.verify_identity(person=cast.qp, by=cast.qa, at=NOON, how="in_person")
    assert blocked.value.codes == ["helper_unconfirmed"]
    services.verify_identity(person=cast.qa, by=cast.qa2, at=NOON, how="in_person")
    services.verify_identity(person=cast.qp, by=cast.qa, at=NOON, how="in_person")


@pytest.mark.statement("P-26")
@pytest.mark.parametrize("what", ["link", "password", "factors"])
def test_a_second_account_of_an_administrator_opens_no_way_in(cast, what):
    second = User.objects.get(pk=cast.qa2.pk)
    appoint(second, Role.ADMIN)
    services.issue_link(person=second, by=cast.admin, at=NOON)
    asked = {"person": cast.qp, "by": second, "at": NOON, "reason": "Forgotten."}
    give_in = {
        "link": services.issue_link,
        "password": services.reset_password,
        "factors": services.reset_factors,
    }
    with pytest.raises(Blocked) as blocked:
        give_in[what](**asked)
    assert "helper_unconfirmed" in blocked.value.codes


@pytest.mark.statement("P-26")
def test_even_a_row_of_the_resetter_confirms_nothing(cast, product):
    """The rule stands in the question, not only at the door."""
    services.issue_link(person=cast.qp, by=cast.admin, at=NOON - timedelta(hours=1))
    IdentityVerification.objects.create(user=cast.qp, at=NOON, by=cast.admin, how="video")
    with pytest.raises(Blocked):
        give(cast.qp, product)


@pytest.mark.statement("P-24")
@pytest.mark.parametrize(
    ("who", "by", "code"),
    [
        ("newcomer", "operator", "no_right"),
        ("qa", "admin", "already_verified"),
        ("admin", "admin", "own_identity"),
    ],
)
def test_not_everybody_confirms_who_somebody_is(cast, who, by, code):
    person = stranger(cast) if who == "newcomer" else getattr(cast, who)
    with pytest.raises(Blocked) as blocked:
        services.verify_identity(person=person, by=getattr(cast, by), at=NOON, how="in_person")
    assert code in blocked.value.codes
