"""The main job through REST only: from issue to release, with a real instrument file."""

import pytest
from django.core.management import call_command

from tests.journeys.plant import Plant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("U-22")]

PEOPLE = {
    **{
        name: f"{name}@cdmo.example"
        for name in (
            *("planner", "operator", "operator2", "supervisor", "analyst", "reviewer"),
            *("qa", "qa2", "qp", "pm"),
        )
    },
    "reader": "reader@kadimastem.example",
    "stranger": "reader@ixaka.example",
}


@pytest.fixture
def plant(demonstration, live_stack, capsys):
    tokens = {}
    for name, email in PEOPLE.items():
        call_command("api_token", email)
        tokens[name] = capsys.readouterr().out.strip()
    return Plant(live_stack.url, tokens)


@pytest.fixture
def vicell_file(data_folder):
    name = "Beckman_Vi-Cell-XR_example07_instrumentOutput.txt"
    return name, (data_folder / "vicell_xr" / name).read_bytes()


def own_lots(plant, product):
    """Released lots with stock that this product's batches may use."""
    sponsor = plant.qa.get(f"products/{product}/")["sponsor"]
    rows = plant.qa.get("lots/?status=released&limit=500")["results"]
    return [
        row["number"]
        for row in rows
        if row["sponsor"] in {"CDMO", sponsor} and float(row["available"]) > 5
    ][:2]


def test_from_an_instruments_file_to_a_certified_batch(plant, vicell_file):
    """Upload, confirm, approve, review; the check turns ready by itself; the QP certifies."""
    filename, data = vicell_file
    batch = plant.plan("ASTRORX")["number"]
    plant.manufacture(batch, lots=own_lots(plant, "ASTRORX"))
    sample = plant.sample(batch, "CLB001")

    file = plant.analyst.upload(
        "instrument-files/", filename, data, instrument="VICELL-XR-01", vendor="vicell_xr"
    )
    read = plant.analyst.wait(
        f"instrument-files/{file['number']}/", lambda found: found["status"] in {"read", "failed"}
    )
    assert read["error"] == ""
    (viability,) = [m for m in read["measurements"] if m["quantity"] == "viability"]
    assert (viability["sample_text"], viability["value"], viability["unit"]) == (
        "CLB001",
        "97.0",
        "%",
    )
    mapping = {str(viability["id"]): {"sample": sample, "test": "Viability"}}
    plant.analyst.post(f"instrument-files/{file['number']}/confirm/", {"map": mapping})

    (counted,) = plant.analyst.get(f"results/?sample={sample}")["results"]
    assert (counted["test"], counted["value"]) == ("Viability", "97.0")
    plant.analyst.post(f"results/{counted['id']}/submit/")
    others = [
        line for line in plant.specification("ASTRORX")["lines"] if line["test"] != "Viability"
    ]
    results = plant.enter(sample, others)
    not_yet = plant.qp.sign(f"batches/{batch}/certify/", expect=409)
    assert len(not_yet["blockers"]) > 1
    plant.approve([counted["id"], *results])
    plant.review(batch)
    plant.ready(batch)

    assert plant.certify(batch)["disposition"] == "released"

    (certificate,) = plant.reader.get(f"certificates/?batch={batch}")["results"]
    document = plant.reader.download(f"documents/{certificate['document']}/content/")
    assert document.content.startswith(b"%PDF-")
    assert document.headers["Content-Disposition"].startswith("attachment")
    for path in (
        f"batches/{batch}/",
        f"batches/{batch}/readiness/",
        f"documents/{certificate['document']}/content/",
        f"certificates/{certificate['number']}/",
        f"results/{counted['id']}/",
    ):
        plant.stranger.get(path, expect=404)


def released(plant, product, **made):
    """A new batch of a product, made from issue to release."""
    batch = plant.plan(product)["number"]
    plant.manufacture(batch, lots=own_lots(plant, product), **made)
    sample = plant.sample(batch, f"S-{batch}")
    plant.approve(plant.enter(sample, plant.specification(product)["lines"]))
    plant.review(batch)
    plant.ready(batch)
    assert plant.certify(batch)["disposition"] == "released"
    return plant.qa.get(f"batches/{batch}/")


def test_a_batch_made_over_rest_goes_into_another_that_is_certified(plant):
    """Nobody gives a yield at completion: the record's own step has measured it."""
    cells = released(plant, "ENK")
    assert (float(cells["yield_value"]) > 100, cells["yield_unit"]) == (True, "10*6")

    armed = released(plant, "MXNK-101", source_batches=[(cells["number"], "100", "10*6")])

    trace = plant.qa.get(f"batches/{armed['number']}/trace/?direction=backward")
    assert cells["number"] in {node["key"] for node in trace["nodes"]}
    too_much = {"batch": cells["number"], "quantity": "99999", "unit": "10*6"}
    another = plant.plan("MXNK-101")["number"]
    plant.qa.sign(f"batches/{another}/issue/")
    plant.operator.post(f"batches/{another}/start/")
    refused = plant.operator.post(f"batches/{another}/consumptions/", too_much, expect=409)
    assert [blocker["code"] for blocker in refused["blockers"]] == ["over_stock"]


@pytest.mark.parametrize(
    ("product", "coi"),
    [
        ("REX-001", "COI-2611-7F"),
        ("ENK", None),
        ("MXNK-101", None),
        ("ACT-CART", "COI-2611-8G"),
        ("ACT-PLASMID", None),
        ("ACT-LVV", None),
    ],
)
def test_a_new_batch_is_made_from_issue_to_release(plant, product, coi):
    batch = plant.plan(product, coi=coi)["number"]

    plant.manufacture(batch, lots=own_lots(plant, product))
    sample = plant.sample(batch, f"S-{product}")
    plant.approve(plant.enter(sample, plant.specification(product)["lines"]))
    plant.review(batch)
    plant.ready(batch)

    assert plant.certify(batch)["disposition"] == "released"
