"""Chains of identity and their scans."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction
from stdnum.iso7064 import mod_37_36

from batches.identity import rules
from batches.identity.models import IdentityChain, IdentityScan
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked, Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import numbered, record_event

MISMATCH, MATCH = "identity.mismatch", "identity.match"


@service
def create_chain(*, product, pseudonym, by, at, coi="", illustrative=False, reason=""):
    """Make a patient's chain of identity before the first collection. Raises Blocked.

    Only a pseudonym is kept; who the patient is stands elsewhere. Without an identifier one is
    given, with a check character (ISO 7064 MOD 37,36) against mistyping.
    """
    ensure_clear(
        [
            *right_blockers(by, Right.PLAN_BATCH),
            *rules.chain_blockers(
                product,
                pseudonym=pseudonym,
                coi=coi,
                coi_exists=bool(coi) and IdentityChain.objects.filter(coi=coi).exists(),
                patients_chain=_patients_chain(product, pseudonym),
            ),
        ]
    )
    with _races_in_words():
        chain = IdentityChain.objects.create(
            coi=coi or _free_identifier(at),
            sponsor_id=product.sponsor_id,
            product=product,
            pseudonym=pseudonym,
            created_at=at,
            illustrative=illustrative,
        )
    record_event(verb="identity.create", record=chain, by=by, at=at, reason=reason)
    return chain


@service
def record_scan(*, batch, handover, scanned, by, at, reason=""):
    """Record what was scanned at a handover, and whether it is the batch's own identifier.

    A mismatch is kept, never refused: it happened. It is told to the release room at once, and the
    rooms above neither start nor release a batch after it. Compared character by character. Raises
    Blocked where there is nothing to compare with.
    """
    batch = (
        type(batch).objects.select_for_update(of=("self",)).select_related("coi").get(pk=batch.pk)
    )
    ensure_clear([*right_blockers(by, Right.SCAN_IDENTITY), *rules.scan_blockers(batch)])
    matched = scanned == batch.coi.coi
    scan = IdentityScan.objects.create(
        sponsor_id=batch.sponsor_id,
        chain=batch.coi,
        batch=batch,
        handover=handover,
        scanned=scanned,
        matched=matched,
        at=at,
        by=by,
    )
    where = scan.get_handover_display().lower()
    record_event(
        verb=MATCH if matched else MISMATCH,
        record=scan,
        by=by,
        at=at,
        reason=reason,
        new={"batch": batch.number, "handover": handover, "scanned": scanned, "matched": matched},
        cause=f"{batch.number}: the identity scan at {where} "
        f"{'matched' if matched else 'did not match'}."[:200],
    )
    return scan


def _patients_chain(product, pseudonym):
    return IdentityChain.objects.filter(product=product, pseudonym=pseudonym).first()


def _free_identifier(at) -> str:
    """Return a new identifier with its check character, passing over what somebody typed."""
    while True:
        number = numbered("COI", at)
        coi = f"{number}-{mod_37_36.calc_check_digit(number.replace('-', ''))}"
        if not IdentityChain.objects.filter(coi=coi).exists():
            return coi


_RACES = {
    "batches_identitychain_one_a_patient": (
        "patient_has_chain",
        "Somebody else has just made this patient's chain of identity.",
    ),
    "batches_identitychain_coi_key": (
        "coi_taken",
        "Somebody else has just used this identifier. Identifiers are never reused.",
    ),
}


@contextmanager
def _races_in_words():
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name not in _RACES:
            raise
        raise Blocked([Blocker(*_RACES[name])]) from error
