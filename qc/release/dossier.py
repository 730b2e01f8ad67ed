"""What QC adds to a batch's dossier: its word at issue, its rows in the timeline."""

from datetime import datetime

from django.db.models import Q

from batches.manufacture.evidence import QualityReadiness
from qc.laboratory.models import OosInvestigation, Result, Sample
from qc.release.models import Certificate, Certification, Justification, ReleaseCheck
from qc.specifications.in_force import specification_for

PARTS = (Sample, Result, OosInvestigation, Certification, Certificate, Justification, ReleaseCheck)


def quality_readiness(batch, *, at: datetime) -> QualityReadiness:
    """Return QC's word on what the batch will be judged against."""
    found = specification_for(batch, at)
    return QualityReadiness(specification=found.code if found else None, at=at)


def rows_of_quality(batch) -> Q:
    """Return the condition for audit rows of what belongs to a batch on this floor."""
    found = Q(pk__in=[])
    for model in PARTS:
        ids = model.objects.filter(batch=batch).values("pk")
        found |= Q(record_type=model.record_type, record_id__in=ids)
    return found
