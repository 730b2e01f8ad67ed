"""The portfolio's pages: they show, they refuse in words, and to a sponsor they do not exist."""

import pytest
from django.urls import reverse

from cdmo.portfolio.models import Agreement, Product
from tests.builders.portfolio import a_process_version, a_product, an_agreement
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio(cast):
    product = a_product(cast, description="Astrocytes in suspension.")
    version = a_process_version(cast, product, status="development")
    agreement = an_agreement(cast, options=("gmp_commercial",), signed=False)
    return product, version, agreement


def addresses(portfolio):
    product, version, agreement = portfolio
    return [
        reverse("portfolio:product_list"),
        reverse("portfolio:product_new"),
        reverse("portfolio:product", args=[product.key]),
        reverse("portfolio:process_new", args=[product.key]),
        reverse("portfolio:process_version_new", args=[product.key]),
        reverse("portfolio:process", args=[version.process.key]),
        reverse("portfolio:process_version", args=[version.key]),
        reverse("portfolio:process_version_approve", args=[version.key]),
        reverse("portfolio:agreement_list"),
        reverse("portfolio:agreement_new"),
        reverse("portfolio:agreement", args=[agreement.key]),
        reverse("portfolio:agreement_scope", args=[agreement.key]),
        reverse("portfolio:agreement_sign", args=[agreement.key]),
        reverse("portfolio:agreement_terminate", args=[agreement.key]),
        reverse("portfolio:option_exercise", args=[agreement.key, agreement.scope.last().pk]),
        reverse("portfolio:organisation", args=["KADIMASTEM"]),
    ]


def test_every_page_opens_for_the_staff(client, cast, portfolio):
    client.force_login(cast.qa)
    for address in addresses(portfolio):
        assert client.get(address).status_code == 200, address


def test_to_a_sponsor_none_of_them_exists(client, cast, portfolio):
    client.force_login(cast.kadimastem_reader)
    for address in addresses(portfolio):
        assert client.get(address).status_code == 404, address


def test_an_agreement_is_written_scoped_and_signed_by_hand(client, cast):
    client.force_login(cast.pm)
    made = client.post(
        reverse("portfolio:agreement_new"),
        {
            "number": "WO-1",
            "title": "Work order",
            "sponsor": cast.kadimastem.pk,
            "kind": "work_order",
            "valid_from": "2026-01-01",
            "valid_until": "2099-12-31",
        },
    )
    assert made.status_code == 302
    agreement = Agreement.objects.get(number="WO-1")
    client.post(
        reverse("portfolio:agreement_scope", args=["WO-1"]),
        {"item": "Transfer", "work": "tech_transfer", "status": "in_scope"},
    )
    wrong = client.post(reverse("portfolio:agreement_sign", args=["WO-1"]), {"password": "nope"})
    assert wrong.status_code == 403
    right = client.post(reverse("portfolio:agreement_sign", args=["WO-1"]), {"password": PASSWORD})
    assert right.status_code == 302
    agreement.refresh_from_db()
    assert (agreement.status, agreement.scope.get().work) == ("in_force", "tech_transfer")


def test_a_claim_without_source_is_refused_with_everything_typed_kept(client, cast):
    client.force_login(cast.pm)
    answer = client.post(
        reverse("portfolio:product_new"),
        {
            "code": "X-1",
            "name": "Ex one",
            "sponsor": cast.ixaka.pk,
            "modality": "autologous",
            "claim_status": "none",
            "claim_text": "It works.",
        },
    )
    assert answer.status_code == 409
    assert "It works." in answer.text
    assert "must name its source" in answer.text
    assert not Product.objects.filter(code="X-1").exists()


def test_a_version_is_approved_under_the_sentence_that_stood_in_the_dialog(client, cast, portfolio):
    from cdmo.records.models import Signature

    _, version, _ = portfolio
    client.force_login(cast.qa)
    address = reverse("portfolio:process_version_approve", args=[version.key])

    shown = client.get(address).content.decode()
    assert client.post(address, {"password": PASSWORD}).status_code == 302

    signature = Signature.objects.get(record_type="process_version", verb="approve", by=cast.qa)
    assert signature.meaning == "Approved for engineering use"
    assert f"<q>{signature.meaning}</q>" in shown
    assert "Approved for qualified use" in client.get(address).content.decode()
