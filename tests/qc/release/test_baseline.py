"""The hand-written baseline of the benchmark asks the same questions: rule by rule, the answers."""

from types import SimpleNamespace

import pytest
from django.db import connection

from batches.manufacture.models import Batch
from benchmarks.release_check.by_hand import ByHand
from benchmarks.release_check.seed import NOW, seed
from qc.release.models import ReleaseCheck
from qc.release.services import queue_checks, run_waiting_checks

pytestmark = pytest.mark.django_db
BATCHES = 120  # enough that each kind of component batch is there


def outcomes() -> dict[int, dict[str, str]]:
    """Return what the last check of each batch came to, by rule."""
    last = ReleaseCheck.objects.filter(status="done").order_by("batch_id", "-pk")
    return {
        check.batch_id: {"verdict": check.verdict}
        | {finding["rule"]: finding["outcome"] for finding in check.digest}
        for check in last.distinct("batch_id")
    }


def test_the_baseline_comes_to_the_same_answers_rule_by_rule():
    seed(batches=BATCHES)
    ids = list(Batch.objects.values_list("pk", flat=True))
    connection.ensure_connection()
    ours = SimpleNamespace(cursor=connection.connection.cursor, commit=lambda: None)

    queue_checks(causes=dict.fromkeys(ids, "Test."), by=None, at=NOW)
    assert ByHand(ours, NOW).run(BATCHES) == BATCHES
    by_hand = outcomes()
    queue_checks(causes=dict.fromkeys(ids, "Test."), by=None, at=NOW)
    assert run_waiting_checks(at=NOW, limit=BATCHES) == BATCHES

    assert outcomes() == by_hand
    assert {found["RC-25"] for found in by_hand.values()} == {"pass", "pending", "fail"}
    assert {found["RC-02"] for found in by_hand.values()} == {"pass", "pending"}
