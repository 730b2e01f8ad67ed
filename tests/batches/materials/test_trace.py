from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from batches.manufacture.models import Batch
from batches.materials import services
from batches.materials.models import Consumption, Lot
from batches.materials.tracing import BACKWARD, FORWARD, trace
from cdmo.accounts.isolation import as_sponsor
from tests.builders.materials import a_batch, a_lot, a_material, a_released_batch, a_use
from tests.builders.portfolio import a_process, a_product
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-08")]


def shape(found):
    """The answer as sets: {key: depth} and {(from, to, quantity, kind)}; nothing may come twice."""
    nodes = {node["key"]: node["depth"] for node in found["nodes"]}
    edges = {(e["from"], e["to"], e["quantity"], e["kind"]) for e in found["edges"]}
    assert len(nodes) == len(found["nodes"])
    return nodes, edges


def a_chain(cast):
    """L-1 -> B-1 -> (L-2 produced) -> B-2, and B-1 straight into B-2: a diamond."""
    start = a_batch(cast, "B-1")
    a_use(cast, start, a_lot(cast, "L-1", sponsor=cast.kadimastem), "12.50")
    Batch.objects.filter(pk=start.pk).update(
        execution="completed",
        disposition="released",
        inventory="available",
        disposed_at=NOON - timedelta(hours=2),
        yield_value="500",
        yield_unit="mL",
    )
    start.refresh_from_db()
    end = a_batch(cast, "B-2")
    a_use(cast, end, a_lot(cast, "L-2", origin="produced", produced_by=start, quantity="40"), "3")
    a_use(cast, end, start, "7")
    return start, end


def test_a_backward_trace_reaches_everything_once_at_its_least_depth(cast):
    _, end = a_chain(cast)

    answer = trace(end, BACKWARD).as_json()

    assert {name: answer[name] for name in ("root", "direction", "complete")} == {
        "root": "B-2",
        "direction": "backward",
        "complete": True,
    }
    assert shape(answer) == (
        {"B-2": 0, "B-1": 1, "L-2": 1, "L-1": 2},
        {
            ("L-1", "B-1", "12.50", "consumed"),
            ("B-1", "L-2", "40", "produced"),
            ("L-2", "B-2", "3", "consumed"),
            ("B-1", "B-2", "7", "consumed"),
        },
    )
    assert answer["nodes"][0] == {
        "key": "B-2",
        "record_type": "batch",
        "status": "in_process",
        "depth": 0,
    }
    assert {node["key"]: node["status"] for node in answer["nodes"]}["B-1"] == "released"
    assert set(answer["edges"][0]) == {"from", "to", "quantity", "unit", "kind"}


def test_a_forward_trace_of_a_lot_reaches_everything_once_at_its_least_depth(cast):
    a_chain(cast)

    nodes, edges = shape(trace(Lot.objects.get(number="L-1"), FORWARD).as_json())

    assert nodes == {"L-1": 0, "B-1": 1, "B-2": 2, "L-2": 2}
    assert len(edges) == 4


def test_a_trace_shows_no_side_branches(cast):
    start, end = a_chain(cast)
    a_use(cast, end, a_lot(cast, "L-9"))

    assert "L-9" not in shape(trace(start, FORWARD).as_json())[0]
    assert shape(trace(start, BACKWARD).as_json())[0] == {"B-1": 0, "L-1": 1}


def test_a_shortcut_past_many_steps_shows_each_node_once_at_its_least_depth(cast):
    _, second = a_chain(cast)
    Batch.objects.filter(pk=second.pk).update(
        execution="completed", disposition="released", inventory="available",
        yield_value=100, yield_unit="mL",
    )  # fmt: skip
    last = a_batch(cast, "B-3")
    a_use(cast, last, Batch.objects.get(number="B-2"), "1", unit="mL")
    a_use(cast, last, Lot.objects.get(number="L-1"), "1")

    backward, _ = shape(trace(last, BACKWARD).as_json())
    forward, _ = shape(trace(Lot.objects.get(number="L-1"), FORWARD).as_json())

    assert backward == {"B-3": 0, "B-2": 1, "L-1": 1, "B-1": 2, "L-2": 2}
    assert forward == {"L-1": 0, "B-1": 1, "B-3": 1, "B-2": 2, "L-2": 2}


def test_a_lone_record_is_its_own_trace(cast):
    answer = trace(a_batch(cast, "B-1"), BACKWARD).as_json()

    assert (len(answer["nodes"]), answer["edges"]) == (1, [])


def test_each_use_is_an_edge_and_a_cancelled_one_is_none(cast):
    batch, lot = a_batch(cast, "B-1"), a_lot(cast, "L-1")
    a_use(cast, batch, lot, "1")
    a_use(cast, batch, lot, "1")
    for wrong in (lot, a_lot(cast, "L-2")):
        gone = a_use(cast, batch, wrong)
        services.cancel_consumption(
            consumption=gone, by=cast.operator, at=NOON, reason="Wrong lot."
        )

    answer = trace(batch, BACKWARD).as_json()

    assert len(answer["edges"]) == 2
    assert {node["key"] for node in answer["nodes"]} == {"B-1", "L-1"}


def a_wide_and_deep_graph(cast, levels=50, width=20):
    """Batches in levels, each made from two of the level before and a lot of its own."""
    pattern = a_batch(cast, "PATTERN")
    facts = {
        name: getattr(pattern, name)
        for name in (
            "sponsor_id",
            "product_id",
            "process_version_id",
            "site_id",
            "purpose",
            "planned_at",
        )
    }
    batches = Batch.objects.bulk_create(
        Batch(number=f"B-{level}-{n}", yield_value=100, yield_unit="mL", **facts)
        for level in range(levels)
        for n in range(width)
    )
    material = a_material(cast)
    lots = Lot.objects.bulk_create(
        Lot(
            number=f"L-{n}",
            material=material,
            sponsor=cast.cdmo,
            quantity=1,
            unit="mL",
            received_at=NOON,
        )
        for n in range(levels * width)
    )
    use = {
        "sponsor_id": pattern.sponsor_id,
        "quantity": 1,
        "unit": "mL",
        "used_at": NOON,
        "recorded_at": NOON,
        "recorded_by": cast.operator,
    }
    uses = [Consumption(batch=b, lot=lot, **use) for b, lot in zip(batches, lots, strict=True)]
    for place in range(width, len(batches)):
        level, n = divmod(place, width)
        for other in {n, (n + 1) % width}:
            source = batches[(level - 1) * width + other]
            uses.append(Consumption(batch=batches[place], source_batch=source, **use))
    Consumption.objects.bulk_create(uses)
    return batches, lots


def test_fifty_levels_and_two_thousand_nodes_come_whole_in_one_query(cast):
    batches, _ = a_wide_and_deep_graph(cast)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = trace(batches[-1], BACKWARD, user=cast.qa).as_json()

    assert len(queries) == 1
    nodes, edges = shape(answer)
    # The last batch, two of the level before, three before that, up to all twenty.
    expected = sum(min(level + 1, 20) for level in range(50))
    assert len(nodes) == 2 * expected
    assert max(nodes.values()) == 50
    assert len(edges) == expected + sum(2 * min(level + 1, 20) for level in range(49))


def test_a_recall_of_the_first_lot_finds_two_thousand_nodes(cast):
    batches, lots = a_wide_and_deep_graph(cast)

    nodes, _ = shape(trace(lots[0], FORWARD, user=cast.qa).as_json())

    assert len(nodes) == 1 + sum(min(level + 1, 20) for level in range(50))
    assert nodes[batches[0].number] == 1


def shared_stock(cast):
    """One CDMO lot in batches of two sponsors, and a batch of Kadimastem in another of its own."""
    lot = a_lot(cast, "L-STOCK")
    ours, theirs = a_batch(cast, "B-OURS"), a_batch(cast, "B-THEIRS", sponsor=cast.ixaka)
    a_use(cast, ours, lot, "1")
    a_use(cast, theirs, lot, "2")
    a_lot(cast, "L-THEIRS", status="quarantine", origin="produced", produced_by=theirs)
    source = a_released_batch(cast, "B-BEFORE")
    a_use(cast, ours, source, "3")
    return lot, ours


@pytest.mark.parametrize("isolated", [False, True])
def test_a_sponsor_traces_shared_stock_to_its_own_batches_only(cast, isolated):
    lot, ours = shared_stock(cast)
    reader = cast.kadimastem_reader
    _ = reader.is_sponsor_side

    if isolated:  # PostgreSQL alone holds: the function is told nothing of the person
        with as_sponsor(cast.kadimastem.pk):
            forward = trace(lot, FORWARD).as_json()
            backward = trace(ours, BACKWARD).as_json()
    else:  # the filter alone holds: no row-level security
        forward = trace(lot, FORWARD, user=reader).as_json()
        backward = trace(ours, BACKWARD, user=reader).as_json()

    assert shape(forward) == (
        {"L-STOCK": 0, "B-OURS": 1},
        {("L-STOCK", "B-OURS", "1", "consumed")},
    )
    assert shape(backward)[0] == {"B-OURS": 0, "L-STOCK": 1, "B-BEFORE": 1}


@pytest.mark.parametrize("isolated", [False, True])
def test_a_sponsor_does_not_meet_the_cdmos_own_batch_behind_its_stock(cast, isolated):
    vector = a_released_batch(cast, "B-VECTOR", product=cdmo_product(cast))
    lot = a_lot(cast, "L-VECTOR", origin="produced", produced_by=vector)
    ours = a_batch(cast, "B-OURS")
    a_use(cast, ours, lot)
    reader = cast.kadimastem_reader
    _ = reader.is_sponsor_side

    if isolated:
        with as_sponsor(cast.kadimastem.pk):
            answer = trace(ours, BACKWARD).as_json()
    else:
        answer = trace(ours, BACKWARD, user=reader).as_json()

    assert shape(answer) == (
        {"B-OURS": 0, "L-VECTOR": 1},
        {("L-VECTOR", "B-OURS", "10", "consumed")},
    )


def cdmo_product(cast):
    """A component that the CDMO makes for itself: the portfolio does not let one in so far."""
    product = a_product(cast, "VECTOR", modality="component")
    process = a_process(cast, product)
    for record in (product, process):
        record.pk, record.code, record.sponsor = None, f"CDMO-{record.code}", cast.cdmo
    process.product = product
    product.save()
    process.save()
    return product


def test_a_sponsor_sees_lots_and_materials_through_its_own_batches_only(cast):
    shared_stock(cast)
    a_lot(cast, "L-UNUSED", material=a_material(cast, "SECRET"))
    a_lot(cast, "L-IXAKA", sponsor=cast.ixaka)
    reader = cast.kadimastem_reader

    seen = set(Lot.objects.visible_to(reader).values_list("number", flat=True))
    with transaction.atomic(), as_sponsor(cast.kadimastem.pk):
        allowed = set(Lot.objects.values_list("number", flat=True))

    assert seen == allowed == {"L-STOCK"}
    material = type(a_material(cast))
    assert set(material.objects.visible_to(reader).values_list("code", flat=True)) == {"MEDIUM-1"}
