"""Agreements: written, signed, options taken up, terminated."""

from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.portfolio import rules
from cdmo.portfolio.models import Agreement, ScopeItem
from cdmo.portfolio.states import (
    DECLINE,
    EXERCISE,
    MEANINGS,
    SIGN,
    TERMINATE,
    ScopeStatus,
    Work,
    option_meaning,
)
from cdmo.records.acting import service
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import numbered, record_event
from cdmo.records.signatures import Proof, sign, void_stale_signatures
from cdmo.states import move_blockers


def _locked(agreement) -> Agreement:
    return Agreement.objects.select_for_update(of=("self",)).get(pk=agreement.pk)


@service
def write_agreement(
    *,
    sponsor: Organisation,
    kind,
    valid_from,
    by,
    at,
    number="",
    title="",
    valid_until=None,
    scope=(),
    source="",
    illustrative=False,
) -> Agreement:
    """Write a draft agreement with its scope items. It authorises nothing until it is signed.

    `scope` holds {item, work?, product?, status?}; a missing `work` is read off the item's words.
    """
    products = [item["product"] for item in scope if item.get("product") is not None]
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_AGREEMENT),
            *rules.sponsor_blockers(sponsor),
            *(b for p in products for b in rules.product_of_sponsor_blockers(p, sponsor)),
        ]
    )
    number = number or numbered("AGR", at)
    with one_of_a_kind("taken", f"There is already an agreement {number}."):
        agreement = Agreement.objects.create(
            number=number,
            title=title,
            sponsor=sponsor,
            kind=kind,
            valid_from=valid_from,
            valid_until=valid_until,
            source=source,
            illustrative=illustrative,
        )
    ScopeItem.objects.bulk_create(_scope_item(agreement, item) for item in scope)
    record_event(verb="agreement.write", record=agreement, by=by, at=at)
    return agreement


def _scope_item(agreement, item) -> ScopeItem:
    return ScopeItem(
        agreement=agreement,
        sponsor_id=agreement.sponsor_id,
        item=item["item"],
        work=item.get("work") or _work_in(item["item"]),
        product=item.get("product"),
        status=item.get("status") or ScopeStatus.IN_SCOPE,
    )


def _work_in(text: str) -> Work:
    """Return the work whose code or label is exactly this text; anything else is `other`."""
    words = text.strip().lower().replace(" ", "_").replace("-", "_")
    for work in Work:
        if words in {work.value, work.label.lower().replace(" ", "_").replace("-", "_")}:
            return work
    return Work.OTHER


@service
def add_scope_item(*, agreement, item, by, at, work=None, product=None, status=None) -> ScopeItem:
    """Add a scope item to a draft agreement."""
    agreement = _locked(agreement)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_AGREEMENT),
            *rules.draft_blockers(agreement),
            *(rules.product_of_sponsor_blockers(product, agreement.sponsor) if product else ()),
        ]
    )
    row = _scope_item(agreement, {"item": item, "work": work, "product": product, "status": status})
    row.save()
    record_event(verb="agreement.scope", record=agreement, by=by, at=at, new={"item": item})
    return row


@service
def amend_agreement(*, agreement, by, at, reason="", **changes) -> Agreement:
    """Change title, validity or source of a draft. A signed agreement keeps its text."""
    agreement = _locked(agreement)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_AGREEMENT),
            *rules.draft_blockers(agreement),
            *rules.reason_blockers(reason, record=agreement),
        ]
    )
    for name in changes:
        if name not in {"title", "valid_from", "valid_until", "source"}:
            raise TypeError(f"{name} of an agreement is not amended")
        setattr(agreement, name, changes[name])
    agreement.save(update_fields=list(changes))
    void_stale_signatures(record=agreement, by=by, at=at, reason=reason)
    record_event(verb="agreement.amend", record=agreement, by=by, at=at, reason=reason)
    return agreement


@service
def sign_agreement(*, agreement, by, at, proof: Proof, reason="") -> Agreement:
    """Sign a draft: from its first day on it is in force. Raises Blocked with every objection."""
    agreement = _locked(agreement)
    ensure_clear(
        [
            *right_blockers(by, Right.SIGN_AGREEMENT),
            *move_blockers(agreement, [SIGN]),
            *rules.over_blockers(agreement, on=at.date()),
        ]
    )
    agreement.status = SIGN.target
    agreement.signed_at = at
    agreement.save(update_fields=["status", "signed_at"])
    sign(
        record=agreement,
        verb="sign",
        meaning=MEANINGS["sign"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="agreement.sign",
        record=agreement,
        by=by,
        at=at,
        reason=reason,
        cause=f"Agreement {agreement.number} was signed.",
    )
    return agreement


@service
def terminate_agreement(*, agreement, by, at, proof: Proof, reason="") -> Agreement:
    """End an agreement in force, with a reason. Work under it is no longer authorised."""
    agreement = _locked(agreement)
    ensure_clear(
        [
            *right_blockers(by, Right.SIGN_AGREEMENT),
            *move_blockers(agreement, [TERMINATE]),
            *rules.reason_blockers(reason, record=agreement),
        ]
    )
    agreement.status = TERMINATE.target
    agreement.terminated_at = at
    agreement.save(update_fields=["status", "terminated_at"])
    sign(
        record=agreement,
        verb="terminate",
        meaning=MEANINGS["terminate"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="agreement.terminate",
        record=agreement,
        by=by,
        at=at,
        reason=reason,
        cause=f"Agreement {agreement.number} was terminated.",
    )
    return agreement


@service
def exercise_option(*, scope_item, by, at, proof: Proof, reason="") -> ScopeItem:
    """Take up an option: the work it names is authorised from now on."""
    return _decide_option(
        scope_item=scope_item, move=EXERCISE, by=by, at=at, proof=proof, reason=reason
    )


@service
def decline_option(*, scope_item, by, at, proof: Proof, reason="") -> ScopeItem:
    """Let an option go: the work it names stays outside the agreement."""
    return _decide_option(
        scope_item=scope_item, move=DECLINE, by=by, at=at, proof=proof, reason=reason
    )


def _decide_option(*, scope_item, move, by, at, proof, reason) -> ScopeItem:
    agreement = _locked(scope_item.agreement)
    scope_item = ScopeItem.objects.select_for_update(of=("self",)).get(pk=scope_item.pk)
    ensure_clear(
        [
            *right_blockers(by, Right.SIGN_AGREEMENT),
            *rules.option_blockers(scope_item, agreement, move),
            *rules.reason_blockers(reason, record=agreement),
        ]
    )
    scope_item.status = move.target
    scope_item.save(update_fields=["status"])
    sign(
        record=agreement,
        verb=f"option-{move.verb}-{scope_item.pk}",
        meaning=option_meaning(move, scope_item.item),
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb=f"agreement.option_{move.verb}",
        record=agreement,
        by=by,
        at=at,
        reason=reason,
        new={"item": scope_item.item, "status": move.target},
        cause=f"An option of agreement {agreement.number} was {move.target}.",
    )
    return scope_item
