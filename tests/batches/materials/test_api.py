import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches.materials.models import Consumption, Lot
from cdmo.records.models import Signature, SigningAttempt
from tests.batches.materials.caller import SIGNATURE, Caller
from tests.builders.materials import a_batch, a_lot, a_material, a_released_batch, a_use

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.batches.materials.small_site")]
USED_AT = "2026-11-20T11:00:00Z"


@pytest.fixture
def planner(client, cast):
    return Caller(client, cast.planner)


@pytest.fixture
def qa(client, cast):
    return Caller(client, cast.qa)


@pytest.fixture
def operator(client, cast):
    return Caller(client, cast.operator)


@pytest.fixture
def sponsor(client, cast):
    return Caller(client, cast.kadimastem_reader)


def errors(response) -> set:
    assert response.status_code == 400, response.content
    assert all(error["message"] for error in response.json()["errors"])
    return {error["field"] for error in response.json()["errors"]}


def codes(response) -> list:
    assert response.status_code == 409, response.content
    return [blocker["code"] for blocker in response.json()["blockers"]]


def test_a_lot_is_received_released_used_and_traced(cast, planner, qa, operator):
    planner.post("materials/", {"code": "DMEM", "name": "Medium", "unit": "mL"})
    received = planner.post(
        "lots/", {"number": "L-1", "material": "DMEM", "quantity": "12.50", "unit": "mL"}
    )
    a_batch(cast, "B-1")

    assert received.status_code == 201
    assert received["Location"].endswith("/lots/L-1/")
    lot = received.json()
    assert (lot["status"], lot["quantity"], lot["available"]) == ("quarantine", "12.50", "12.50")
    assert (lot["sponsor"], lot["material"], lot["expires_at"]) == ("CDMO", "DMEM", None)

    released = qa.post("lots/L-1/release/", SIGNATURE)
    assert released.json()["status"] == "released"

    body = {"lot": "L-1", "quantity": "2.5", "unit": "mL"}
    used = operator.post("batches/B-1/consumptions/", body)
    assert used.status_code == 201
    assert {name: used.json()[name] for name in ("lot", "batch", "quantity", "step")} == {
        "lot": "L-1",
        "batch": None,
        "quantity": "2.5",
        "step": None,
    }
    assert operator.get("batches/B-1/consumptions/").json()["results"] == [used.json()]
    assert operator.get("lots/L-1/").json()["available"] == "10.00"

    forward = qa.get("lots/L-1/trace/?direction=forward").json()
    backward = qa.get("batches/B-1/trace/?direction=backward").json()
    assert [node["key"] for node in forward["nodes"]] == ["L-1", "B-1"]
    assert [node["key"] for node in backward["nodes"]] == ["B-1", "L-1"]
    assert (
        forward["edges"]
        == backward["edges"]
        == [{"from": "L-1", "to": "B-1", "quantity": "2.5", "unit": "mL", "kind": "consumed"}]
    )


def test_a_lot_without_a_number_gets_one(cast, planner):
    a_material(cast, "DMEM")

    answer = planner.post("lots/", {"material": "DMEM", "quantity": "1"})

    assert answer.json()["number"].startswith("LOT-26-")


@pytest.mark.parametrize(
    "quantity",
    [
        "12,5",
        "NaN",
        "Infinity",
        "1e999",
        "1e3",
        "１２",
        "٣",
        "-1",
        "0",
        "0.000",
        "",
        " ",
        None,
        True,
        [],
        {},
        "1.0000001",
        "100000000000000",
        "9" * 500,
        "0." + "0" * 500 + "1",
        "1 000",
        "+5",
        "0x10",
    ],
)
def test_a_quantity_that_is_none_is_refused_in_words(cast, planner, operator, quantity):
    lot, _ = a_lot(cast, "L-1", material=a_material(cast, "DMEM")), a_batch(cast, "B-1")
    use = {"lot": "L-1", "quantity": quantity, "unit": "mL", "used_at": USED_AT}

    assert errors(planner.post("lots/", {"material": "DMEM", "quantity": quantity})) == {"quantity"}
    assert errors(operator.post("batches/B-1/consumptions/", use)) == {"quantity"}
    assert Lot.objects.count() == 1
    assert lot.consumptions.count() == 0


@pytest.mark.parametrize("number", ["a/b", "-x", "a b", "ＬＯＴ", "x" * 61, "..", "L\n1", 7.5])
def test_a_number_that_no_address_can_hold_is_refused(cast, planner, number):
    a_material(cast, "DMEM")

    answer = planner.post("lots/", {"number": number, "material": "DMEM", "quantity": "1"})

    assert errors(answer) == {"number"}


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        ({"material": "NONE"}, {"material"}),
        ({"unit": "m L"}, {"unit"}),
        ({"expires_at": "tomorrow"}, {"expires_at"}),
        ({"expires_at": "2026-11-22"}, {"expires_at"}),
        ({"origin": "stolen"}, {"origin"}),
        ({"produced_by": "NONE"}, {"produced_by"}),
        ({"sponsor": None}, {"sponsor"}),
        ({"colour": "red"}, {"colour"}),
    ],
)
def test_a_receipt_that_cannot_be_read_names_its_fields(cast, planner, facts, fields):
    a_material(cast, "DMEM")

    assert errors(planner.post("lots/", {"material": "DMEM", "quantity": "1", **facts})) == fields


def test_a_malformed_donation_number_is_a_refusal_in_words(cast, planner):
    a_material(cast, "MARROW")
    body = {"material": "MARROW", "quantity": "1", "origin": "donation"}

    answer = planner.post("lots/", {**body, "donation_number": "G123498654321X"})

    assert codes(answer) == ["bad_donation_number"]


@pytest.mark.parametrize("verb", ["release", "reject", "recall"])
def test_verbs_of_a_lot_are_signed(cast, qa, verb):
    status = "released" if verb == "recall" else "quarantine"
    a_lot(cast, "L-1", status=status)
    before = Signature.objects.count()
    reason = {} if verb == "release" else {"reason": "Supplier's alert."}

    assert errors(qa.post(f"lots/L-1/{verb}/", reason)) == {"signature"}
    wrong = qa.post(f"lots/L-1/{verb}/", {**reason, "signature": {"password": "no"}})
    assert wrong.status_code == 403
    assert SigningAttempt.objects.count() == 1
    assert Lot.objects.get().status == status

    assert qa.post(f"lots/L-1/{verb}/", {**reason, **SIGNATURE}).status_code == 200
    assert Signature.objects.count() == before + 1


@pytest.mark.parametrize("verb", ["reject", "recall"])
def test_rejecting_and_recalling_take_a_reason(cast, qa, verb):
    a_lot(cast, "L-1", status="released" if verb == "recall" else "quarantine")

    assert errors(qa.post(f"lots/L-1/{verb}/", SIGNATURE)) == {"reason"}


def test_whoever_may_not_release_is_told_who_may(cast, planner):
    a_lot(cast, "L-1", status="quarantine")

    answer = planner.post("lots/L-1/release/", SIGNATURE)

    assert codes(answer) == ["no_right", "own_receipt"]


def test_a_use_over_stock_of_another_unit_or_of_nothing_is_refused(cast, operator):
    a_batch(cast, "B-1")
    a_lot(cast, "L-1", quantity="5")
    body = {"lot": "L-1", "quantity": "6", "unit": "mL", "used_at": USED_AT}
    path = "batches/B-1/consumptions/"

    assert codes(operator.post(path, body)) == ["over_stock"]
    assert codes(operator.post(path, {**body, "unit": "L"})) == ["unit_differs"]
    assert errors(operator.post(path, {**body, "lot": "NONE"})) == {"lot"}
    assert errors(operator.post(path, {**body, "batch": "B-1"})) == {"lot"}
    assert errors(operator.post(path, {**body, "step": "S99"})) == {"step"}
    assert Consumption.objects.count() == 0


def test_a_batch_is_used_and_a_batch_of_itself_is_not(cast, operator):
    a_batch(cast, "B-1")
    a_released_batch(cast, "B-0")
    body = {"batch": "B-0", "quantity": "6", "unit": "mL", "used_at": USED_AT}

    assert operator.post("batches/B-1/consumptions/", body).json()["batch"] == "B-0"
    assert codes(operator.post("batches/B-1/consumptions/", {**body, "batch": "B-1"})) == ["itself"]


def test_a_use_is_cancelled_with_a_reason_and_stays_in_the_list(cast, operator):
    use = a_use(cast, a_batch(cast, "B-1"), a_lot(cast, "L-1"))
    path = f"batches/B-1/consumptions/{use.pk}/cancel/"

    assert errors(operator.post(path)) == {"reason"}
    cancelled = operator.post(path, {"reason": "Wrong lot scanned."}).json()
    assert cancelled["cancelled_reason"] == "Wrong lot scanned."
    assert operator.get("batches/B-1/consumptions/").json()["results"] == [cancelled]
    assert (
        operator.post("batches/B-1/consumptions/99999999/cancel/", {"reason": "x"}).status_code
        == 404
    )


def test_a_trace_goes_one_way_or_the_other(cast, qa):
    a_lot(cast, "L-1")

    assert errors(qa.get("lots/L-1/trace/?direction=sideways")) == {"direction"}
    assert qa.get("lots/NONE/trace/").status_code == 404


def test_a_trace_costs_one_query_whatever_its_size(cast, qa):
    lot = a_lot(cast, "L-1")
    for number in range(5):
        a_use(cast, a_batch(cast, f"B-{number}"), lot)
    small = a_lot(cast, "L-2")

    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            assert qa.get(path).status_code == 200
        assert sum("WITH RECURSIVE" in query["sql"] for query in queries) == 1
        return len(queries)

    cost(f"lots/{small.number}/trace/")
    assert cost("lots/L-1/trace/") == cost("lots/L-2/trace/")


def test_a_sponsor_reads_its_own_lots_and_shared_stock_without_others_use(cast, sponsor):
    shared = a_lot(cast, "L-STOCK", quantity="100")
    a_lot(cast, "L-UNUSED")
    a_lot(cast, "L-IXAKA", sponsor=cast.ixaka)
    a_use(cast, a_batch(cast, "B-OURS"), shared, "1")
    a_use(cast, a_batch(cast, "B-THEIRS", sponsor=cast.ixaka), shared, "2")

    lots = sponsor.get("lots/").json()["results"]
    assert [lot["number"] for lot in lots] == ["L-STOCK"]
    assert not {"available", "supplier", "supplier_lot", "storage"} & set(lots[0])
    assert sponsor.get("lots/L-UNUSED/").status_code == 404
    assert sponsor.get("lots/L-IXAKA/trace/").status_code == 404
    assert sponsor.get("batches/B-THEIRS/consumptions/").status_code == 404
    assert [m["code"] for m in sponsor.get("materials/").json()["results"]] == ["MEDIUM-1"]
    uses = sponsor.get("batches/B-OURS/consumptions/").json()["results"]
    assert [(use["lot"], use["quantity"]) for use in uses] == [("L-STOCK", "1")]
    trace = sponsor.get("lots/L-STOCK/trace/?direction=forward").json()
    assert [node["key"] for node in trace["nodes"]] == ["L-STOCK", "B-OURS"]
    assert [edge["quantity"] for edge in trace["edges"]] == ["1"]


def test_a_sponsor_writes_nothing(cast, sponsor):
    a_lot(cast, "L-1", sponsor=cast.kadimastem, status="quarantine")
    a_batch(cast, "B-1")

    for path in ("lots/", "materials/", "lots/L-1/release/", "batches/B-1/consumptions/"):
        assert sponsor.post(path, SIGNATURE).status_code == 403


@pytest.mark.parametrize(
    "query", ["status=thrown", "ordering=secret", "limit=0", "search=" + "x" * 300]
)
def test_an_unknown_filter_value_is_refused(cast, qa, query):
    assert qa.get(f"lots/?{query}").status_code == 400


@pytest.mark.parametrize("nested", ["consumptions", "trace"])
def test_query_parameters_of_the_batch_list_do_no_harm_below_a_batch(cast, qa, nested):
    a_batch(cast, "B-1")

    for query in ("ordering=number", "search=x", "limit=0", "cursor=x"):
        assert qa.get(f"batches/B-1/{nested}/?{query}").status_code == 200


def test_lots_are_found_by_state_material_and_text(cast, qa):
    a_lot(cast, "L-1", supplier_lot="SUP-77")
    a_lot(cast, "L-2", status="quarantine", material=a_material(cast, "OTHER"))

    def found(query):
        return [lot["number"] for lot in qa.get(f"lots/?{query}").json()["results"]]

    assert found("status=quarantine") == ["L-2"]
    assert found("material=MEDIUM-1") == ["L-1"]
    assert found("search=SUP-77") == ["L-1"]
    assert found("ordering=number") == ["L-1", "L-2"]
