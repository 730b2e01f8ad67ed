"""Celery: keep what both units are told about their gates fresh."""

from celery import shared_task
from django.utils import timezone

from techtransfer.projects.services import judge_gates


@shared_task
def judge():
    """Judge the gates of running transfers again.

    Safe twice, late or in two workers: the transfers' rows are locked (taken ones are skipped, the
    next beat finds them), the outcome depends on the evidence alone, and only a change is written.
    """
    judge_gates(by=None, at=timezone.now())
