"""The test session's own foundations."""

import pytest
import redis
from django.db import connection

from cdmo.accounts.models import Organisation
from tests.session import NUMBER


def count() -> int:
    return Organisation.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_writes_the_next_one_does_not_see(turn):
    assert count() == 0
    Organisation.objects.create(code="A", name="A")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_the_next_one_does_not_see(turn):
    assert count() == 0
    Organisation.objects.create(code="A", name="A")


@pytest.mark.django_db
def test_the_role_of_the_application_is_no_superuser():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        assert cursor.fetchone() == ("off",)


def test_every_worker_has_a_redis_database_of_its_own(settings):
    client = redis.Redis.from_url(settings.REDIS_URL)
    assert client.ping()
    assert client.get_connection_kwargs()["db"] == NUMBER
    client.close()
