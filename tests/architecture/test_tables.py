"""Isolation, table by table: what PostgreSQL itself shows a sponsor, and what it refuses.

No query of the application takes part: the statements here have no filter at all. Every table
that the sponsors' role may read holds rows of two sponsors; one that does not is a failure.
"""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from batches.deviations.models import Deviation
from batches.identity.models import IdentityChain, IdentityScan
from batches.manufacture.models import Batch
from cdmo.accounts.isolation import ROLE, as_sponsor, policies
from cdmo.accounts.models import Organisation, Site, User
from cdmo.archive.models import Dossier
from cdmo.records.models import Document, Signature, SignatureVoid
from qc.laboratory.models import OosInvestigation, Result
from qc.laboratory.states import OosConclusion
from qc.release.models import AuditReview, Justification, ReleaseCheck
from techtransfer.projects.models import Gate, GateCondition

PAIR = ("KADIMASTEM", "MEDXCELL")
READABLE = sorted(policies())
# Whose a row is, where it is not its own sponsor_id.
OWNER = {
    "accounts_organisation": "id",
    "accounts_site": "organisation_id",
    # A material belongs to nobody; one that a single sponsor has lots of tells what it works with.
    "batches_material": "(SELECT min(l.sponsor_id) FROM batches_lot l"
    " WHERE l.material_id = batches_material.id HAVING min(l.sponsor_id) = max(l.sponsor_id))",
    "records_documentcontent": "(SELECT d.sponsor_id FROM records_document d"
    " WHERE d.id = document_id)",
    "records_signaturevoid": "(SELECT s.sponsor_id FROM records_signature s"
    " WHERE s.id = signature_id)",
}
NOBODYS = {"django_content_type": "names of tables, the same in every installation"}
# Tables whose policy shows a sponsor nothing, not even of its own.
CLOSED = {"qc_auditreview", "qc_checkevidence", "qc_justification"}

pytestmark = pytest.mark.statement("P-06")


def make(model, **values):
    """Write a row as it might stand there one day, past services and triggers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {model._meta.db_table} DISABLE TRIGGER USER")
        model.objects.bulk_create([model(**values)])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {model._meta.db_table} ENABLE TRIGGER USER")


def plant(sponsor):
    """Give a sponsor of the demonstration a row of what its story does not come to."""
    by, at = User.objects.order_by("pk").first(), timezone.now()
    result = Result.objects.filter(sponsor=sponsor, oos=None).order_by("pk").first()
    batch = Batch.objects.get(pk=result.sample.batch_id)
    check = ReleaseCheck.objects.filter(batch=batch).first()
    document = Document.objects.filter(sponsor=sponsor).first()
    own = {"sponsor": sponsor}
    make(Site, code=f"{sponsor.code}-SITE", name="Laboratory", organisation=sponsor)
    make(
        Dossier,
        **own,
        number=f"DOS-{sponsor.code}",
        batch=batch,
        edition="sponsor",
        status="done",
        asked_by=by,
        asked_at=at,
        done_at=at,
        sha256="0" * 64,
        signature="signed",
        signing_key="key",
        json=document,
        pdf=document,
    )
    make(
        Deviation,
        **own,
        number=f"DEV-{sponsor.code}",
        batch=batch,
        title="Filter clogged",
        status="closed",
        raised_at=at,
        closed_by=by,
        closed_at=at,
    )
    chain = f"COI-{sponsor.code}"
    make(
        IdentityChain,
        **own,
        coi=chain,
        product=batch.product,
        pseudonym="SITE-001-0009",
        created_at=at,
    )
    make(
        IdentityScan,
        **own,
        chain=IdentityChain.objects.get(coi=chain),
        batch=batch,
        handover="receipt",
        scanned=chain,
        matched=True,
        at=at,
        by=by,
    )
    make(
        AuditReview,
        **own,
        number=f"ATR-{sponsor.code}",
        batch=batch,
        accepted=True,
        through=1,
        by=by,
        at=at,
    )
    make(
        Justification,
        **own,
        batch=batch,
        check_row=check,
        rule="RC-01",
        message="Late",
        rationale="Agreed",
        by=by,
        at=at,
    )
    make(
        OosInvestigation,
        **own,
        number=f"OOS-{sponsor.code}",
        result=result,
        batch=batch,
        status="closed",
        opened_at=at,
        conclusion=OosConclusion.CONFIRMED,
        closed_by=by,
        closed_at=at,
    )
    make(GateCondition, **own, gate=Gate.objects.filter(sponsor=sponsor).first(), text="Soon")
    shown = Signature.objects.filter(sponsor=sponsor, record_type="batch").order_by("pk").last()
    make(SignatureVoid, signature=shown, at=at, reason="Corrected")


def owner_of(table) -> str:
    return OWNER.get(table, "sponsor_id")


@pytest.fixture(scope="module")
def seen(django_db_setup, django_db_blocker):
    """Gather {table: (owner of each row, {sponsor: rows that PostgreSQL shows it})}, once."""
    with django_db_blocker.unblock():
        django_db_setup.renew(django_db_setup.demonstration())
        found = {}
        try:
            sponsors = [Organisation.objects.get(code=code) for code in PAIR]
            for sponsor in sponsors:
                plant(sponsor)
            for table in READABLE:
                with connection.cursor() as cursor:
                    owner = "NULL" if table in NOBODYS else owner_of(table)
                    cursor.execute(f"SELECT id, {owner} FROM {table}")
                    owners = dict(cursor.fetchall())
                found[table] = (owners, {s.pk: rows_shown(table, s.pk) for s in sponsors})
            rivals = set(
                Organisation.objects.exclude(roles__contains=["cdmo"]).values_list("pk", flat=True)
            )
            yield found, [s.pk for s in sponsors], rivals
        finally:
            django_db_setup.renew()


def rows_shown(table, sponsor) -> set:
    with as_sponsor(sponsor), connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        place = [column.name for column in cursor.description].index("id")
        return {row[place] for row in cursor.fetchall()}


@pytest.mark.parametrize("table", [table for table in READABLE if table not in NOBODYS])
def test_without_any_filter_nothing_of_another_sponsor_is_shown(seen, table):
    found, pair, rivals = seen
    owners, shown = found[table]
    for mine, other in (pair, pair[::-1]):
        of_the_other = {row for row, owner in owners.items() if owner == other}
        of_all_others = {row for row, owner in owners.items() if owner in rivals - {mine}}
        own = {row for row, owner in owners.items() if owner == mine}
        assert of_the_other, f"{table} holds no row of the other sponsor: nothing is proven"
        if table == "accounts_organisation":  # the units of one's own transfers are known by name
            of_all_others = of_the_other
        assert not shown[mine] & of_all_others, table
        # And not for want of anything to see.
        assert bool(shown[mine] & own) is (table not in CLOSED), table


def test_every_excuse_still_stands():
    assert set(NOBODYS) | set(OWNER) | CLOSED <= set(READABLE)


WRITES = (
    "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)


def refusal(statement) -> str:
    """Return PostgreSQL's words; "" when it did as it was told."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return str(error)
    return ""


def tables() -> list[tuple[str, str]]:
    """Return every table there is, and one of its columns."""
    return asked(
        "SELECT table_name, min(column_name) FROM information_schema.columns"
        " WHERE table_schema = 'public' GROUP BY 1 ORDER BY 1"
    )


def asked(statement, *values) -> list:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@pytest.mark.django_db
@pytest.mark.parametrize("guard", ["both", "grants alone", "read-only alone"])
def test_no_table_takes_a_write(cast, guard):
    """Two guards, each of which refuses by itself."""
    found = tables()
    assert len(found) > 60
    for table, column in found:
        for write in WRITES:
            statement = write.format(table=table, column=column)
            if guard == "grants alone":
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL ROLE {ROLE}")
                    told = refusal(statement)
                    cursor.execute("RESET ROLE")
                assert "permission denied" in told, (statement, told)
                continue
            with as_sponsor(cast.kadimastem.pk), connection.cursor() as cursor:
                if guard == "read-only alone":
                    cursor.execute("RESET ROLE")
                told = refusal(statement)
            expected = "read-only transaction" if guard == "read-only alone" else ""
            assert told, statement
            assert expected in told, (statement, told)
            assert "permission denied" in told or "read-only transaction" in told, statement


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE TABLE mine AS SELECT * FROM portfolio_product",
        "SELECT * INTO mine FROM portfolio_product",
        "ALTER TABLE portfolio_product ADD COLUMN mine int",
        "ALTER TABLE portfolio_product DISABLE ROW LEVEL SECURITY",
        "DROP POLICY sponsor_reads ON portfolio_product",
        "DROP TABLE portfolio_product",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE ROLE mine SUPERUSER",
        "CREATE EXTENSION dblink",
        "ALTER ROLE cdmo_sponsor BYPASSRLS",
        "GRANT SELECT ON accounts_user TO cdmo_sponsor",
        "COPY portfolio_product TO PROGRAM 'cat'",
        "COPY portfolio_product TO '/products'",
        "COPY portfolio_product FROM PROGRAM 'id'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('PG_VERSION')",
        "SELECT lo_export(1, 'mine')",
        "SELECT pg_reload_conf()",
        "SET session_replication_role = replica",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SET TRANSACTION READ WRITE",
        "DO $$ BEGIN PERFORM 1 / (SELECT count(*) FROM accounts_user); END $$",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_statistic",
        "LOCK TABLE portfolio_product IN ACCESS EXCLUSIVE MODE",
        "SELECT * FROM portfolio_product FOR UPDATE",
    ],
)
def test_no_way_around_is_open(cast, statement):
    words = ("permission denied", "read-only", "must be owner", "cannot set transaction")
    with as_sponsor(cast.kadimastem.pk):
        told = refusal(statement)
    assert any(word in told for word in words), told


@pytest.mark.django_db
def test_how_much_happens_for_others_is_not_told_by_counters(cast):
    counters = asked("SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname='public'")
    assert len(counters) > 40
    with as_sponsor(cast.kadimastem.pk):
        for (counter,) in counters:
            for question in (f"SELECT last_value FROM {counter}", f"SELECT nextval('{counter}')"):
                assert "permission denied" in refusal(question), question
        told = "SELECT count(*) FROM pg_sequences WHERE last_value IS NOT NULL"
        assert asked(told) == [(0,)]


@pytest.mark.django_db
def test_statistics_give_away_no_value(cast):
    """pg_stats keeps the most common values of each column, of every sponsor's rows."""
    asked("ANALYZE accounts_organisation; SELECT 1")
    told = "SELECT count(*) FROM pg_stats WHERE tablename = 'accounts_organisation'"
    assert asked(told)[0][0] > 3
    with as_sponsor(cast.kadimastem.pk):
        assert asked("SELECT tablename FROM pg_stats WHERE schemaname = 'public'") == []


@pytest.mark.django_db
def test_what_others_ask_is_not_shown(cast):
    with as_sponsor(cast.kadimastem.pk):
        others = asked("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert {query for (query,) in others} <= {None, "", "<insufficient privilege>"}


@pytest.mark.django_db
def test_nothing_lends_the_rights_of_its_owner():
    """No view and no SECURITY DEFINER function: each would look past row-level security."""
    ours = "pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_depend d"
    ours += " WHERE d.objid = p.oid AND d.deptype = 'e')"
    assert asked(f"SELECT proname FROM pg_proc p WHERE prosecdef AND {ours}") == []
    # What is no trigger works on its arguments alone.
    others = f"SELECT proname FROM pg_proc p WHERE {ours} AND prorettype <> 'trigger'::regtype"
    assert {name for (name,) in asked(others)} <= {"_pgtrigger_should_ignore", "cdmo_merged"}
    views = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert asked(f"{views} AND relkind IN ('v', 'm', 'f')") == []


@pytest.mark.django_db
def test_the_role_itself_is_nobody(cast):
    """It cannot sign in, owns nothing, is a member of nothing and passes by no policy."""
    (role,) = asked(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        " FROM pg_roles WHERE rolname = %s",
        ROLE,
    )
    assert not any(role)
    assert asked("SELECT 1 FROM pg_class WHERE relowner = %s::regrole", ROLE) == []
    assert asked("SELECT 1 FROM pg_auth_members WHERE member = %s::regrole", ROLE) == []
    policies_of_it = asked("SELECT cmd, permissive FROM pg_policies WHERE %s = ANY(roles)", ROLE)
    assert {row[0] for row in policies_of_it} == {"SELECT"}


@pytest.mark.django_db
def test_what_a_request_leaves_behind_ends_with_it(cast):
    """PostgreSQL lets every role listen, notify and lock within its transaction; it is undone."""
    with as_sponsor(cast.kadimastem.pk):
        asked("LISTEN mine; NOTIFY mine; SELECT pg_advisory_xact_lock(1)")
        assert asked("SET LOCAL statement_timeout = 1; SELECT 1") == [(1,)]
    assert asked("SELECT * FROM pg_listening_channels()") == []
    locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    assert asked(locks) == []
    assert asked("SELECT current_setting('statement_timeout')") != [("1ms",)]
