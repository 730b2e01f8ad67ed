"""Roles and the role × right matrix, as code. Source: domain.md section 3 (default matrix).

A right is needed for a change; what somebody may *see* is decided by `scoping`. No role holds both
halves of a segregated pair (QC analyst enters, QC reviewer approves; administrators hold no GMP
right at all). What one person did on one record is checked by that record's own rules.
"""

from django.db.models import TextChoices


class Role(TextChoices):
    PLANNER = "planner", "Planner"
    OPERATOR = "operator", "Operator"
    SUPERVISOR = "supervisor", "Production supervisor"
    ANALYST = "analyst", "QC analyst"
    REVIEWER = "reviewer", "QC reviewer"
    QA = "qa", "Quality assurance"
    QP = "qp", "Qualified Person"
    PROJECT_MANAGER = "pm", "Project manager"
    BIOSAFETY = "biosafety", "Biosafety officer"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "System administrator"
    CUSTODIAN = "custodian", "Custodian of identities"
    SPONSOR_READER = "sponsor_reader", "Sponsor's reader"
    SPONSOR_LEAD = "sponsor_lead", "Sponsor's transfer lead"


class Right(TextChoices):
    PLAN_BATCH = "batch.plan", "plan a batch"
    ISSUE_BATCH = "batch.issue", "issue a batch record"
    EXECUTE = "batch.execute", "execute batch steps and record consumptions"
    VERIFY = "batch.verify", "verify a critical step"
    COMPLETE_BATCH = "batch.complete", "complete a batch"
    HOLD_BATCH = "batch.hold", "hold or resume a batch"
    ABORT_BATCH = "batch.abort", "abort a batch"
    REVIEW_BATCH = "batch.review", "review a batch record"
    REJECT_BATCH = "batch.reject", "reject a batch"
    CERTIFY = "batch.certify", "certify a batch"
    RECALL = "batch.recall", "recall a batch or lot"
    RECEIVE_LOT = "lot.receive", "receive a lot"
    RELEASE_LOT = "lot.release", "release or reject a lot"
    RAISE_DEVIATION = "deviation.raise", "raise a deviation"
    CLASSIFY_DEVIATION = "deviation.classify", "classify a deviation"
    CLOSE_DEVIATION = "deviation.close", "close a deviation"
    WRITE_MASTER = "master.write", "write master batch records and processes"
    APPROVE_MASTER = "master.approve", "approve master batch records and processes"
    WRITE_SPECIFICATION = "specification.write", "write a specification"
    APPROVE_SPECIFICATION = "specification.approve", "approve a specification"
    WRITE_METHOD = "method.write", "write a method"
    APPROVE_METHOD = "method.approve", "approve a method"
    TAKE_SAMPLE = "sample.take", "take a sample"
    ENTER_RESULT = "result.enter", "enter and submit results"
    APPROVE_RESULT = "result.approve", "approve results"
    INVALIDATE_RESULT = "result.invalidate", "invalidate a result"
    CONCLUDE_OOS = "oos.conclude", "conclude an out-of-specification investigation"
    MANAGE_INSTRUMENT = "instrument.manage", "register instruments and their calibration"
    UPLOAD_FILE = "instrument_file.upload", "upload instrument files"
    CHECK_RELEASE = "release.check", "ask for a release check"
    JUSTIFY = "release.justify", "justify a finding"
    ISSUE_CERTIFICATE = "certificate.issue", "issue a certificate of analysis"
    SCAN_IDENTITY = "identity.scan", "record an identity scan"
    WRITE_AGREEMENT = "agreement.write", "write agreements"
    SIGN_AGREEMENT = "agreement.sign", "sign or terminate an agreement"
    WRITE_PRODUCT = "product.write", "write products"
    MANAGE_TRANSFER = "transfer.manage", "plan a technology transfer"
    DECIDE_GATE = "gate.decide", "decide a transfer gate"
    READ_AUDIT = "audit.read", "read the audit trail"
    EXPORT_DOSSIER = "dossier.export", "take a copy of a batch's dossier"
    KEEP_IDENTITY = "vault.keep", "store who a patient is"
    READ_IDENTITY = "vault.read", "look up who a patient is"
    REVIEW_ACCESS = "access.review", "review who has access"
    EVALUATE = "evaluation.conclude", "evaluate the system periodically"
    REPORT_INCIDENT = "incident.report", "report and explain an incident of the system"
    CLOSE_INCIDENT = "incident.close", "close an incident of the system"
    RECORD_TRAINING = "training.record", "record trainings and what demands them"
    MANAGE_ACCOUNTS = "accounts.manage", "manage people and organisations"
    VERIFY_IDENTITY = "accounts.verify", "confirm who a person is"
    MANAGE_WEBHOOKS = "webhook.manage", "manage webhooks"


_R = Right
_FLOOR = {
    _R.EXECUTE,
    _R.TAKE_SAMPLE,
    _R.RAISE_DEVIATION,
    _R.REPORT_INCIDENT,
    _R.SCAN_IDENTITY,
    _R.HOLD_BATCH,
}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.PLANNER: frozenset(
        {_R.PLAN_BATCH, _R.RECEIVE_LOT, _R.CHECK_RELEASE, _R.RAISE_DEVIATION, _R.REPORT_INCIDENT}
    ),
    Role.OPERATOR: frozenset(_FLOOR | {_R.RECEIVE_LOT}),
    Role.SUPERVISOR: frozenset(
        _FLOOR
        | {_R.VERIFY, _R.COMPLETE_BATCH, _R.WRITE_MASTER, _R.RECEIVE_LOT, _R.CHECK_RELEASE}
        | {_R.PLAN_BATCH, _R.RECORD_TRAINING}
    ),
    Role.ANALYST: frozenset(
        {
            _R.TAKE_SAMPLE,
            _R.ENTER_RESULT,
            _R.UPLOAD_FILE,
            _R.RAISE_DEVIATION,
            _R.REPORT_INCIDENT,
            _R.WRITE_METHOD,
        }
        | {_R.CHECK_RELEASE}
    ),
    Role.REVIEWER: frozenset(
        {
            _R.APPROVE_RESULT,
            _R.INVALIDATE_RESULT,
            _R.WRITE_SPECIFICATION,
            _R.RAISE_DEVIATION,
            _R.REPORT_INCIDENT,
        }
        | {_R.APPROVE_SPECIFICATION, _R.WRITE_METHOD, _R.APPROVE_METHOD, _R.MANAGE_INSTRUMENT}
        | {_R.ISSUE_CERTIFICATE, _R.CHECK_RELEASE, _R.TAKE_SAMPLE, _R.RECORD_TRAINING}
    ),
    Role.QA: frozenset(
        {_R.ISSUE_BATCH, _R.HOLD_BATCH, _R.ABORT_BATCH, _R.REVIEW_BATCH, _R.REJECT_BATCH}
        | {
            _R.RELEASE_LOT,
            _R.RECALL,
            _R.RAISE_DEVIATION,
            _R.REPORT_INCIDENT,
            _R.CLASSIFY_DEVIATION,
            _R.CLOSE_DEVIATION,
        }
        | {_R.WRITE_MASTER, _R.APPROVE_MASTER, _R.WRITE_SPECIFICATION, _R.APPROVE_SPECIFICATION}
        | {_R.APPROVE_METHOD, _R.INVALIDATE_RESULT, _R.CONCLUDE_OOS, _R.CHECK_RELEASE}
        | {_R.ISSUE_CERTIFICATE, _R.SIGN_AGREEMENT, _R.WRITE_AGREEMENT, _R.DECIDE_GATE}
        | {_R.READ_AUDIT, _R.WRITE_PRODUCT, _R.MANAGE_INSTRUMENT, _R.REVIEW_ACCESS}
        | {_R.RECORD_TRAINING, _R.EXPORT_DOSSIER, _R.VERIFY_IDENTITY, _R.CLOSE_INCIDENT}
        | {_R.EVALUATE}
    ),
    Role.QP: frozenset(
        {_R.CERTIFY, _R.RECALL, _R.REJECT_BATCH, _R.JUSTIFY, _R.CHECK_RELEASE, _R.READ_AUDIT}
        | {
            _R.ISSUE_CERTIFICATE,
            _R.RAISE_DEVIATION,
            _R.REPORT_INCIDENT,
            _R.DECIDE_GATE,
            _R.REVIEW_ACCESS,
        }
        | {_R.EXPORT_DOSSIER}
    ),
    Role.PROJECT_MANAGER: frozenset(
        {_R.MANAGE_TRANSFER, _R.DECIDE_GATE, _R.WRITE_AGREEMENT, _R.SIGN_AGREEMENT}
        | {_R.WRITE_PRODUCT, _R.PLAN_BATCH}
    ),
    Role.BIOSAFETY: frozenset({_R.RAISE_DEVIATION, _R.REPORT_INCIDENT}),
    Role.AUDITOR: frozenset({_R.READ_AUDIT, _R.EXPORT_DOSSIER}),
    Role.ADMIN: frozenset(
        {_R.MANAGE_ACCOUNTS, _R.READ_AUDIT, _R.MANAGE_WEBHOOKS, _R.VERIFY_IDENTITY}
        | {_R.REPORT_INCIDENT}
    ),
    Role.CUSTODIAN: frozenset({_R.KEEP_IDENTITY, _R.READ_IDENTITY}),
    Role.SPONSOR_READER: frozenset(),
    Role.SPONSOR_LEAD: frozenset({_R.DECIDE_GATE}),
}

# Rights over the house itself. Every other right is one of the plant (GMP).
HOUSEKEEPING = frozenset(
    {_R.MANAGE_ACCOUNTS, _R.MANAGE_WEBHOOKS, _R.READ_AUDIT, _R.EXPORT_DOSSIER}
    | {_R.VERIFY_IDENTITY, _R.REPORT_INCIDENT}
)
GMP_ROLES = frozenset(role for role in Role if RIGHTS[role] - HOUSEKEEPING)

SPONSOR_ROLES = frozenset({Role.SPONSOR_READER, Role.SPONSOR_LEAD})


def roles_with(right: Right) -> list[Role]:
    """Return the roles that hold a right, in the order of `Role`."""
    return [role for role in Role if right in RIGHTS[role]]
