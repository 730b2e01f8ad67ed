"""The audit trail as people use it: searched, sorted, narrowed, taken along; and each record's."""

import csv
import io
import json

import pytest
from rest_framework.test import APIClient

from cdmo.access.models import Credential
from cdmo.records.models import AuditEvent
from cdmo.records.services import record_event
from cdmo.web.configuration import note_configuration
from tests.builders.manufacture import a_started_batch, step_of
from tests.builders.portfolio import an_agreement
from tests.cast import NOON

pytestmark = pytest.mark.django_db


def write(cast, product, *verbs, by=None, **facts):
    for verb in verbs:
        record_event(verb=verb, record=product, by=by or cast.qp, at=NOON, **facts)


def rows(client, query):
    return client.get(f"/audit/?{query}").context["rows"]


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.auditor)


@pytest.mark.statement("P-12")
def test_the_trail_is_searched_by_words(cast, product, auditor):
    write(cast, product, "product.looked-at", reason="Because of the weather")

    assert [e.verb for e in rows(auditor, "q=weather")] == ["product.looked-at"]
    assert rows(auditor, "q=weather+nobody-wrote-this") == []


@pytest.mark.statement("P-12")
@pytest.mark.parametrize("name", ["by_name", "record", "verb", "at"])
@pytest.mark.parametrize("down", ["", "-"])
def test_the_trail_is_sorted_and_walked_in_every_order(cast, product, auditor, name, down):
    write(cast, product, *(f"product.v{i % 3}" for i in range(120)))
    write(cast, product, "product.z", by=cast.qa)
    found, address = [], f"/audit/?order={down}{name}"
    while address:
        page = auditor.get(address).context
        found += [event.pk for event in page["rows"]]
        address = page["next_url"]

    direction = (f"{down}{name}", f"{down}id")
    assert found == list(AuditEvent.objects.order_by(*direction).values_list("pk", flat=True))


@pytest.mark.statement("P-12")
def test_the_trail_is_narrowed_by_person_role_kind_sponsor_and_outside(cast, product, auditor):
    write(cast, product, "product.looked-at")
    write(cast, product, "product.looked-at", by=cast.qa)

    assert {e.by_name for e in rows(auditor, "by=qa@&verb=product.looked-at")} == {cast.qa.email}
    found = rows(auditor, "role=Qualified+Person&verb=product.looked-at")
    assert {e.by_name for e in found} == {cast.qp.email}
    assert {e.record_type for e in rows(auditor, "record_type=product")} == {"product"}
    assert {e.sponsor.code for e in rows(auditor, "sponsor=KADIMASTEM")} == {"KADIMASTEM"}
    assert all(e.kind == "change" and not e.by_name for e in rows(auditor, "tab=outside"))


@pytest.mark.statement("P-12")
def test_everything_of_one_batch_is_one_filter(cast, auditor):
    batch = a_started_batch(cast)

    kinds = {e.record_type for e in rows(auditor, f"batch={batch.number}")}

    assert {"batch", "step"} <= kinds
    assert kinds <= {"batch", "step", "consumption", "deviation", "sample", "result"}
    assert rows(auditor, "batch=NO-SUCH") == []


@pytest.mark.statement("P-12", "P-09")
def test_what_is_filtered_is_taken_along_and_that_is_on_record(cast, product, auditor):
    write(cast, product, "product.looked-at", reason="=HYPERLINK(1)", new={"price": "12.50"})

    answer = auditor.get("/audit/?verb=product.looked-at&export=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["Who"], line["Act"]) == (cast.qp.full_name, "product.looked-at") or line["Who"]
    assert line["Why"] == "'=HYPERLINK(1)"
    assert line["Values"] == "Price: 12.50"
    assert line["When"].endswith("Z")

    answer = auditor.get("/audit/?verb=product.looked-at&export=jsonl")
    (found,) = [json.loads(one) for one in b"".join(answer.streaming_content).splitlines()]
    assert (found["by"], found["new"]) == (cast.qp.email, {"price": "12.50"})

    events = AuditEvent.objects.filter(verb="list.export").order_by("id")
    assert [e.new["form"] for e in events] == ["csv", "jsonl"]
    assert {e.new["rows"] for e in events} == {1}
    assert events[0].new["filter"] == {"verb": "product.looked-at"}
    assert events[0].by == cast.auditor


@pytest.mark.statement("P-12")
def test_a_filter_that_says_nothing_is_no_export_of_everything(auditor):
    answer = auditor.get("/audit/?since=yesterday&export=csv")

    assert answer.status_code == 302
    assert not AuditEvent.objects.filter(verb="list.export").exists()


@pytest.mark.statement("P-09")
def test_every_list_that_is_downloaded_is_on_record(cast, product, signed_in):
    signed_in(cast.pm).get("/products/?export=csv")

    event = AuditEvent.objects.get(verb="list.export")
    assert (event.by, event.new["list"], event.new["rows"]) == (cast.pm, "Products", 1)


@pytest.mark.statement("P-12")
def test_rest_has_the_same_filters_and_orders(cast):
    batch = a_started_batch(cast)
    product = batch.product
    write(cast, product, "product.b", by=cast.qa)
    write(cast, product, "product.a")
    client = APIClient()
    client.force_login(cast.auditor)

    def found(query):
        answer = client.get(f"/api/v1/audit-events/?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]

    verbs = [e["verb"] for e in found("ordering=verb&record=ASTRORX&kind=event")]
    assert verbs == sorted(verbs)
    assert {e["role"] for e in found("role=Qualified")} == {"Qualified Person"}
    assert {"batch", "step"} <= {e["record_type"] for e in found(f"batch={batch.number}")}
    assert found("sponsor=IXAKA&kind=event") == []
    assert found("ordering=record&limit=5")
    assert found("ordering=-by_name&limit=5")
    assert found("outside=true&kind=event") == []


@pytest.mark.statement("P-12")
def test_a_sponsor_neither_orders_nor_asks_by_person(cast):
    client = APIClient()
    client.force_login(cast.kadimastem_reader)

    for query in ("ordering=by_name", "by_name=qa@cdmo.example", "batch=X"):
        assert client.get(f"/api/v1/audit-events/?{query}").status_code == 400, query


@pytest.mark.statement("P-10", "P-08")
def test_a_changed_value_is_marked_where_it_is_shown(cast, signed_in):
    agreement = an_agreement(cast)
    type(agreement).objects.filter(pk=agreement.pk).update(valid_until="2030-01-31")
    type(agreement).objects.filter(pk=agreement.pk).update(valid_until="2031-01-31")
    client = signed_in(cast.qa)

    page = client.get(f"/agreements/{agreement.number}/").content.decode()
    history = client.get(f"/history/agreement/{agreement.pk}/").content.decode()

    assert "was changed twice" in page or "was changed once" in page
    assert "First value:" in page
    assert "data-history" in page
    assert "<del>2030-01-31</del>" in history


@pytest.mark.statement("P-10")
def test_a_value_never_changed_has_no_mark(cast, product, signed_in):
    page = signed_in(cast.pm).get(f"/products/{product.code}/").content.decode()

    assert "First value:" not in page


@pytest.mark.statement("P-08")
def test_history_names_records_by_their_keys_and_people_by_their_names(cast, signed_in):
    batch = a_started_batch(cast)
    step = step_of(batch, "SEED")
    type(step).objects.filter(pk=step.pk).update(performed_by=cast.operator, performed_at=NOON)

    page = signed_in(cast.qa).get(f"/history/step/{step.pk}/").content.decode()

    assert cast.operator.full_name in page
    assert batch.number in page
    assert "performed_by_id" not in page


@pytest.mark.statement("P-06")
def test_what_became_of_accounts_is_for_readers_of_the_audit_trail(cast, signed_in):
    addresses = [
        f"/history/person/{cast.qp.pk}/",
        f"/history/credential/{Credential.objects.get(user=cast.qp).pk}/",
        f"/history/appointment/{cast.qp.appointments.first().pk}/",
    ]
    for address in addresses:
        assert signed_in(cast.operator).get(address).status_code == 404
        assert signed_in(cast.qa).get(address).status_code == 200
    own = f"/people/{cast.operator.key}/"
    page = signed_in(cast.operator).get(own)
    assert "data-history" not in page.content.decode()
    house = f"/history/organisation/{cast.cdmo.pk}/"
    assert signed_in(cast.operator).get(house).status_code == 200


@pytest.mark.statement("P-06")
def test_a_history_is_for_the_staff_that_sees_the_record(cast, signed_in):
    batch = a_started_batch(cast)

    address = f"/history/batch/{batch.pk}/"
    assert signed_in(cast.operator).get(address).status_code == 200
    assert signed_in(cast.kadimastem_reader).get(address).status_code == 404
    assert signed_in(cast.operator).get("/history/nothing/1/").status_code == 404
    assert signed_in(cast.operator).get("/history/batch/999999/").status_code == 404


def test_who_has_not_signed_yet_is_a_list(cast, signed_in):
    draft = an_agreement(cast, signed=False)
    batch = a_started_batch(cast)

    page = signed_in(cast.qa).get("/unsigned/").content.decode()
    own = signed_in(cast.qa).get(f"/batches/{batch.number}/").content.decode()

    assert draft.number in page
    assert "By Quality assurance or Project manager" in page
    assert batch.number in page
    assert "Waits to be completed, by Production supervisor" in own
    assert signed_in(cast.kadimastem_reader).get("/unsigned/").status_code == 404


@pytest.mark.statement("P-09", "P-19")
def test_other_running_values_are_put_on_record_once(cast, signed_in, settings):
    assert note_configuration(by=None, at=NOON).new["SECRET_KEY"] == "set"
    assert note_configuration(by=None, at=NOON) is None

    settings.SESSION_IDLE_MINUTES = 7
    event = note_configuration(by=None, at=NOON)

    assert event.new == {"SESSION_IDLE_MINUTES": "7"}
    assert list(event.old) == ["SESSION_IDLE_MINUTES"]
    assert note_configuration(by=None, at=NOON) is None
    page = signed_in(cast.admin).get("/configuration/").content.decode()
    assert settings.SECRET_KEY not in page
    assert signed_in(cast.operator).get("/configuration/").status_code == 404
