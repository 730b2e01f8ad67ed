"""The row is the job: two workers, a killed one, a check that breaks."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from cdmo.records.models import Outbox
from qc.release import services
from qc.release.models import CheckEvidence, ReleaseCheck
from qc.release.services import checking
from tests.builders.release import CERTIFIED, CHECKED, a_checked_batch, a_tested_batch, check_now
from tests.cast import make_cast, proof_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def people(transactional_db):
    return make_cast()


def at_once(work, number=2) -> list:
    """Run `work(n)` in threads that start together; return results or exceptions."""
    barrier, outcomes = threading.Barrier(number), [None] * number

    def run(n):
        barrier.wait()
        try:
            outcomes[n] = work(n)
        except Exception as error:
            outcomes[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.statement("P-47")
@pytest.mark.statement("U-19")
def test_two_workers_at_once_do_each_check_once(people):
    for _ in range(4):
        a_tested_batch(people)
    services.drain_outbox(by=None, at=CHECKED)

    ended = at_once(lambda _: services.run_waiting_checks(at=CHECKED, limit=3), 3)

    assert sum(ended) == 4
    assert CheckEvidence.objects.count() == ReleaseCheck.objects.count() == 4
    assert set(ReleaseCheck.objects.values_list("status", flat=True)) == {"done"}


def test_two_sweeps_at_once_queue_each_change_once(people):
    a_tested_batch(people)
    a_tested_batch(people)
    waiting = Outbox.objects.count()

    handled = at_once(lambda _: services.drain_outbox(by=None, at=CHECKED), 3)

    assert sum(handled) == waiting > 0
    assert ReleaseCheck.objects.filter(status="queued").count() == 2


def test_a_check_that_somebody_holds_is_passed_by(people):
    a_tested_batch(people)
    services.drain_outbox(by=None, at=CHECKED)
    (pk,) = services.claim_checks(by=None, at=CHECKED, limit=10)
    held, let_go = threading.Event(), threading.Event()

    def hold(_):
        with transaction.atomic():
            ReleaseCheck.objects.select_for_update().get(pk=pk)
            held.set()
            let_go.wait(20)

    thread = threading.Thread(target=lambda: (hold(0), connections.close_all()))
    thread.start()
    held.wait(20)
    try:
        assert services.claim_checks(by=None, at=CHECKED, limit=10) == []
        assert services.evaluate_checks(ids=[pk], by=None, at=CHECKED) == 0
    finally:
        let_go.set()
        thread.join()
    assert services.run_waiting_checks(at=CHECKED) == 1


def test_a_sweep_does_not_wait_for_changes_that_another_holds(people):
    a_tested_batch(people)
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(Outbox.objects.select_for_update())
            held.set()
            let_go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        assert services.drain_outbox(by=None, at=CHECKED) == 0
    finally:
        let_go.set()
        thread.join()
    assert services.drain_outbox(by=None, at=CHECKED) > 0


WORKER = """
import os, sys
import django
django.setup()
from django.db import connection
from django.utils.dateparse import parse_datetime
from qc.release import services
from qc.release.services import checking

connection.settings_dict["NAME"] = sys.argv[1]
def stop_here(*arguments, **facts):
    print("in the middle", flush=True)
    import time
    time.sleep(60)
checking._write = stop_here
services.run_waiting_checks(at=parse_datetime(sys.argv[2]))
"""


@pytest.mark.statement("P-47")
@pytest.mark.statement("U-20")
def test_a_worker_killed_in_the_middle_of_a_check_is_replaced_at_once(people):
    """The killed one's lock is gone with its connection; its row stands as running and free."""
    a_tested_batch(people)
    services.drain_outbox(by=None, at=CHECKED)
    name = connection.settings_dict["NAME"]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, name, CHECKED.isoformat()],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "cdmo.settings", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stdout.readline().strip() == "in the middle"
        check = ReleaseCheck.objects.get()
        assert (check.status, check.attempts) == ("running", 1)
        assert services.run_waiting_checks(at=CHECKED) == 0  # while it lives, nobody takes it
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()

    ended, until = 0, time.monotonic() + 10
    while not ended and time.monotonic() < until:
        ended = services.run_waiting_checks(at=CHECKED)

    check.refresh_from_db()
    assert (ended, check.status, check.verdict) == (1, "done", "ready")
    assert CheckEvidence.objects.count() == 1


@pytest.mark.statement("U-20")
@pytest.mark.django_db
def test_a_check_that_breaks_takes_no_other_with_it_and_ends_as_failed(cast, monkeypatch):
    good, bad = a_tested_batch(cast), a_tested_batch(cast)
    services.drain_outbox(by=None, at=CHECKED)
    judge = checking.rules.judge

    def breaks(evidence, **facts):
        if evidence.batch.number == bad.number:
            raise ZeroDivisionError("a rule divided by zero")
        return judge(evidence, **facts)

    monkeypatch.setattr(checking.rules, "judge", breaks)

    for _ in range(checking.ATTEMPTS + 1):
        services.run_waiting_checks(at=CHECKED)

    broken = ReleaseCheck.objects.get(batch=bad)
    assert ReleaseCheck.objects.get(batch=good).status == "done"
    assert (broken.status, broken.attempts) == ("failed", checking.ATTEMPTS)
    assert "divided by zero" in broken.error


@pytest.mark.django_db
def test_a_check_begun_five_times_without_end_is_given_up_in_words(cast):
    a_tested_batch(cast)
    services.drain_outbox(by=None, at=CHECKED)
    for _ in range(checking.ATTEMPTS):
        services.claim_checks(by=None, at=CHECKED, limit=10)

    assert services.run_waiting_checks(at=CHECKED) == 0

    check = ReleaseCheck.objects.get()
    assert (check.status, check.error) == (
        "failed",
        "The check was begun 5 times and never ended.",
    )


@pytest.mark.statement("P-47")
@pytest.mark.statement("U-19")
def test_two_qualified_persons_at_once_one_wins_and_one_is_told(people):
    batch = a_checked_batch(people)
    both = [people.qp, people.qp2]

    outcomes = at_once(
        lambda n: services.certify(
            batch=batch, by=both[n], at=CERTIFIED, proof=proof_of(both[n], CERTIFIED)
        )
    )

    from cdmo.blockers import Blocked
    from cdmo.records.models import AuditEvent, Signature
    from qc.release.models import Certificate, Certification

    (told,) = [o for o in outcomes if isinstance(o, Exception)]
    assert isinstance(told, Blocked)
    assert "wrong_status" in told.codes
    assert Certification.objects.count() == Certificate.objects.count() == 1
    assert Signature.objects.filter(verb="certify").count() == 1
    assert AuditEvent.objects.filter(verb="batch.certified").count() == 1


def test_a_deviation_raised_while_the_certifier_signs_is_before_or_after_never_missed(people):
    """Evidence is gathered under the batch's lock: a deviation is seen, or it came later."""
    from batches.deviations import services as deviations
    from batches.manufacture.models import Batch
    from cdmo.blockers import Blocked

    batch = a_checked_batch(people)

    def work(n):
        if n == 0:
            return services.certify(
                batch=batch, by=people.qp, at=CERTIFIED, proof=proof_of(people.qp, CERTIFIED)
            )
        return deviations.raise_deviation(
            batch=batch, title="Spill", by=people.operator, at=CERTIFIED
        )

    certified, deviation = at_once(work)

    assert not isinstance(deviation, Exception)
    if isinstance(certified, Blocked):
        assert "evidence_changed" in certified.codes
        assert Batch.objects.get(pk=batch.pk).disposition == "pending"
    else:
        check = check_now(batch, at=CERTIFIED + timedelta(minutes=1))
        assert check.verdict == "pending"  # it came after, and opened the batch again
