"""A request that no view could read is still answered in the language of its door."""

import pytest
from django.conf import settings

from tests.cdmo.api.test_base import Caller, problem

pytestmark = pytest.mark.django_db
BATCHES = "/api/v1/batches/"


@pytest.mark.statement("U-18")
@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k1"}], ids=["bare", "with_a_key"])
def test_a_body_beyond_the_limit_is_a_problem_and_no_page(client, cast, headers):
    body = b'"' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"'
    found = problem(Caller(client, cast.qa).send(body, BATCHES, **headers), 413)
    assert "larger" in found["detail"]


def test_a_form_with_too_many_fields_is_a_problem_and_no_page(client, cast, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    caller = Caller(client, cast.analyst)
    response = client.post(
        "/api/v1/instrument-files/",
        {str(number): "x" for number in range(4)},
        headers={**caller.headers, "Idempotency-Key": "k1"},
    )
    assert problem(response, 400)["errors"] == []
