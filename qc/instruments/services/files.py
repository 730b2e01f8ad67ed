"""Instrument files taken in, byte for byte, before anything looks into them."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.canonical import sha256
from cdmo.records.models import Document
from cdmo.records.services import numbered, record_event, store_document
from cdmo.states import move_blockers
from qc.instruments import rules
from qc.instruments.models import Instrument, InstrumentFile
from qc.instruments.reading import storable
from qc.instruments.registry import vendor_called
from qc.instruments.states import READ_AGAIN, FileStatus


@service
def upload_file(
    *, instrument, filename: str, data: bytes, by, at, vendor="", reason=""
) -> InstrumentFile:
    """Store a file as it came, with its SHA-256, and queue it to be read.

    Whatever it is: empty, damaged or of another kind, it is kept, and reading it says why it is
    no use. Refused are only what cannot be one of this instrument's at all (another vendor) and
    what is larger than any export. The same bytes for the same instrument again are kept too, as a
    duplicate of the first, which is not read twice.
    """
    # The instrument's row guards the search for the same bytes: of two uploads at once, the second
    # finds the first.
    instrument = Instrument.objects.select_for_update(of=("self",)).get(pk=instrument.pk)
    named = vendor or instrument.vendor
    known = vendor_called(named)
    ensure_clear(
        [
            *right_blockers(by, Right.UPLOAD_FILE),
            *rules.upload_blockers(instrument, vendor=known, named=named, size=len(data)),
        ]
    )
    first = (
        InstrumentFile.objects.filter(instrument=instrument, sha256=sha256(data))
        .filter(duplicate_of=None)
        .exclude(status=FileStatus.FAILED)
        .order_by("pk")
        .first()
    )
    file = InstrumentFile(
        number=numbered("IF", at, 5),
        instrument=instrument,
        vendor=known.code,
        filename=plain_name(filename),
        size=len(data),
        duplicate_of=first,
        uploaded_by=by,
        uploaded_at=at,
    )
    file.document = store_document(
        data=data,
        kind=Document.Kind.INSTRUMENT_FILE,
        title=f"{instrument.code}: {file.filename}",
        filename=file.filename,
        media_type="application/octet-stream",
        record=file,
        by=by,
        at=at,
        reason=reason,
    )
    file.sha256 = file.document.sha256
    file.save()
    record_event(
        verb="instrument_file.upload",
        record=file,
        by=by,
        at=at,
        reason=reason,
        new={"instrument": instrument.code, "sha256": file.sha256, "size": file.size},
    )
    return file


def plain_name(filename: str) -> str:
    """Return a file's name without its folders; a long one keeps its end, which says the kind."""
    name = storable(filename).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(char for char in name if char.isprintable()).strip()
    return name[-255:] or "unnamed"


@service
def read_file_again(*, file, by, at, reason="") -> InstrumentFile:
    """Queue a file again that could not be read: the reader was away, or is a better one now."""
    file = InstrumentFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.UPLOAD_FILE),
            *move_blockers(file, (READ_AGAIN,)),
            *rules.reason_blockers(reason, file),
        ]
    )
    file.status, file.attempts, file.error = READ_AGAIN.target, 0, ""
    file.flags, file.read_at = [], None
    file.save(update_fields=["status", "attempts", "error", "flags", "read_at"])
    record_event(verb="instrument_file.read_again", record=file, by=by, at=at, reason=reason)
    return file
