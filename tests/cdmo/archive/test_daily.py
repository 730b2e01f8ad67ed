"""The daily backup: once a day, one at a time, noted either way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cdmo.archive import tasks
from cdmo.archive.models import Backup
from cdmo.archive.states import BackupStatus
from cdmo.runtime.backup import backups_in
from tests.session import maintenance

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.statement("P-38")]


def test_a_backup_is_made_once_a_day_by_one_worker_into_the_folder(cast, tmp_path, settings):
    settings.BACKUP_DIR = ""
    assert tasks.daily_backup() is None
    settings.BACKUP_DIR, settings.BACKUP_KEEP = str(tmp_path / "backups"), 2

    # Another worker is at it: this one goes away.
    with maintenance(settings.DATABASES["default"]["NAME"]) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [tasks.ONE_AT_A_TIME])
        assert tasks.daily_backup() is None
    assert not Backup.objects.exists()

    assert tasks.daily_backup()
    assert tasks.daily_backup() is None, "the day is not over"
    assert len(backups_in(tmp_path / "backups")) == 1
    made = Backup.objects.get()
    assert (made.status, made.scheduled) == (BackupStatus.DONE, True)

    Backup.objects.update(done_at=timezone.now() - timedelta(hours=25))
    settings.BACKUP_KEY = "no key"
    assert tasks.daily_backup() is None
    failed = Backup.objects.order_by("-pk").first()
    assert failed.status == BackupStatus.FAILED
    assert "BACKUP_KEY is no key" in failed.error
    settings.BACKUP_KEY = ""
    assert tasks.daily_backup() is None, "a failure is tried again in an hour"
