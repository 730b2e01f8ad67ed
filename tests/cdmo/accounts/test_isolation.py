"""The sponsors' database role: sees its own rows only, writes nothing, whatever the code forgot."""

import pytest
from django.db import DatabaseError, connection, transaction

from cdmo.accounts.isolation import as_sponsor, policies
from cdmo.portfolio.models import Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def products(cast):
    return [
        Product.objects.create(code=code, name=code, sponsor=sponsor, modality="allogeneic")
        for code, sponsor in (("ASTRORX", cast.kadimastem), ("REX-001", cast.ixaka))
    ]


@pytest.mark.statement("P-06")
def test_a_query_without_any_filter_shows_one_sponsors_rows(cast, products):
    with as_sponsor(cast.kadimastem.pk):
        seen = list(Product.objects.values_list("code", flat=True))

    assert seen == ["ASTRORX"]


def test_a_session_without_a_sponsor_sees_nothing(cast, products):
    with as_sponsor(0):
        assert not Product.objects.exists()


@pytest.mark.statement("P-06")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO portfolio_product (code) VALUES ('X')",
        "UPDATE portfolio_product SET name = 'X'",
        "DELETE FROM portfolio_product",
        "CREATE TABLE mine (id int)",
        "SELECT password FROM accounts_user",
        "SELECT token_sha256 FROM accounts_apitoken",
        "SELECT * FROM django_session",
        "SELECT * FROM qc_instrumentfile",
    ],
)
def test_the_sponsors_role_is_refused_by_postgresql(cast, products, statement):
    with (
        pytest.raises(DatabaseError, match=r"permission denied|read-only transaction"),
        as_sponsor(cast.kadimastem.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.statement("P-06")
def test_the_transaction_is_read_only_by_itself(cast, products):
    """Not only for want of grants: the setting alone refuses a write."""
    with as_sponsor(cast.kadimastem.pk), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only'), current_user")
        assert cursor.fetchone() == ("on", "cdmo_sponsor")
        cursor.execute("RESET ROLE")
        with pytest.raises(DatabaseError, match="read-only transaction"), transaction.atomic():
            cursor.execute("UPDATE portfolio_product SET name = 'X'")


def test_afterwards_the_connection_is_its_old_self(cast, products):
    with as_sponsor(cast.kadimastem.pk):
        pass

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('cdmo.sponsor_id', true)")
        user, sponsor = cursor.fetchone()
    assert user != "cdmo_sponsor"
    assert not sponsor
    Product.objects.filter(code="ASTRORX").update(name="still writable")


@pytest.mark.statement("P-06")
def test_every_readable_table_has_row_level_security(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
            " WHERE c.relkind = 'r' AND has_table_privilege('cdmo_sponsor', c.oid, 'SELECT')"
        )
        readable = dict(cursor.fetchall())

    assert set(readable) == set(policies())
    assert all(readable.values())


@pytest.mark.statement("P-06")
def test_no_table_may_be_written_by_the_sponsors_role(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
            " WHERE c.relkind = 'r' AND (has_table_privilege('cdmo_sponsor', c.oid, 'INSERT')"
            " OR has_table_privilege('cdmo_sponsor', c.oid, 'UPDATE')"
            " OR has_table_privilege('cdmo_sponsor', c.oid, 'DELETE')"
            " OR has_table_privilege('cdmo_sponsor', c.oid, 'TRUNCATE'))"
        )
        assert cursor.fetchall() == []
