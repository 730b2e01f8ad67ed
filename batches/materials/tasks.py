"""Sweeps of the materials room."""

from celery import shared_task
from django.utils import timezone

from batches.materials import services


@shared_task
def sweep(**_future):
    """Mark lots whose time is over.

    Safe twice, late or in two workers: the service claims rows with skip_locked, and an expired
    lot is no longer due. Late only costs the label: use is judged by the expiry itself.
    """
    return services.expire_lots(by=None, at=timezone.now())
