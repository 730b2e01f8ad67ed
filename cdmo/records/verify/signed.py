"""What was signed and what was stored is still what it was."""

from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import Document, Signature
from cdmo.records.verify.proven import Proven
from cdmo.records.verify.rows import pages, records_by_type


def signatures() -> Proven:
    """Each signature still has its content, and each standing one still says what its record does.

    A room that answers None for a verb proves that binding itself (a certification to its
    evidence).
    """
    proven = Proven("signatures")
    models = records_by_type()
    for page in pages(Signature.objects.select_related("void")):
        found = _signed_records(page, models)
        for signature in page:
            proven.checked += 1
            name = f"signature {signature.pk} ({signature.printed_name}: {signature.meaning})"
            if sha256(signature.content.encode()) != signature.content_sha256:
                proven.broken.append(f"{name}: its content does not have its SHA-256.")
            if signature.voided_at is not None:
                continue
            record = found.get((signature.record_type, signature.record_id))
            if record is None:
                proven.broken.append(f"{name}: {signature.record} is gone.")
            elif not _still_says(record, signature):
                proven.broken.append(
                    f"{name}: {signature.record_type} {signature.record} was changed after it was "
                    "signed."
                )
    return proven


def _signed_records(page, models) -> dict:
    wanted: dict[str, set[int]] = {}
    for signature in page:
        wanted.setdefault(signature.record_type, set()).add(signature.record_id)
    return {
        (record_type, record.pk): record
        for record_type, ids in wanted.items()
        if record_type in models
        for record in models[record_type]._default_manager.filter(pk__in=ids)
    }


def _still_says(record, signature) -> bool:
    say = getattr(record, "signed_content", None)
    content = say(signature.verb) if say else None
    return content is None or sha256(canonical(content)) == signature.content_sha256


def documents() -> Proven:
    """Each document still has the bytes that came, by their SHA-256 and their number."""
    proven = Proven("documents")
    for page in pages(Document.objects.select_related("content"), size=20):
        for document in page:
            proven.checked += 1
            content = getattr(document, "content", None)
            data = bytes(content.data) if content is not None else b""
            if sha256(data) != document.sha256 or len(data) != document.size:
                proven.broken.append(f"document {document.number}: its bytes are not those stored.")
    return proven
