"""The seal's beat."""

import time

from celery import shared_task
from django.utils import timezone

from cdmo.records.seals.making import seal_rows

BUDGET_SECONDS = 20.0


@shared_task
def seal(**_future):
    """Seal what has been written since the last seal.

    The rows are the job. Safe twice, late or in two workers: a second sealer finds the lock taken
    and leaves; a task that is delivered again finds nothing unsealed. Killed in between: the seal
    is one transaction, its rows stay unsealed until the next beat, and its number is given again.
    """
    until = time.monotonic() + BUDGET_SECONDS
    made = 0
    while time.monotonic() < until and seal_rows(by=None, at=timezone.now()):
        made += 1
    return made
