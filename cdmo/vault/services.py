"""Storing and looking up who a patient is. Every look is an event with its reason."""

from django.db import IntegrityError, transaction

from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked, Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.vault import rules, sealing
from cdmo.vault.models import SealedIdentity


def store_objections(chain, *, by) -> list:
    stored = SealedIdentity.objects.filter(coi=chain.coi).exists()
    return [
        *right_blockers(by, Right.KEEP_IDENTITY),
        *rules.stored_blockers(chain, stored=stored),
    ]


def look_up_objections(chain, *, by) -> list:
    stored = SealedIdentity.objects.filter(coi=chain.coi).exists()
    return [
        *right_blockers(by, Right.READ_IDENTITY),
        *rules.found_blockers(chain, stored=stored),
    ]


@service
def store_identity(*, chain, identity, secret, by, at, reason=""):
    """Seal who a patient is under their chain of identity, once. The event names no patient."""
    ensure_clear(store_objections(chain, by=by))
    envelope = sealing.seal(identity, coi=chain.coi, secret=secret)
    try:
        with transaction.atomic():
            stored = SealedIdentity.objects.create(
                coi=chain.coi,
                pseudonym=chain.pseudonym,
                sealed=envelope.sealed,
                wrapped_key=envelope.wrapped_key,
                key_name=envelope.key_name,
                stored_at=at,
                stored_by=by,
            )
    except IntegrityError:
        raise Blocked(
            [Blocker("already_stored", "Somebody else has just stored this identity.", chain)]
        ) from None
    record_event(verb="vault.stored", record=stored, by=by, at=at, reason=reason)
    return stored


@service
def look_up(*, chain, secret, by, at, reason):
    """Return who a patient is. The look is written down before the envelope is opened."""
    ensure_clear([*look_up_objections(chain, by=by), *rules.reason_blockers(chain, reason=reason)])
    stored = SealedIdentity.objects.get(coi=chain.coi)
    record_event(verb="vault.looked_up", record=stored, by=by, at=at, reason=reason)
    return sealing.unseal(stored, coi=chain.coi, secret=secret)


@service
def change_key(*, old, new, by, at, reason="") -> int:
    """Put every envelope under another vault key, all or none. Returns how many."""
    count = 0
    for stored in SealedIdentity.objects.select_for_update(of=("self",)).order_by("pk"):
        envelope = sealing.rewrap(stored, coi=stored.coi, old=old, new=new)
        stored.wrapped_key, stored.key_name = envelope.wrapped_key, envelope.key_name
        stored.save(update_fields=["wrapped_key", "key_name"])
        count += 1
        record_event(
            verb="vault.key_changed",
            record=stored,
            by=by,
            at=at,
            reason=reason,
            new={"key_name": envelope.key_name},
        )
    return count
