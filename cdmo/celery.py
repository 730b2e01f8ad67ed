"""The Celery application. The row is the job: a sweep finds it, so a lost message loses nothing."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdmo.settings")

from django.conf import settings

from cdmo.runtime.heartbeat import Heartbeat

# Every task of every room, and how many seconds lie between two knocks.
SWEEPS = {
    "cdmo.archive.tasks.sweep": 2.0,
    "cdmo.archive.tasks.daily_backup": 600.0,
    "cdmo.archive.tasks.continuity": 3600.0,
    "batches.materials.tasks.sweep": 60.0,
    "cdmo.records.tasks.seal": 60.0,
    "cdmo.web.tasks.configuration": 60.0,
    "qc.instruments.tasks.sweep": 2.0,
    "qc.release.tasks.renew": 60.0,
    "qc.release.tasks.sweep": 2.0,
    "techtransfer.projects.tasks.judge": 10.0,
}

app = Celery("cdmo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks({task.rpartition(".tasks.")[0] for task in SWEEPS})
app.conf.beat_schedule_filename = str(settings.DATA_DIR / "scheduler")
app.conf.beat_schedule = {
    task: {
        "task": task,
        "schedule": seconds,
        # A knock that waited longer than two beats for a worker is dropped unread: the next one
        # does its work. After an hour without a worker, stale knocks are thrown away, not run.
        "options": {"expires": 2 * seconds},
    }
    for task, seconds in SWEEPS.items()
}
app.steps["worker"].add(Heartbeat)


@setup_logging.connect
def keep_the_logging_of_settings(**_):
    """Hold Celery back from replacing the handlers that settings.LOGGING has set up."""
