"""Sweeps of the archive."""

import time

from celery import shared_task
from django.utils import timezone

from cdmo.archive import services

BUDGET_SECONDS = 20.0


@shared_task
def sweep(**_future):
    """Write the dossiers that wait, one after another.

    Safe twice, late or in two workers: a row has one holder (skip_locked), what a killed worker
    was writing is taken over once, then set aside, and a dossier that is done refuses every change.
    """
    until = time.monotonic() + BUDGET_SECONDS
    done = 0
    while services.make_next_dossier(at=timezone.now()) is not None:
        done += 1
        if time.monotonic() >= until:
            break
    return done
