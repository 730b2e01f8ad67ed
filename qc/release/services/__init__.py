"""Every change of the release room: queueing and running checks, deciding, certificates."""

from qc.release.services.certificates import (
    issue_certificate,
    reissue_certificate,
    reissue_objections,
)
from qc.release.services.certification import certify, certify_conditionally, justify_finding
from qc.release.services.checking import claim_checks, evaluate_checks, run_waiting_checks
from qc.release.services.queueing import (
    drain_outbox,
    queue_checks,
    queue_outdated,
    request_check,
)
from qc.release.services.trail import review_audit_trail

__all__ = [
    "certify",
    "certify_conditionally",
    "claim_checks",
    "drain_outbox",
    "evaluate_checks",
    "issue_certificate",
    "justify_finding",
    "queue_checks",
    "queue_outdated",
    "reissue_certificate",
    "reissue_objections",
    "request_check",
    "review_audit_trail",
    "run_waiting_checks",
]
