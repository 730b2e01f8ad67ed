"""Deviations: raised by anyone on the floor, classified and closed by quality assurance."""

from datetime import timedelta

import pytest

from batches.deviations import services
from batches.deviations.states import DeviationStatus
from cdmo.blockers import Blocked
from cdmo.records.models import AuditEvent, Outbox
from cdmo.records.signatures import standing_signatures
from tests.builders.manufacture import STEPPED, a_started_batch, step_of
from tests.cast import proof_of

pytestmark = [pytest.mark.django_db, pytest.mark.statement("U-12")]


@pytest.fixture
def batch(cast):
    return a_started_batch(cast)


def raised(cast, batch, *, by=None, **more):
    return services.raise_deviation(
        batch=batch, title="Alarm of the incubator", by=by or cast.operator, at=STEPPED, **more
    )


def classify(cast, deviation, classification="minor", *, by=None, reason=""):
    return services.classify_deviation(
        deviation=deviation,
        classification=classification,
        by=by or cast.qa,
        at=STEPPED,
        reason=reason,
    )


def close(cast, deviation, *, by=None, conclusion="No effect on the cells."):
    by = by or cast.qa
    return services.close_deviation(
        deviation=deviation, conclusion=conclusion, by=by, at=STEPPED, proof=proof_of(by, STEPPED)
    )


def refusal(call) -> list[str]:
    with pytest.raises(Blocked) as refused:
        call()
    return refused.value.codes


def test_a_deviation_is_numbered_and_belongs_to_its_batch_and_step(cast, batch):
    deviation = raised(cast, batch, step=step_of(batch, "SEED"))

    assert deviation.number == "DEV-26-0001"
    assert (deviation.sponsor_id, deviation.status) == (batch.sponsor_id, DeviationStatus.OPEN)
    assert Outbox.objects.filter(record_type="deviation", record_id=deviation.pk).exists()


def test_a_deviation_names_a_step_of_its_own_batch_and_a_time_that_was(cast, batch):
    other = a_started_batch(cast)

    assert refusal(
        lambda: raised(
            cast,
            batch,
            step=step_of(other, "SEED"),
            occurred_at=STEPPED + timedelta(minutes=1),
            by=cast.auditor,
        )
    ) == ["no_right", "step_of_another_batch", "in_future"]


def test_classification_begins_the_investigation(cast, batch):
    deviation = raised(cast, batch)

    assert refusal(lambda: classify(cast, deviation, by=cast.operator)) == ["no_right"]
    assert refusal(lambda: classify(cast, deviation, "")) == ["no_classification"]
    classified = classify(cast, deviation, "major")
    assert (classified.status, classified.classification) == ("investigating", "major")


def test_another_classification_needs_a_reason_and_is_kept(cast, batch):
    deviation = classify(cast, raised(cast, batch), "major")

    assert refusal(lambda: classify(cast, deviation, "minor")) == ["no_reason"]
    classify(cast, deviation, "minor", reason="cells were not exposed")

    event = AuditEvent.objects.filter(verb="deviation.classified").latest("id")
    assert (event.old, event.new) == ({"classification": "major"}, {"classification": "minor"})


def test_closing_is_signed_by_somebody_who_did_not_raise_it(cast, batch):
    deviation = classify(cast, raised(cast, batch, by=cast.qa))

    assert refusal(lambda: close(cast, deviation, conclusion=" ")) == [
        "own_deviation",
        "no_conclusion",
    ]
    closed = close(cast, deviation, by=cast.qa2)
    assert (closed.status, closed.closed_by) == (DeviationStatus.CLOSED, cast.qa2)
    assert standing_signatures(closed, verb="close").get().by == cast.qa2


def test_a_deviation_is_closed_after_its_classification_and_once(cast, batch):
    deviation = raised(cast, batch)
    assert refusal(lambda: close(cast, deviation)) == ["wrong_status"]

    close(cast, classify(cast, deviation))
    assert refusal(lambda: close(cast, deviation)) == ["wrong_status"]
    assert refusal(lambda: classify(cast, deviation, "critical")) == ["wrong_status", "no_reason"]
    assert refusal(lambda: close(cast, deviation, by=cast.operator))[0] == "no_right"


def test_the_words_of_a_deviation_change_with_a_reason_until_it_is_closed(cast, batch):
    deviation = raised(cast, batch)

    def change(reason="clearer"):
        return services.change_deviation(
            deviation=deviation, title="Alarm of incubator 2", by=cast.qa, at=STEPPED, reason=reason
        )

    assert refusal(lambda: change("")) == ["no_reason"]
    assert change().title == "Alarm of incubator 2"
    close(cast, classify(cast, deviation))
    assert refusal(change) == ["closed"]
