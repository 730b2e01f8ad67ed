"""Sweeps of the instruments room."""

import time

from celery import shared_task
from django.utils import timezone

from qc.instruments import services

# A worker gives way to other sweeps between files: release checks do not wait for a pile of them.
BUDGET_SECONDS = 10.0


@shared_task
def sweep(**_future):
    """Read the files that wait, one after another.

    Safe twice, late or in two workers: a row has one holder (skip_locked), a claim counts for one
    attempt only, and what a killed worker was reading is taken over once, then set aside. Late only
    costs waiting: the upload has answered already.
    """
    until = time.monotonic() + BUDGET_SECONDS
    done = 0
    while services.read_next_file(at=timezone.now()) is not None:
        done += 1
        if time.monotonic() >= until:
            break
    return done
