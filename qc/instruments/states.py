"""Statuses of instruments, their files and the readings in them."""

from django.db.models import TextChoices

from cdmo.states import Move


class InstrumentStatus(TextChoices):
    IN_USE = "in_use", "In use"
    OUT_OF_USE = "out_of_use", "Out of use"


class FileStatus(TextChoices):
    QUEUED = "queued", "Waiting to be read"
    READING = "reading", "Being read"
    READ = "read", "Read"
    FAILED = "failed", "Could not be read"


class MeasurementStatus(TextChoices):
    PROPOSED = "proposed", "Proposed"
    CONFIRMED = "confirmed", "Confirmed"
    SET_ASIDE = "set_aside", "Set aside"


START_READING = Move("read", FileStatus.QUEUED, FileStatus.READING)
FINISH_READING = Move("finish", FileStatus.READING, FileStatus.READ)
FAIL_READING = Move("fail", FileStatus.READING, FileStatus.FAILED)
FILE_MOVES = (START_READING, FINISH_READING, FAIL_READING)
