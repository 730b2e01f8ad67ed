"""Evidence kept by release checks still has its hash, and what was decided still stands on it."""

from cdmo.records.canonical import sha256
from cdmo.records.verify import Proven
from qc.release.models import Certification, CheckEvidence


def evidence() -> Proven:
    """Each check's evidence hashes to what the check says it saw."""
    proven = Proven("release checks")
    rows = CheckEvidence.objects.values_list(
        "check_row_id", "check_row__batch__number", "evidence", "check_row__evidence_sha256"
    )
    for pk, batch, text, digest in rows.order_by("pk").iterator(chunk_size=200):
        proven.checked += 1
        if sha256(text.encode()) != digest:
            proven.broken.append(
                f"release_check {pk} ({batch}): its evidence does not have its SHA-256."
            )
    return proven


def certifications() -> Proven:
    """Each certification stands on the evidence of the check that it names."""
    proven = Proven("certifications")
    for row in Certification.objects.select_related("check_row", "batch").order_by("pk"):
        proven.checked += 1
        if row.evidence_sha256 != row.check_row.evidence_sha256:
            proven.broken.append(
                f"certification {row.number}: its evidence is not that of its release check."
            )
    return proven
