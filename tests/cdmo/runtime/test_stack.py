"""The real site: programs as the Procfile names them."""

import pytest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]


def test_the_site_is_ready_and_notices_a_killed_worker(live_stack):
    assert live_stack.get("/readyz") == (200, {"status": "ready"})
    live_stack.kill("worker")
    live_stack.wait_for(lambda: live_stack.get("/readyz")[0] == 503, "the silence", patience=30)
    assert live_stack.get("/readyz")[1]["missing"] == ["worker"]
    assert live_stack.get("/healthz")[0] == 200
    live_stack.start("worker")
    live_stack.wait_for(lambda: live_stack.get("/readyz")[0] == 200, "the new worker")


def test_a_site_on_a_renewed_database_goes_on(live_stack):
    assert live_stack.get("/readyz") == (200, {"status": "ready"})
