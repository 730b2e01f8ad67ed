"""Two attempts at once: neither slips through while the other is not yet counted."""

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction

from cdmo.access import lockout
from cdmo.access.factors import Factors, code_for, take_code
from cdmo.access.signing import reauthenticate
from cdmo.accounts.models import User
from cdmo.records.models import SigningAttempt
from cdmo.records.signatures import SignatureRefused
from tests.cast import NOON, PASSWORD, make_cast
from tests.concurrency import one_after_the_other

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.statement("P-29")
def test_a_guess_waits_for_the_count_of_the_guess_before(settings):
    settings.LOCKOUT_AFTER = 1
    people = make_cast()

    def attempt(password):
        try:
            return reauthenticate(
                by=people.qa, password=password, record=people.qa, verb="x", at=NOON
            )
        except SignatureRefused as refused:
            return refused.message

    said = one_after_the_other(lambda: attempt("wrong"), lambda: attempt(PASSWORD))
    assert "locked after 1" in said
    assert SigningAttempt.objects.count() == 1


@pytest.mark.statement("P-28")
def test_one_code_given_at_two_doors_is_taken_at_one():
    people = make_cast()
    Authenticator.objects.create(
        user=people.qa, type="totp", data={"secret": Factors().encrypt(SECRET)}
    )
    taken = []

    def take():
        user = User.objects.get(pk=people.qa.pk)
        taken.append(take_code(user=user, code=code_for(SECRET, NOON), at=NOON))

    one_after_the_other(take, take)
    assert taken == [True, False]


def test_the_hold_ends_with_its_transaction():
    with transaction.atomic():
        lockout.one_at_a_time("sign", "1")
    with transaction.atomic():
        lockout.one_at_a_time("sign", "1")
