"""What a system administrator looks at: whether the last backup is young enough."""

from datetime import timedelta

from cdmo.archive.models import Backup
from cdmo.home.work.items import SHOWN, Item, WorkList

OLDEST = timedelta(hours=26)


def backups(by, at) -> WorkList:
    """Return the list of failed attempts since the last success, or that a backup is overdue."""
    last = Backup.objects.filter(status="done").order_by("-done_at").first()
    late = last is None or last.done_at < at - OLDEST
    failed = Backup.objects.filter(status="failed").order_by("-pk")
    if last is not None:
        failed = failed.filter(pk__gt=last.pk)
    items = [
        Item(
            record=one,
            label=f"Backup {one.pk}",
            text=one.error[:120],
            status="failed",
            since=one.done_at,
        )
        for one in failed[:SHOWN]
    ]
    if late and not items:
        items = [
            Item(
                record=last,
                label="No backup yet" if last is None else f"Last backup {last.folder}",
                text="No backup was made yet." if last is None else "Older than a day.",
                status="late",
                since=last.done_at if last else None,
            )
        ]
    return WorkList(
        "Backups", "database-export", items, len(items), more="archive:backup_list", pressing=True
    )
