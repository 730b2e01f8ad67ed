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


TAKE_OUT_OF_USE = Move("take-out-of-use", InstrumentStatus.IN_USE, InstrumentStatus.OUT_OF_USE)
PUT_IN_USE = Move("put-in-use", InstrumentStatus.OUT_OF_USE, InstrumentStatus.IN_USE)
INSTRUMENT_MOVES = (TAKE_OUT_OF_USE, PUT_IN_USE)

START_READING = Move("read", FileStatus.QUEUED, FileStatus.READING)
FINISH_READING = Move("finish", FileStatus.READING, FileStatus.READ)
FAIL_READING = Move("fail", FileStatus.READING, FileStatus.FAILED)
READ_AGAIN = Move("read-again", FileStatus.FAILED, FileStatus.QUEUED)
FILE_MOVES = (START_READING, FINISH_READING, FAIL_READING, READ_AGAIN)
