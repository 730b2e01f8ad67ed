"""The release room's sweeps."""

import time

from celery import shared_task
from django.utils import timezone

from qc.release import services

# A worker gives way to other sweeps between sets; what is left waits for the next beat.
BUDGET_SECONDS = 20.0


@shared_task(name="qc.release.tasks.renew", acks_late=True, ignore_result=True)
def renew(**_future):
    """Queue checks for undecided batches that time or new rules have overtaken.

    Safe twice, late or in two workers: what is queued is a row, at most one a batch, and a batch
    that has one is passed by. Killed meanwhile, nothing is queued and the next beat finds the same.
    Missed for a day, it finds everything that has passed by then. The checks are run by `sweep`.
    """
    return services.queue_outdated(by=None, at=timezone.now())


@shared_task(name="qc.release.tasks.sweep", acks_late=True, ignore_result=True)
def sweep(**_future):
    """Queue checks for what has changed, then run the checks that wait.

    Safe twice, late or in two workers. Changes and checks are rows: claimed with skip_locked and
    marked in the transaction that did the work. Killed while queueing: nothing is queued and the
    changes are still there. Killed while checking: the check's lock is gone with its transaction,
    the row stands as running and free, and the next sweep takes it over; it can end only once,
    because a done check is refused every change. A lost message costs one beat.
    """
    until = time.monotonic() + BUDGET_SECONDS
    while services.drain_outbox(by=None, at=timezone.now()) and time.monotonic() < until:
        pass
    done = 0
    while ended := services.run_waiting_checks(at=timezone.now()):
        done += ended
        if time.monotonic() >= until:
            break
    return done
