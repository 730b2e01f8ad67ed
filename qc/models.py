"""The app's tables live in its rooms; this module only makes Django find them."""

from qc.instruments.models import Calibration, Instrument, InstrumentFile, Measurement, ParseRun
from qc.laboratory.models import Method, OosInvestigation, Result, Sample
from qc.release.models import (
    AuditReview,
    Certificate,
    Certification,
    CheckEvidence,
    Justification,
    ReleaseCheck,
)
from qc.specifications.models import Specification, SpecificationLine

__all__ = [
    "AuditReview",
    "Calibration",
    "Certificate",
    "Certification",
    "CheckEvidence",
    "Instrument",
    "InstrumentFile",
    "Justification",
    "Measurement",
    "Method",
    "OosInvestigation",
    "ParseRun",
    "ReleaseCheck",
    "Result",
    "Sample",
    "Specification",
    "SpecificationLine",
]
