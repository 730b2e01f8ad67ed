"""`manage.py api_token`: the secret alone on stdout, its hash alone in the database."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from cdmo.accounts.models import ApiToken
from cdmo.accounts.tokens import find_token

pytestmark = pytest.mark.django_db


def printed(*arguments) -> str:
    out = StringIO()
    call_command("api_token", *arguments, stdout=out)
    return out.getvalue()


def test_the_token_stands_alone_on_stdout_and_works(cast):
    text = printed("qp@cdmo.example", "--name", "LIMS", "--days", "30", "--read-only")
    assert text.endswith("\n")
    assert len(text.split()) == 1
    token = find_token(text.strip(), at=timezone.now())
    assert (token.user, token.name, token.read_only) == (cast.qp, "LIMS", True)
    assert (token.expires_at - token.created_at).days == 30


@pytest.mark.statement("P-28")
def test_only_its_hash_is_stored(cast):
    secret = printed("qp@cdmo.example").strip()
    row = ApiToken.objects.values().get()
    assert secret not in str(row)
    assert row["expires_at"] is None


@pytest.mark.parametrize(
    "arguments", [("nobody@cdmo.example",), ("qp@cdmo.example", "--days", "0")]
)
def test_what_cannot_be_is_said_in_a_sentence(cast, arguments):
    with pytest.raises(CommandError):
        printed(*arguments)


def test_a_closed_account_gets_no_token(cast):
    cast.qp.is_active = False
    cast.qp.save()
    with pytest.raises(CommandError):
        printed("qp@cdmo.example")
