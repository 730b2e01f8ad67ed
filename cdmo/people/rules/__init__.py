"""Who or what objects to a change of an account. Pure: no query, no clock, no write."""

from cdmo.people.rules.accounts import (
    active_blockers,
    change_blockers,
    deactivate_blockers,
    last_administrator_blockers,
    own_account_blockers,
    reactivate_blockers,
    reason_blockers,
    service_token_blockers,
    shared_account_blockers,
    side_blockers,
    token_ended_blockers,
)
from cdmo.people.rules.appointments import (
    Held,
    appoint_blockers,
    end_blockers,
    separation_blockers,
)
from cdmo.people.rules.reviews import (
    attest_blockers,
    decide_blockers,
    dormant_since,
    flags_of,
    open_blockers,
    still_open_blockers,
)

__all__ = [
    "Held",
    "active_blockers",
    "appoint_blockers",
    "attest_blockers",
    "change_blockers",
    "deactivate_blockers",
    "decide_blockers",
    "dormant_since",
    "end_blockers",
    "flags_of",
    "last_administrator_blockers",
    "open_blockers",
    "own_account_blockers",
    "reactivate_blockers",
    "reason_blockers",
    "separation_blockers",
    "service_token_blockers",
    "shared_account_blockers",
    "side_blockers",
    "still_open_blockers",
    "token_ended_blockers",
]
