"""Whether a person may sign at all, whatever the record; and who may say who somebody is."""

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocker

TO_POLICY = "Read and acknowledge it under My account, Signing policy (/accounts/signing-policy/)."


def signing_blockers(by, standing):
    """Yield what stands between this person and any signature. Source: 21 CFR 11.100, 11.300."""
    if not standing.has_password:
        yield Blocker(
            "no_signing_password",
            "Your account has no password of its own, and each signature takes one. Ask an "
            "administrator for a link to choose it.",
            owner="System administrator",
        )
    elif not standing.password_own:
        yield Blocker(
            "password_not_own",
            "Your password was set by somebody else or is too old. Change it before you sign "
            "(/accounts/password/change/).",
        )
    if not standing.acknowledged:
        yield Blocker(
            "policy_unacknowledged", f"You have not acknowledged the signing policy. {TO_POLICY}"
        )
    if not standing.verified:
        yield Blocker(
            "identity_unverified",
            "Nobody has confirmed who you are since you were last given a way in. An administrator "
            "or quality assurance does so, but not whoever gave you that way.",
            owner="System administrator or Quality assurance",
        )
    if standing.factor_required and not standing.has_totp:
        yield Blocker(
            "code_missing",
            "Your role signs with a one-time code. Set up an authenticator app under My account, "
            "Second factor (/accounts/2fa/).",
        )


def vouched_blockers(by, *, vouched):
    """Object to whoever may be a second account of one person: two accounts are not two people."""
    if not vouched:
        yield Blocker(
            "helper_unconfirmed",
            "Nobody has confirmed who you are since you were given a way in. Until then you open "
            "no way in for others and confirm nobody.",
            owner="System administrator or Quality assurance",
        )


def verification_blockers(person, *, by, vouched, handed_over_by_id, verified):
    """Yield what stands against `by` confirming who a person is. It takes two people (P-26).

    `vouched`: whether it is known who `by` is; see `standing.is_vouched_for`.
    """
    yield from right_blockers(by, Right.VERIFY_IDENTITY)
    yield from vouched_blockers(by, vouched=vouched)
    if person.pk == by.pk:
        yield Blocker("own_identity", "Nobody confirms their own identity.", record=person)
    if handed_over_by_id is not None and handed_over_by_id == by.pk:
        yield Blocker(
            "gave_the_way_in",
            "You gave this person the way in. Somebody else confirms who uses it.",
            record=person,
        )
    if person.is_service:
        yield Blocker("service_account", "A service account is nobody and signs nothing.")
    if not person.is_active:
        yield Blocker("closed_account", "This account is closed.", record=person)
    if verified:
        yield Blocker("already_verified", "This person's identity stands confirmed.")


def reset_blockers(person, *, by, vouched):
    """Yield what stands against `by` resetting a person's way in. None: whoever has the machine."""
    if by is not None:
        yield from right_blockers(by, Right.MANAGE_ACCOUNTS)
        yield from vouched_blockers(by, vouched=vouched)
    if by is not None and person.pk == by.pk:
        yield Blocker("own_reset", "Nobody resets their own way in; change your password instead.")
    if person.is_service:
        yield Blocker("service_account", "A service account has no password and no second factor.")
    if not person.is_active:
        yield Blocker("closed_account", "This account is closed.", record=person)
