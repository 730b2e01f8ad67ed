"""The vault: sealed with its own key, seen by its custodian alone, every look written down."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from cdmo.accounts.isolation import as_sponsor
from cdmo.accounts.models import User
from cdmo.accounts.roles import RIGHTS, Right, Role
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent
from cdmo.runtime.keys import vault_secret
from cdmo.vault import sealing, services
from cdmo.vault.models import SealedIdentity
from cdmo.vault.sealing import Identity, WrongKey
from tests.builders.identity import a_chain
from tests.cast import NOON, make_person

pytestmark = pytest.mark.django_db
WHO = Identity("Marie Dupont-Illustrative", "1970-01-31", "H-4711", "Lyon")


@pytest.fixture
def custodian(cast) -> User:
    return make_person("custodian", cast.cdmo, Role.CUSTODIAN)


@pytest.fixture
def chain(cast):
    return a_chain(cast)


@pytest.fixture
def stored(chain, custodian):
    return services.store_identity(
        chain=chain, identity=WHO, secret=vault_secret(), by=custodian, at=NOON
    )


def look(chain, by, reason="The clinic asks for the label."):
    return services.look_up(chain=chain, secret=vault_secret(), by=by, at=NOON, reason=reason)


def test_what_was_stored_is_found_again_and_the_look_is_written_down(stored, chain, custodian):
    assert look(chain, custodian) == WHO

    event = AuditEvent.objects.get(verb="vault.looked_up")
    assert (event.by, event.reason) == (custodian, "The clinic asks for the label.")
    assert event.record == chain.coi


def test_no_table_holds_the_identity_in_plain(stored):
    """Not the vault's own table, not the audit trail, nor any other."""
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE %s', ["%Dupont%"])
            if cursor.fetchone()[0]:
                found.append(name)
        cursor.execute(
            "SELECT count(*) FROM vault_sealedidentity WHERE position(%s IN sealed) > 0",
            [b"Dupont"],
        )
        assert cursor.fetchone()[0] == 0
    assert found == []
    for event in AuditEvent.objects.filter(record_type="sealed_identity"):
        assert not {"sealed", "wrapped_key"} & set(event.new or {})


def test_no_look_without_right_reason_or_content(cast, stored, chain, custodian):
    for by, reason, code in (
        *((person, "Curious.", "no_right") for person in (cast.qa, cast.qp, cast.admin)),
        (custodian, "  ", "no_reason"),
    ):
        with pytest.raises(Blocked) as refusal:
            look(chain, by, reason)
        assert refusal.value.codes == [code]
    with pytest.raises(Blocked) as refusal:
        look(a_chain(cast, "SITE-001-0008"), custodian)
    assert refusal.value.codes == ["not_stored"]
    assert not AuditEvent.objects.filter(verb="vault.looked_up").exists()


def test_an_identity_is_stored_once_and_never_moves_to_another_chain(stored, chain, custodian):
    with pytest.raises(Blocked) as refusal:
        services.store_identity(
            chain=chain, identity=WHO, secret=vault_secret(), by=custodian, at=NOON
        )
    assert refusal.value.codes == ["already_stored"]
    with pytest.raises(DatabaseError), transaction.atomic():
        SealedIdentity.objects.update(coi="OTHER-1")
    with pytest.raises(WrongKey):
        sealing.unseal(stored, coi="OTHER-1", secret=vault_secret())


def test_only_the_custodian_holds_the_vaults_rights():
    for right in (Right.KEEP_IDENTITY, Right.READ_IDENTITY):
        assert [role for role in Role if right in RIGHTS[role]] == [Role.CUSTODIAN]
    assert RIGHTS[Role.CUSTODIAN] == {Right.KEEP_IDENTITY, Right.READ_IDENTITY}


@pytest.mark.statement("P-06")
def test_the_sponsors_database_role_cannot_read_the_vault(cast, stored):
    with pytest.raises(DatabaseError, match="permission denied"), as_sponsor(cast.ixaka.pk):
        SealedIdentity.objects.count()


def test_another_key_opens_nothing(stored, chain, custodian):
    with pytest.raises(WrongKey):
        services.look_up(
            chain=chain, secret="x" * 40, by=custodian, at=NOON, reason="With a stolen table."
        )


def test_the_key_is_changed_for_all_or_none(cast, stored, chain, custodian, tmp_path, monkeypatch):
    new = tmp_path / "new.key"
    new.write_text("n" * 48)
    old = vault_secret()
    out = io.StringIO()

    call_command("vault_rotate", new_key_file=new, stdout=out)

    assert "1 identities" in out.getvalue()
    with pytest.raises(WrongKey):
        sealing.unseal(SealedIdentity.objects.get(), coi=chain.coi, secret=old)
    with pytest.raises(CommandError, match="No key was changed"):
        call_command("vault_rotate", new_key_file=new, stdout=out)
    monkeypatch.setenv("VAULT_KEY", "n" * 48)
    assert look(chain, custodian) == WHO


def test_the_page_shows_an_identity_to_its_custodian_once(cast, chain, custodian):
    client = Client()
    client.force_login(custodian)
    address = f"/identities/{chain.coi}/"
    assert "Store" in client.get("/identities/").text
    client.post(
        f"{address}store/", {"full_name": WHO.full_name, "birth_date": "1970-01-31", "clinic": "L"}
    )

    assert WHO.full_name not in client.get("/identities/").text
    assert client.post(f"{address}look-up/", {"reason": ""}).status_code == 422
    shown = client.post(f"{address}look-up/", {"reason": "Label at the clinic"})
    assert WHO.full_name in shown.text
    assert shown["Cache-Control"] == "no-store"
    for person in (cast.qa, cast.admin, cast.ixaka_reader):
        client.force_login(person)
        assert client.get("/identities/").status_code == 404
        assert client.post(f"{address}look-up/", {"reason": "Curious"}).status_code == 404
