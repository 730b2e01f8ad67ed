"""Fixtures of the whole suite. Servers and databases: session.py. The real site: stack.py."""

import os

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase

from tests import chromium
from tests.cast import cast, noon  # noqa: F401 (fixtures)
from tests.session import Database
from tests.stack import Stack


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """Replace pytest-django's: migrations run once a session, workers copy the outcome."""
    with django_db_blocker.unblock():
        database = Database()
        database.make()
        TransactionTestCase._fixture_teardown = lambda _: database.renew()
        yield database
        database.drop()


@pytest.fixture
def demonstration(django_db_setup, transactional_db):
    """Give this test the database as `manage.py demo` leaves it (loaded once a session)."""
    django_db_setup.renew(django_db_setup.demonstration())


@pytest.fixture(autouse=True)
def _no_rates_from_before():
    """Forget how often earlier tests signed in from this address: all of them come from one."""
    cache.clear()


@pytest.fixture(scope="session")
def stack(django_db_setup):
    """Give the session's real gunicorn, Celery worker and scheduler on this worker's database.

    Tests want `live_stack`: it also keeps what one test commits from the next.
    """
    running = Stack()
    yield running
    running.stop()


@pytest.fixture
def live_stack(stack, transactional_db):
    """Give a running stack (`.url`, `.start`, `.stop`, `.kill`) on a database as after migration.

    All three programs run, whatever an earlier test stopped or killed.
    """
    stack.start("web", "worker", "scheduler")
    yield stack
    # Left alone they would take up the work that the next test commits to this database.
    for name in {"worker", "scheduler"} & set(stack.running):
        stack.kill(name)


def pytest_collection_modifyitems(config, items):
    """Leave the browser's tests out where no browser can be had, and count them."""
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if wanting and not chromium.path():
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_terminal_summary(terminalreporter):
    left_out = terminalreporter.stats.get("skipped", [])
    if left_out:
        terminalreporter.section("tests left out")
        for report in left_out:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr[2]}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """With CI set, a test that was left out is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    in_charge = not os.environ.get("PYTEST_XDIST_WORKER")
    if os.environ.get("CI") and in_charge and reporter and reporter.stats.get("skipped"):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
