"""What objects to a change of agreements, products and processes. Pure: no query, no clock."""

from cdmo.blockers import Blocker
from cdmo.portfolio.states import AgreementStatus, ProcessStatus
from cdmo.states import Move, move_blockers

MANAGERS = "Project manager or Quality assurance"


def reason_blockers(reason: str, *, record=None):
    """Yield an objection if a change that needs a reason has none."""
    if not (reason or "").strip():
        yield Blocker("reason_missing", "This change needs a reason.", record=record)


def sponsor_blockers(sponsor):
    """Yield an objection if an organisation that is no sponsor would own a record."""
    if not sponsor.is_sponsor:
        yield Blocker("not_a_sponsor", f"{sponsor.code} is not a sponsor.", record=sponsor)


def draft_blockers(agreement):
    """Yield an objection if the agreement has been signed: then its text stands."""
    if agreement.status != AgreementStatus.DRAFT:
        yield Blocker(
            "agreement_signed",
            f"{agreement.number} has been signed; write a new agreement to change it.",
            record=agreement,
            owner=MANAGERS,
        )


def over_blockers(agreement, *, on):
    """Yield an objection to signing what has already ended."""
    if agreement.valid_until is not None and agreement.valid_until < on:
        yield Blocker(
            "agreement_over",
            f"{agreement.number} ended on {agreement.valid_until:%d %b %Y}.",
            record=agreement,
            owner=MANAGERS,
        )


def product_of_sponsor_blockers(product, sponsor):
    """Yield an objection if a product belongs to another sponsor."""
    if product.sponsor_id != sponsor.pk:
        yield Blocker(
            "other_sponsor", f"{product.code} is not a product of {sponsor.code}.", record=product
        )


def option_blockers(scope_item, agreement, move: Move):
    """Yield what stands against exercising or declining an option."""
    if agreement.status != AgreementStatus.IN_FORCE:
        yield Blocker(
            "agreement_not_in_force",
            f"{agreement.number} is not in force, so none of its options can be taken up.",
            record=agreement,
            owner=MANAGERS,
        )
    yield from move_blockers(scope_item, [move])


def claim_blockers(*, text, status, source, date):
    """Yield what a text about outcome lacks: whose it is, where it stood, when (S1, S2)."""
    if not text:
        return
    if status == "none":
        yield Blocker("claim_status_missing", "A claim must say whose statement it is.")
    if not source:
        yield Blocker("claim_source_missing", "A claim must name its source.")
    if date is None:
        yield Blocker("claim_date_missing", "A claim must have the date of its source.")


def approve_version_blockers(version, *, by):
    """Yield what stands against approving a process version to its next status."""
    if version.status in {ProcessStatus.QUALIFIED, ProcessStatus.RETIRED}:
        yield Blocker(
            "wrong_status",
            f"{version.code} is {version.get_status_display().lower()}: nothing to approve.",
            record=version,
        )
    if version.written_by_id == by.pk:
        yield Blocker(
            "own_work",
            f"{by.full_name} wrote {version.code}; another person must approve it.",
            record=version,
            owner="Quality assurance",
        )
