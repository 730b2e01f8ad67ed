"""Dossiers of another installation, taken in to be read: proven first, then stored as they came."""

import os
from datetime import datetime

from django.db import IntegrityError, transaction

from cdmo.archive.dossier import opened, signing
from cdmo.archive.dossier.package import Damaged
from cdmo.archive.models import ImportedContent, ImportedDossier
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event


@service
def import_dossier(*, data: bytes, filename, by, at, signature="", key="", reason=""):
    """Store a dossier for reading. Raises Damaged with what differs; nothing is written then.

    `key`: the sending installation's public key. Without it a signature is kept but proves
    nothing, and the page says so.
    """
    found = opened(data)
    if signature and key and not signing.is_signed(data, signature=signature, key=key):
        raise Damaged(["The signature is not that of this key under this file."])
    if key and not signature:
        raise Damaged(["A key was given, but no signature to prove with it."])
    there = ImportedDossier.objects.filter(sha256=found.sha256).first()
    if there is not None:
        raise Damaged([f"This very file was imported already, as {there.number}."])
    manifest = found.manifest
    try:
        with transaction.atomic():
            imported = ImportedDossier.objects.create(
                number=numbered("ARC", at),
                batch=manifest["batch"],
                product=manifest["product"],
                sponsor_name=manifest["sponsor"],
                edition=manifest["edition"],
                schema="cdmo-batch-dossier/1",
                made_at=datetime.fromisoformat(manifest["made_at"].replace("Z", "+00:00")),
                made_by=manifest["made_by"],
                made_with=manifest["made_with"],
                filename=os.path.basename(filename)[:255],
                size=len(data),
                sha256=found.sha256,
                signature=signature.strip(),
                signing_key=signing.one_line(key) if key else "",
                key_was_known=bool(key),
                imported_at=at,
                imported_by=by,
                imported_by_name=by.email if by is not None else "system",
            )
    except IntegrityError:
        raise Damaged(["Somebody else has just imported this very file."]) from None
    ImportedContent.objects.create(imported=imported, data=data)
    record_event(
        verb="dossier.imported",
        record=imported,
        by=by,
        at=at,
        reason=reason,
        new={"batch": imported.batch, "sha256": imported.sha256, "file": imported.filename},
    )
    return imported
