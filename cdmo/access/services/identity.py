"""What comes before a first signature: the policy acknowledged, the identity confirmed."""

from cdmo.access import rules
from cdmo.access.models import Credential, IdentityVerification, PolicyAcknowledgement
from cdmo.access.policy import VERSION, text_sha256
from cdmo.access.standing import is_vouched_for, verified_ones
from cdmo.accounts.models import User
from cdmo.blockers import Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event


@service
def acknowledge_policy(*, by, at, version) -> PolicyAcknowledgement:
    """Acknowledge the signing policy as it stands today. Once a version (P-18)."""
    blockers = []
    if version != VERSION:
        blockers.append(
            Blocker("old_policy", f"The policy is now version {VERSION}. Read it again.")
        )
    if by.is_service:
        blockers.append(Blocker("service_account", "A service account signs nothing."))
    ensure_clear(blockers)
    with one_of_a_kind("acknowledged", f"You have acknowledged version {VERSION} already."):
        row = PolicyAcknowledgement.objects.create(
            user=by, version=version, text_sha256=text_sha256(), at=at
        )
    record_event(
        verb="signing_policy.acknowledge",
        record=by,
        by=by,
        at=at,
        new={"version": version, "text_sha256": row.text_sha256},
    )
    return row


@service
def verify_identity(*, person, by, at, how, note="") -> IdentityVerification:
    """Confirm who a person is, which their signatures need (P-24).

    Whoever last gave the person a way in cannot do it: it takes two to misuse an account (P-26).
    """
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    handed_over_by_id = (
        Credential.objects.filter(user=person).values_list("handed_over_by_id", flat=True).first()
    )
    ensure_clear(
        rules.verification_blockers(
            person,
            by=by,
            vouched=is_vouched_for(by),
            handed_over_by_id=handed_over_by_id,
            verified=verified_ones().filter(user=person).exists(),
        )
    )
    row = IdentityVerification.objects.create(user=person, at=at, by=by, how=how, note=note)
    record_event(
        verb="person.verify_identity",
        record=person,
        by=by,
        at=at,
        new={"how": row.get_how_display(), "note": note},
    )
    return row
