"""Over REST a sponsor reads what happened, not who of the staff did it and why."""

import json

import pytest
from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from cdmo.portfolio.models import Product
from cdmo.records.services import record_event
from cdmo.records.signatures import sign
from tests.cast import NOON, proof_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(cast):
    return Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )


@pytest.fixture
def ask(client):
    def get(user, path):
        secret, _ = issue_token(user=user, by=user, at=timezone.now())
        return client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})

    return get


@pytest.fixture
def shared_event(cast, product):
    return record_event(
        verb="batch.rejected",
        record=product,
        by=cast.qa,
        at=NOON,
        reason="The operator forgot",
        new={"verified_by": "operator2@cdmo.example"},
        shared=True,
    )


@pytest.mark.statement("U-16")
def test_an_event_is_told_without_person_and_reason(cast, shared_event, ask):
    (row,) = ask(cast.kadimastem_reader, "audit-events/").json()["results"]

    assert row["verb"] == "batch.rejected"
    assert row["by"] == "Quality assurance"
    assert "cdmo.example" not in json.dumps(row)
    assert "forgot" not in json.dumps(row)


@pytest.mark.parametrize("query", ["search=forgot", "search=qa@cdmo"])
def test_what_is_not_shown_is_not_found_by_searching(cast, shared_event, ask, query):
    assert ask(cast.kadimastem_reader, f"audit-events/?{query}").json()["results"] == []
    assert ask(cast.auditor, f"audit-events/?{query}").json()["results"]


@pytest.mark.parametrize("query", ["by_name=qa@cdmo.example", "by_name__icontains=qa"])
def test_what_is_not_shown_is_no_filter(cast, shared_event, ask, query):
    assert ask(cast.kadimastem_reader, f"audit-events/?{query}").status_code == 400


def test_a_signature_is_told_as_printed(cast, product, ask):
    sign(
        record=type(
            "Batch",
            (),
            {"record_type": "batch", "pk": 1, "key": "B", "sponsor_id": cast.kadimastem.pk},
        ),
        verb="reject",
        meaning="rejected",
        by=cast.qa,
        at=NOON,
        proof=proof_of(cast.qa),
        content={},
        reason="The operator forgot",
    )

    (row,) = ask(cast.kadimastem_reader, "signatures/").json()["results"]

    assert (row["by"], row["printed_name"], row["reason"]) == ("Qa Person", "Qa Person", "")


def test_staff_without_a_role_read_nothing(cast, product, ask):
    cast.qa.appointments.update(valid_until=timezone.now())

    for path in ("products/", "methods/", "instruments/", "organisations/"):
        assert ask(cast.qa, path).json()["results"] == []
