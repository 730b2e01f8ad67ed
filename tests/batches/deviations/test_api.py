"""REST: deviations."""

import pytest

from tests.builders.manufacture import a_reviewed_batch, a_started_batch, step_of
from tests.rest import Caller, codes, fields

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.batches.manufacture.rest_site")]


@pytest.fixture
def caller(client, cast):
    return lambda name: Caller(client, getattr(cast, name))


def raised(caller, batch, **more):
    response = caller("operator").post(
        "deviations/", {"batch": batch.number, "title": "Alarm", **more}
    )
    assert response.status_code == 201, response.content
    return response.json()


def test_a_deviation_is_raised_classified_and_closed(cast, caller):
    batch = a_started_batch(cast)

    made = raised(caller, batch, step="SEED", description="Below the limit")
    assert made["number"] == "DEV-26-0001"
    assert (made["batch"], made["step"]) == (batch.number, f"{batch.number}/SEED")
    assert (made["status"], made["classification"]) == ("open", "")
    assert made["raised_by"] == "operator@cdmo.example"

    qa, home = caller("qa"), f"deviations/{made['number']}/"
    classified = qa.post(f"{home}classify/", {"classification": "critical"}).json()
    assert (classified["status"], classified["classification"]) == ("investigating", "critical")
    closed = qa.sign(f"{home}close/", {"conclusion": "The sensor was wrong."}).json()
    assert (closed["status"], closed["closed_by"]) == ("closed", "qa@cdmo.example")


def test_a_step_is_named_by_its_code_or_its_key_and_must_be_there(cast, caller):
    batch = a_started_batch(cast)

    assert raised(caller, batch, step=step_of(batch, "SEED").key)["step"].endswith("/SEED")
    response = caller("operator").post(
        "deviations/", {"batch": batch.number, "title": "x", "step": "NONE"}
    )
    assert fields(response) == ["step"]


def test_bad_bodies_name_their_fields(cast, caller):
    batch = a_started_batch(cast)
    number = raised(caller, batch)["number"]
    qa = caller("qa")

    assert fields(caller("operator").post("deviations/", {"batch": "NONE"})) == ["batch", "title"]
    assert fields(qa.post(f"deviations/{number}/classify/", {"classification": ""})) == [
        "classification"
    ]
    assert fields(qa.sign(f"deviations/{number}/close/")) == ["conclusion"]
    assert fields(qa.patch(f"deviations/{number}/", {"title": "New"})) == ["reason"]
    assert codes(qa.sign(f"deviations/{number}/close/", {"conclusion": "ok"})) == ["wrong_status"]


def test_deviations_are_filtered_by_batch_and_status(cast, caller):
    first, second = a_started_batch(cast), a_started_batch(cast)
    numbers = [raised(caller, batch)["number"] for batch in (first, second)]
    qa = caller("qa")
    qa.post(f"deviations/{numbers[1]}/classify/", {"classification": "minor"})

    def found(query):
        return [row["number"] for row in qa.get(f"deviations/?{query}").json()["results"]]

    assert found(f"batch={first.number}") == [numbers[0]]
    assert found("status=investigating&classification=minor") == [numbers[1]]


def test_a_sponsor_reads_a_deviation_of_its_own_once_it_is_closed(cast, caller):
    batch = a_reviewed_batch(cast)
    made = raised(caller, batch, step="SEED")
    reader, path = caller("kadimastem_reader"), f"deviations/{made['number']}/"
    assert reader.get(path).status_code == 404

    qa = caller("qa")
    qa.post(f"{path}classify/", {"classification": "minor"})
    qa.sign(f"{path}close/", {"conclusion": "No effect."})

    shown = reader.get(path).json()
    assert (shown["status"], shown["raised_by"], shown["closed_by"]) == ("closed", None, None)
    assert shown["step"] == made["step"]
    assert caller("ixaka_reader").get(path).status_code == 404
    assert reader.sign(f"{path}close/", {"conclusion": "x"}).status_code == 403
