"""The Celery application. The row is the job: a sweep finds it, so a lost message loses nothing."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdmo.settings")

from django.conf import settings

from cdmo.runtime.heartbeat import Heartbeat

ROOMS_WITH_TASKS = ("batches.materials", "qc.instruments", "qc.release")
SWEEP_SECONDS = 2.0
# A sweep that waited longer than two beats for a worker is dropped unread: the next one does its
# work. After an hour without a worker, 1,800 stale sweeps are thrown away, not run.
SWEEP_OPTIONS = {"expires": 2 * SWEEP_SECONDS}

app = Celery("cdmo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(ROOMS_WITH_TASKS)
app.conf.beat_schedule_filename = str(settings.DATA_DIR / "scheduler")
app.conf.beat_schedule = {
    f"{room}.sweep": {
        "task": f"{room}.tasks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": SWEEP_OPTIONS,
    }
    for room in ROOMS_WITH_TASKS
}
app.steps["worker"].add(Heartbeat)


@setup_logging.connect
def keep_the_logging_of_settings(**_):
    """Hold Celery back from replacing the handlers that settings.LOGGING has set up."""
