"""Events, the outbox, documents, numbers. Signatures have their own module."""

import os

from django.conf import settings
from django.db import connection

from cdmo.records.acting import request_id, service
from cdmo.records.canonical import sha256
from cdmo.records.models import AuditEvent, Document, DocumentContent, Outbox


def record_event(*, verb, record, by, at, reason="", old=None, new=None, shared=False, cause=""):
    """Write one line of the audit trail and, with a `cause`, knock on the release room's door.

    `record` is any regulated row. `cause` says in words why batches may have to be checked again.
    """
    event = AuditEvent.objects.create(
        kind=AuditEvent.Kind.EVENT,
        at=at,
        verb=verb,
        record_type=record.record_type,
        record_id=record.pk,
        record=record.key,
        sponsor_id=getattr(record, "sponsor_id", None),
        old=old,
        new=new,
        by=by,
        by_name=by.email if by is not None else "system",
        role=by.role_names if by is not None else "system",
        reason=reason or "",
        request_id=request_id.get(),
        app_version=settings.APP_VERSION,
        database_user="",
        shared=shared,
    )
    if cause:
        Outbox.objects.create(
            record_type=record.record_type, record_id=record.pk, at=at, cause=cause[:200]
        )
    return event


def next_number(series: str) -> int:
    """Return the next number of a series, never twice, even for two callers at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_counter (series, last) VALUES (%s, 1)"
            " ON CONFLICT (series) DO UPDATE SET last = records_counter.last + 1 RETURNING last",
            [series],
        )
        return cursor.fetchone()[0]


def numbered(prefix: str, at, digits: int = 4) -> str:
    """Return a human-readable key such as DEV-26-0001 (series by prefix and year)."""
    series = f"{prefix}-{at:%y}"
    return f"{series}-{next_number(series):0{digits}d}"


@service
def store_document(
    *, data: bytes, kind, title, filename, media_type, by, at, sponsor=None, record=None, reason=""
):
    """Store bytes as they came, with their SHA-256. Returns the Document."""
    document = Document.objects.create(
        number=numbered("DOC", at, 5),
        kind=kind,
        title=title[:200],
        filename=os.path.basename(filename.replace("\\", "/"))[:255] or "unnamed",
        media_type=media_type[:120],
        size=len(data),
        sha256=sha256(data),
        sponsor=sponsor,
        record_type=record.record_type if record is not None else "",
        record_id=record.pk if record is not None else None,
        record=record.key if record is not None else "",
        created_at=at,
        created_by=by,
    )
    DocumentContent.objects.create(document=document, data=data)
    return document


@service
def record_download(*, document, by, at) -> None:
    """Put on record that somebody of the CDMO took a copy of a stored document.

    A sponsor's request cannot write, on purpose (its role may only SELECT): what was made for it
    is on record when it is issued.
    """
    record_event(
        verb="document.download",
        record=document,
        by=by,
        at=at,
        new={"filename": document.filename, "sha256": document.sha256},
    )


class DamagedDocument(Exception):
    """The stored bytes no longer have the stored hash."""


def read_document(document) -> bytes:
    """Return the bytes, proven against the hash on every read."""
    data = bytes(DocumentContent.objects.values_list("data", flat=True).get(document=document))
    if sha256(data) != document.sha256:
        raise DamagedDocument(f"{document.number}: the stored bytes do not match their SHA-256.")
    return data
