"""The small site, and a client that is signed in."""

import pytest

from tests.builders.portfolio import a_product
from tests.cdmo.web import small_pages


@pytest.fixture
def small_site(settings):
    settings.ROOT_URLCONF = "tests.cdmo.web.small_pages"
    small_pages.Close.acted.clear()
    return small_pages


@pytest.fixture
def product(cast):
    return a_product(cast)


@pytest.fixture
def signed_in(client):
    def as_person(person):
        client.force_login(person)
        return client

    return as_person
