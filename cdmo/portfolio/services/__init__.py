"""Every change in the portfolio: parties, agreements, products and their processes."""

from cdmo.portfolio.services.agreements import (
    add_scope_item,
    amend_agreement,
    decline_option,
    exercise_option,
    sign_agreement,
    terminate_agreement,
    write_agreement,
)
from cdmo.portfolio.services.parties import create_organisation, create_site
from cdmo.portfolio.services.products import (
    approve_process_version,
    change_product,
    create_process,
    create_product,
    retire_process_version,
    write_process_version,
)

__all__ = [
    "add_scope_item",
    "amend_agreement",
    "approve_process_version",
    "change_product",
    "create_organisation",
    "create_process",
    "create_product",
    "create_site",
    "decline_option",
    "exercise_option",
    "retire_process_version",
    "sign_agreement",
    "terminate_agreement",
    "write_agreement",
    "write_process_version",
]
