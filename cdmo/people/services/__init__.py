"""Every change of accounts, appointments, tokens and access reviews."""

from cdmo.people.services.accounts import (
    change_person,
    create_person,
    deactivate_person,
    reactivate_person,
)
from cdmo.people.services.appointments import appoint, end_appointment
from cdmo.people.services.reviews import (
    attest_review,
    decide_access,
    keep_unremarkable,
    open_review,
)
from cdmo.people.services.tokens import issue_service_token, revoke_token

__all__ = [
    "appoint",
    "attest_review",
    "change_person",
    "create_person",
    "deactivate_person",
    "decide_access",
    "end_appointment",
    "issue_service_token",
    "keep_unremarkable",
    "open_review",
    "reactivate_person",
    "revoke_token",
]
