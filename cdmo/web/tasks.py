"""The beat of the installation's own record."""

from celery import shared_task
from django.utils import timezone

from cdmo.web.configuration import note_configuration


@shared_task
def configuration(**_future):
    """Put on record when the installation runs with other values than last recorded.

    Safe twice, late or in two workers: the second finds nothing different. A restart with other
    values is on record within a minute.
    """
    return bool(note_configuration(by=None, at=timezone.now()))
