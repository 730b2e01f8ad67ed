import pytest
from django.urls import reverse

from batches.identity.models import IdentityChain, IdentityScan
from tests.builders.identity import a_chain, a_patient_batch, a_patient_product, a_scan
from tests.builders.materials import a_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, cast):
    def sign_in(name):
        client.force_login(getattr(cast, name))
        return client

    return sign_in


def url(name, *args):
    return reverse(f"batches:{name}", args=args)


def test_a_chain_is_made_on_a_page_without_patient_data(cast, signed_in):
    product = a_patient_product(cast)
    staff = signed_in("planner")
    form = {"product": product.pk, "pseudonym": "John Martin"}

    assert staff.post(url("identity_chain_new"), form).status_code == 422
    answer = staff.post(url("identity_chain_new"), {**form, "pseudonym": "SITE-001-0007"})
    chain = IdentityChain.objects.get()
    assert answer.url == url("identity_chain", chain.coi)
    assert b"SITE-001-0007" in staff.get(answer.url).content
    assert chain.coi.encode() in staff.get(url("identity_chain_list")).content


def test_the_identity_tab_shows_each_handover_and_shouts_a_mismatch(cast, signed_in):
    batch = a_patient_batch(cast)
    a_scan(cast, batch, "receipt")
    staff = signed_in("operator")

    quiet = staff.get(url("batch_identity", "P-1")).content.decode()
    answer = staff.post(
        url("batch_scan", "P-1"), {"handover": "start", "scanned": "COI-OTHER-1"}, follow=True
    )

    assert "did not match" not in quiet
    assert "not scanned" in quiet
    loud = answer.content.decode()
    assert "MISMATCH" in loud
    assert "1 scan did not match" in loud
    assert IdentityScan.objects.filter(matched=False).count() == 1


def test_a_batch_that_is_not_for_one_patient_says_so(cast, signed_in):
    a_batch(cast, "B-1")

    page = signed_in("operator").get(url("batch_identity", "B-1")).content.decode()

    assert "No chain of identity" in page


def test_identity_pages_do_not_exist_for_sponsors(cast, signed_in):
    batch = a_patient_batch(cast)
    other = a_chain(cast, "SITE-001-0008")
    sponsor = signed_in("ixaka_reader")

    for path in (
        url("identity_chain_list"),
        url("identity_chain", other.coi),
        url("identity_chain_new"),
        url("batch_identity", batch.number),
        url("batch_scan", batch.number),
    ):
        assert sponsor.get(path).status_code == 404
