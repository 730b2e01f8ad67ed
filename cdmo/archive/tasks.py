"""Sweeps of the archive."""

import logging
import time
from datetime import timedelta
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cdmo.archive import services
from cdmo.archive.continuity import write_pack
from cdmo.archive.models import Backup
from cdmo.archive.states import BackupStatus
from cdmo.runtime.backup import BackupFailed, keep_newest, write_backup
from cdmo.runtime.clients import NoClient
from cdmo.runtime.keys import BadKey, key_of

logger = logging.getLogger(__name__)

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


EVERY = timedelta(hours=24)
AGAIN = timedelta(hours=1)  # after a failure
ONE_AT_A_TIME = 7302  # an advisory lock: it ends with the session, also of a killed worker


@shared_task
def daily_backup(**_future):
    """Back up into BACKUP_DIR when the last success is a day old; keep the newest BACKUP_KEEP.

    Safe twice, late or in two workers: one holds the lock and the other goes away; a second knock
    finds the success of the first. A killed worker leaves a folder that has no backup's name and a
    row that says running, and the next knock begins anew. A failure is tried again in an hour.
    """
    if not settings.BACKUP_DIR or not _due(timezone.now()):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return None
    try:
        return _back_up() if _due(timezone.now()) else None
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


def _due(now) -> bool:
    last = Backup.objects.exclude(status=BackupStatus.RUNNING).order_by("-done_at").first()
    if last is None:
        return True
    wait = EVERY if last.status == BackupStatus.DONE else AGAIN
    return last.done_at <= now - wait


def _back_up():
    backup = services.begin_backup(by=None, at=timezone.now(), scheduled=True)
    try:
        key = key_of(settings.BACKUP_KEY, "BACKUP_KEY") if settings.BACKUP_KEY else None
        facts = write_backup(Path(settings.BACKUP_DIR), at=timezone.now(), key=key)
    except (BackupFailed, NoClient, BadKey) as error:
        logger.error("The daily backup failed: %s", error)
        services.end_backup(backup=backup, error=str(error), by=None, at=timezone.now())
        return None
    services.end_backup(backup=backup, facts=facts, by=None, at=timezone.now())
    keep_newest(Path(settings.BACKUP_DIR), settings.BACKUP_KEEP)
    return str(facts.folder)


@shared_task
def continuity(**_future):
    """Write the sheets of the batches in work into CONTINUITY_DIR, for when the system is down.

    Safe twice, late or in two workers: each run writes a folder of its own, which has its name
    only once it is whole; late only means that the sheets on the disk are older.
    """
    if settings.CONTINUITY_DIR:
        return str(write_pack(Path(settings.CONTINUITY_DIR), at=timezone.now()))
    return None
