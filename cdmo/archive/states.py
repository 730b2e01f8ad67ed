"""Editions and statuses of what is copied."""

from django.db.models import TextChoices

from cdmo.states import Move


class Edition(TextChoices):
    INTERNAL = "internal", "Complete"
    SPONSOR = "sponsor", "For the sponsor"


class ExportStatus(TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Being written"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class BackupStatus(TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


TAKE_UP = Move("take-up", ExportStatus.QUEUED, ExportStatus.RUNNING)
FINISH = Move("finish", ExportStatus.RUNNING, ExportStatus.DONE)
FAIL = Move("fail", ExportStatus.RUNNING, ExportStatus.FAILED)
EXPORT_MOVES = (TAKE_UP, FINISH, FAIL)
