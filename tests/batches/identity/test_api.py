import pytest

from batches.identity.models import IdentityScan
from tests.batches.materials.caller import Caller
from tests.builders.identity import a_chain, a_patient_batch, a_patient_product, a_scan
from tests.builders.materials import a_batch

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.batches.materials.small_site")]


@pytest.fixture
def planner(client, cast):
    return Caller(client, cast.planner)


@pytest.fixture
def operator(client, cast):
    return Caller(client, cast.operator)


@pytest.fixture
def sponsor(client, cast):
    return Caller(client, cast.ixaka_reader)


def test_a_chain_is_made_and_a_scan_recorded(cast, planner, operator):
    a_patient_product(cast)

    made = planner.post("identity-chains/", {"product": "REX-001", "pseudonym": "SITE-001-0007"})

    assert made.status_code == 201
    chain = made.json()
    assert (chain["product"], chain["sponsor"]) == ("REX-001", "IXAKA")
    batch = a_batch(
        cast, "P-1", product=a_patient_product(cast), coi=a_chain(cast, "SITE-001-0008")
    )
    body = {"handover": "start", "scanned": chain["coi"]}
    scan = operator.post("batches/P-1/scans/", body)
    assert scan.status_code == 201
    assert (scan.json()["matched"], scan.json()["by"]) == (False, cast.operator.email)
    assert operator.get("batches/P-1/scans/").json()["results"] == [scan.json()]
    assert batch.scans.count() == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"pseudonym": "John Martin"}, "pseudonym"),
        ({"pseudonym": "JM-19570412"}, "pseudonym"),
        ({"product": "NONE"}, "product"),
        ({"coi": "a b"}, "coi"),
        ({"name": "John Martin"}, "name"),
    ],
)
def test_a_chain_that_cannot_be_read_names_its_field(cast, planner, facts, field):
    a_patient_product(cast)
    body = {"product": "REX-001", "pseudonym": "SITE-001-0007", **facts}

    answer = planner.post("identity-chains/", body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"handover": "start", "scanned": ""},
        {"handover": "start", "scanned": "x" * 81},
        {"handover": "lunch", "scanned": "COI-1"},
        {"handover": "start", "scanned": "COI-1", "matched": True},
    ],
)
def test_a_scan_that_cannot_be_read_is_refused(cast, operator, body):
    a_patient_batch(cast)

    assert operator.post("batches/P-1/scans/", body).status_code == 400
    assert IdentityScan.objects.count() == 0


def test_a_batch_without_a_chain_takes_no_scan(cast, operator):
    a_batch(cast, "B-1")

    answer = operator.post("batches/B-1/scans/", {"handover": "start", "scanned": "COI-1"})

    assert answer.status_code == 409
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["no_chain"]


def test_a_sponsor_reads_its_own_chains_and_scans_and_no_names(cast, client, sponsor):
    batch = a_patient_batch(cast)
    a_scan(cast, batch)
    other = Caller(client, cast.kadimastem_reader)

    chains = sponsor.get("identity-chains/").json()["results"]
    scans = sponsor.get("batches/P-1/scans/").json()["results"]

    assert [chain["coi"] for chain in chains] == [batch.coi.coi]
    assert [(scan["matched"], scan["by"]) for scan in scans] == [(True, None)]
    assert other.get("identity-chains/").json()["results"] == []
    assert other.get(f"identity-chains/{batch.coi.coi}/").status_code == 404
    assert other.get("batches/P-1/scans/").status_code == 404
