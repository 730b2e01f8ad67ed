"""After signing in one goes on inside this house only."""

import pytest

from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "target", ["http://[", "https://elsewhere.example/", "//elsewhere.example"]
)
def test_signing_in_goes_home_when_asked_to_go_elsewhere(client, cast, target):
    answer = client.post(
        "/accounts/login/", {"login": cast.qa.email, "password": PASSWORD, "next": target}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_the_login_page_of_a_signed_in_person_takes_any_text_for_an_address(client, cast):
    client.force_login(cast.qa)
    answer = client.get("/accounts/login/", {"next": "http://["})
    assert (answer.status_code, answer["Location"]) == (302, "/")
