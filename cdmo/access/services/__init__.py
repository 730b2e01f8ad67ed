"""Every change of a person's way in. Each is attributed and stands in the audit trail."""

from cdmo.access.services.attempts import (
    end_open_session,
    note_failed_code,
    note_failed_entry,
    note_sign_in,
    note_sign_out,
)
from cdmo.access.services.identity import acknowledge_policy, verify_identity
from cdmo.access.services.passwords import (
    choose_password,
    issue_link,
    keep_fingerprint,
    take_link,
)
from cdmo.access.services.resets import end_sessions, reset_factors, reset_password

__all__ = [
    "acknowledge_policy",
    "choose_password",
    "end_open_session",
    "end_sessions",
    "issue_link",
    "keep_fingerprint",
    "note_failed_code",
    "note_failed_entry",
    "note_sign_in",
    "note_sign_out",
    "reset_factors",
    "reset_password",
    "take_link",
    "verify_identity",
]
