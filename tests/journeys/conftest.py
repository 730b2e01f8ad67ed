"""Chromium for the journeys: pytest-playwright's `page`, on the live stack."""

import os

import pytest

from tests import chromium
from tests.qc.instruments.conftest import data_folder  # noqa: F401 (a fixture)

# Playwright's synchronous interface runs an event loop in this thread, which Django takes for
# asynchronous code; nothing here awaits.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def base_url(stack):
    return stack.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": chromium.path(),
        "args": chromium.ARGUMENTS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "UTC",
    }


@pytest.fixture
def site(live_stack, page):
    """Give a page on the live stack that fails the test on any error in its console.

    A refused inline script or style is such an error: the content security policy is proven on
    every page that a journey visits.
    """
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
