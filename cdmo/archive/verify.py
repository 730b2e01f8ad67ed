"""Imported dossiers still have their SHA-256, and exports the hash that was signed."""

from cdmo.archive.dossier import signing
from cdmo.archive.models import Dossier, ImportedDossier
from cdmo.records.canonical import sha256
from cdmo.records.services import DamagedDocument, read_document
from cdmo.records.verify import Proven


def imported() -> Proven:
    proven = Proven("imported dossiers")
    for row in ImportedDossier.objects.select_related("content").order_by("pk").iterator(20):
        proven.checked += 1
        content = getattr(row, "content", None)
        if content is None or sha256(bytes(content.data)) != row.sha256:
            proven.broken.append(f"imported_dossier {row.number}: its bytes are not those stored.")
    return proven


def exported() -> Proven:
    """Each dossier's document is the one that was signed, by the key that stands beside it."""
    proven = Proven("dossiers")
    for row in Dossier.objects.filter(status="done").select_related("json").order_by("pk"):
        proven.checked += 1
        try:
            data = read_document(row.json)
        except DamagedDocument:
            continue  # the document's own line says so
        if sha256(data) != row.sha256 or not signing.is_signed(
            data, signature=row.signature, key=row.signing_key
        ):
            proven.broken.append(f"dossier {row.number}: its signature is not under its file.")
    return proven
