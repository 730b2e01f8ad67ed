"""Reading the files that wait. The row is the job.

A file is marked as being read in a short transaction of its own, so that everybody sees it; it is
read in a second one that holds the row's lock. When the worker is killed its lock is gone: the row
says "reading" and is free, so another worker takes it over. A file that did this to two workers is
set aside, not tried for ever.
"""

import logging
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Q

from cdmo.records.acting import service
from cdmo.records.services import DamagedDocument, read_document, record_event
from cdmo.states import Move
from qc.instruments import flags
from qc.instruments.clock import instant_of, zone_of_file
from qc.instruments.models import InstrumentFile, Measurement, ParseRun
from qc.instruments.parsing import Attempt, Parsed, parse
from qc.instruments.states import (
    FAIL_READING,
    FINISH_READING,
    START_READING,
    FileStatus,
    InstrumentStatus,
)

logger = logging.getLogger(__name__)

ATTEMPTS = 2
# Between marking and holding a row lies a moment in which it is free. Nobody takes it over then.
LEFT_ALONE = timedelta(seconds=10)
AT_ONCE = 2_000

STOPPED_TWICE = (
    "The reader stopped twice while reading this file, so it is not tried again. Export the file "
    "again from the instrument; if that does not help, enter the results by hand and report the "
    "file."
)
DAMAGED = (
    "The stored file is no longer what was uploaded: its SHA-256 differs. It was not read. Report "
    "this to quality assurance at once, and upload the file again."
)


def read_next_file(*, at) -> InstrumentFile | None:
    """Claim and read one waiting file; None when none waits.

    Safe twice, late and in several workers at once: each row has one holder, and a claim counts
    only for the attempt it was made for.
    """
    claimed = claim_file(by=None, at=at)
    if claimed is None or claimed.status == FileStatus.FAILED:
        return claimed
    return read_claimed_file(file_id=claimed.pk, attempt=claimed.attempts, by=None, at=at)


@service
def claim_file(*, by, at) -> InstrumentFile | None:
    """Mark the oldest free waiting file as being read, or give it up after two dropped attempts.

    A duplicate waits until its first import has been read or has failed.
    """
    dropped = Q(status=FileStatus.READING, claimed_at__lte=at - LEFT_ALONE)
    file = (
        InstrumentFile.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(Q(status=FileStatus.QUEUED) | dropped)
        .exclude(duplicate_of__status__in=[FileStatus.QUEUED, FileStatus.READING])
        .order_by("pk")
        .first()
    )
    if file is None:
        return None
    if file.status == FileStatus.READING and file.attempts >= ATTEMPTS:
        return _fail(file, STOPPED_TWICE, at=at)
    _move(file, START_READING, attempts=file.attempts + 1, claimed_at=at)
    return file


@service
def read_claimed_file(*, file_id: int, attempt: int, by, at) -> InstrumentFile | None:
    """Read a claimed file while holding its row, and write what came of it, all or nothing.

    None when somebody else holds it or has ended it. The lock leaves room for rows that point here
    (`no_key`): an upload of the same bytes need not wait until they are read.
    """
    file = (
        InstrumentFile.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .select_related("instrument", "document", "duplicate_of")
        .filter(pk=file_id, status=FileStatus.READING, attempts=attempt)
        .first()
    )
    if file is None:
        return None
    if file.duplicate_of is not None and file.duplicate_of.status == FileStatus.READ:
        return _finish(file, at=at, flags=[flags.duplicate(file.duplicate_of.number)])
    file.duplicate_of = None  # the first import failed after all: this one stands on its own
    try:
        data = read_document(file.document)
    except DamagedDocument as damage:
        logger.error("%s", damage)
        return _fail(file, DAMAGED, at=at)
    parsed = parse(
        data,
        filename=file.filename,
        vendor=file.vendor,
        second_python=settings.SECOND_READER_PYTHON,
    )
    runs = [_run(file, attempt, at) for attempt in parsed.attempts]
    if parsed.error:
        return _fail(file, parsed.error, at=at)
    about = _circumstances(file)
    _write_measurements(file, runs[0], parsed, about)
    return _finish(
        file,
        at=at,
        flags=flags.file_flags(about, parsed),
        facts=parsed.first.facts,
    )


def _circumstances(file) -> flags.Circumstances:
    instrument = file.instrument
    twin = (
        InstrumentFile.objects.filter(sha256=file.sha256, pk__lt=file.pk)
        .exclude(instrument=instrument)
        .exclude(status=FileStatus.FAILED)
        .order_by("pk")
        .first()
    )
    return flags.Circumstances(
        instrument=instrument.code,
        serial=instrument.serial,
        in_use=instrument.status == InstrumentStatus.IN_USE,
        timezone=instrument.timezone,
        calibrations=tuple(instrument.calibrations.all()),
        uploaded_at=file.uploaded_at,
        same_bytes_as=twin.number if twin else "",
    )


def _run(file, attempt: Attempt, at) -> ParseRun:
    outcome = attempt.outcome
    if cause := outcome.facts.get("cause"):
        logger.warning("%s, %s: %s", file.number, outcome.reader, cause)
    return ParseRun.objects.create(
        file=file,
        role=attempt.role,
        reader=outcome.reader[:60],
        reader_version=outcome.reader_version[:40],
        ok=outcome.ok,
        error=outcome.error,
        readings=len(outcome.readings),
        warnings=list(outcome.warnings),
        seconds=Decimal(f"{attempt.seconds:.3f}"),
        at=at,
    )


def _write_measurements(file, run, parsed: Parsed, about) -> None:
    zone = zone_of_file(about.timezone, parsed.first.facts)
    flagged = flags.reading_flags(about, parsed)
    Measurement.objects.bulk_create(
        (
            Measurement(
                file=file,
                run=run,
                ordinal=reading.ordinal,
                locator=reading.locator,
                sample_text=reading.sample_text,
                quantity=reading.quantity,
                value=reading.value_text,
                number=reading.number,
                qualifier=reading.qualifier,
                unit=reading.unit,
                measured_text=reading.measured_text,
                measured_at=instant_of(reading.measured_at, zone),
                device_serial=reading.device_serial,
                group=reading.group,
                operator=reading.operator,
                reading_status=reading.status,
                flags=flagged.get(reading.ordinal, []),
            )
            for reading in parsed.first.readings
        ),
        batch_size=AT_ONCE,
    )


def _finish(file, *, at, **facts) -> InstrumentFile:
    _move(file, FINISH_READING, error="", read_at=at, **facts)
    return _told(file, "instrument_file.read", at)


def _fail(file, sentence: str, *, at) -> InstrumentFile:
    _move(file, FAIL_READING, error=sentence, read_at=at)
    return _told(file, "instrument_file.fail", at)


def _told(file, verb: str, at) -> InstrumentFile:
    record_event(
        verb=verb,
        record=file,
        by=None,
        at=at,
        new={
            "status": file.status,
            "error": file.error,
            "flags": [one["code"] for one in file.flags],
        },
    )
    return file


def _move(file, move: Move, **changes) -> None:
    file.status = move.target
    for name, value in changes.items():
        setattr(file, name, value)
    file.save(update_fields=["status", "duplicate_of", *changes])
