"""Evidence: what a release check looks at, gathered for a set of batches and frozen."""

from qc.release.evidence.gather import gather_evidence
from qc.release.evidence.values import BatchEvidence

__all__ = ["BatchEvidence", "gather_evidence"]
