"""What the database remembers of its own backups."""

from cdmo.archive.models import Backup
from cdmo.archive.states import BackupStatus
from cdmo.records.acting import service


@service
def begin_backup(*, by, at, scheduled=False, reason="") -> Backup:
    """Note that a backup was begun; one that never ends stays here as running, and is seen."""
    return Backup.objects.create(started_at=at, scheduled=scheduled)


@service
def end_backup(*, backup, by, at, facts=None, error="", reason="") -> Backup:
    """Note how a backup ended. `facts`: what `cdmo.runtime.backup` returned."""
    backup = Backup.objects.select_for_update(of=("self",)).get(pk=backup.pk)
    backup.done_at = at
    backup.status = BackupStatus.FAILED if error else BackupStatus.DONE
    backup.error = error
    if facts is not None:
        backup.folder = facts.folder.name
        backup.size = facts.size
        backup.rows_count = facts.rows
        backup.encrypted = facts.encrypted
        backup.manifest_sha256 = facts.manifest_sha256
    backup.save()
    return backup
