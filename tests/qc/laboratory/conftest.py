"""A sample of a batch in process, with a specification in force."""

import pytest

from qc.laboratory.models import OosInvestigation
from tests.builders.laboratory import (
    a_result,
    a_sample,
    a_specification,
)
from tests.builders.manufacture import a_product_with_master, a_started_batch
from tests.qc.laboratory.results import AT


@pytest.fixture
def product(cast):
    return a_product_with_master(cast)


@pytest.fixture
def sample(cast, product):
    a_specification(cast, product)
    return a_sample(cast, a_started_batch(cast, product), at=AT)


@pytest.fixture
def oos(cast, sample):
    result = a_result(cast, sample, value="50", at=AT)
    return OosInvestigation.objects.get(result=result)
