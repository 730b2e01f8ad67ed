"""Nobody enters, confirms or approves a result without the training its method demands."""

import pytest

from cdmo.blockers import Blocked
from cdmo.training.services import demand_training, record_training
from qc.laboratory import services
from qc.laboratory.models import Result
from tests.builders.laboratory import a_read_file, a_reading, a_result
from tests.cast import proof_of
from tests.qc.laboratory.results import AT

pytestmark = [pytest.mark.django_db, pytest.mark.statement("P-17")]


def demand(cast, method="VIAB-01"):
    asked = {"task_kind": "method", "task": method, "document": method, "version": "1"}
    demand_training(**asked, by=cast.qa, at=AT)


def train(cast, person, method="VIAB-01"):
    given = {"document": method, "version": "1", "how": "shown"}
    record_training(person=person, **given, by=cast.qa, at=AT)


def refused(call, **arguments) -> list[str]:
    with pytest.raises(Blocked) as refusal:
        call(**arguments)
    return refusal.value.codes


def test_a_result_is_entered_by_a_trained_analyst_alone(cast, sample):
    demand(cast)
    entry = {"sample": sample, "test": "viability", "value": "95.0"}
    asked = {"entries": [entry], "by": cast.analyst, "at": AT}
    assert refused(services.enter_results, **asked) == ["not_trained"]
    assert not Result.objects.exists()
    train(cast, cast.analyst)
    assert len(services.enter_results(**asked)) == 1


def test_another_methods_result_is_nothing_to_it(cast, sample):
    demand(cast, "FLOW-01")
    assert a_result(cast, sample, at=AT).pk


def test_a_reading_is_confirmed_by_a_trained_analyst_alone(cast, sample):
    demand(cast)
    file = a_read_file(cast, at=AT)
    reading = a_reading(file, sample=sample.number)
    asked = {"file": file, "mapping": {reading.pk: (sample.number, "viability")}}
    asked |= {"by": cast.analyst, "at": AT}
    assert refused(services.confirm_measurements, **asked) == ["not_trained"]
    train(cast, cast.analyst)
    assert len(services.confirm_measurements(**asked)) == 1


def test_a_result_is_approved_by_a_reviewer_who_knows_the_method(cast, sample):
    result = a_result(cast, sample, at=AT, status="submitted")
    demand(cast)
    asked = {"results": [result], "by": cast.reviewer, "at": AT}
    asked["proof"] = proof_of(cast.reviewer, AT)
    assert refused(services.approve_results, **asked) == ["not_trained"]
    train(cast, cast.reviewer)
    assert services.approve_results(**asked)[0].status == "approved"
