"""Writing and approving master batch records."""

from django.db import IntegrityError, transaction

from batches.manufacture import rules
from batches.manufacture.models import MasterBatchRecord, MasterStep
from batches.manufacture.states import APPROVE_MASTER, MEANINGS, RETIRE_MASTER, MasterStatus
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import Blocked, Blocker, ensure_clear
from cdmo.records.acting import service
from cdmo.records.services import record_event
from cdmo.records.signatures import sign


@service
def write_master(
    *,
    code,
    process_version,
    steps,
    by,
    at,
    title="",
    effective_from=None,
    yield_unit="",
    yield_lower=None,
    yield_upper=None,
    illustrative=False,
    reason="",
):
    """Write a draft of the instructions for a process version, as its next version.

    `steps`: dicts of MasterStep's fields in order, without position. Raises Blocked.
    """
    steps = list(steps)
    ensure_clear([*right_blockers(by, Right.WRITE_MASTER), *rules.steps_blockers(steps)])
    process_version = (
        type(process_version).objects.select_for_update(of=("self",)).get(pk=process_version.pk)
    )  # two writers at once would both take the same next version
    latest = process_version.masters.order_by("-version").values_list("version", flat=True).first()
    try:
        with transaction.atomic():
            master = MasterBatchRecord.objects.create(
                sponsor_id=process_version.sponsor_id,
                code=code,
                product_id=process_version.product_id,
                process_version=process_version,
                version=(latest or 0) + 1,
                title=title or f"Manufacture by {process_version.code}",
                effective_from=effective_from,
                yield_unit=yield_unit,
                yield_lower=yield_lower,
                yield_upper=yield_upper,
                written_by=by,
                illustrative=illustrative,
            )
    except IntegrityError as error:
        raise Blocked(
            [Blocker("code_taken", f"There is already a record named {code}.")]
        ) from error
    MasterStep.objects.bulk_create(
        MasterStep(sponsor_id=master.sponsor_id, master=master, position=position, **step)
        for position, step in enumerate(steps, start=1)
    )
    record_event(verb="master_batch_record.written", record=master, by=by, at=at, reason=reason)
    return master


def approve_objections(master, *, by, at):
    day = master.process_version.site.day(at)
    return [
        *right_blockers(by, Right.APPROVE_MASTER),
        *rules.approval_blockers(master, by=by, day=day),
    ]


@service
def approve_master(*, master, by, at, proof, reason=""):
    """Make a draft effective and retire the one that was. Signed. Raises Blocked."""
    # The process version guards which master is effective: two approvals at once queue here.
    version = master._meta.get_field("process_version").related_model
    version.objects.select_for_update(of=("self",)).get(pk=master.process_version_id)
    master = (
        MasterBatchRecord.objects.select_related("process_version__site")
        .select_for_update(of=("self",))
        .get(pk=master.pk)
    )
    ensure_clear(approve_objections(master, by=by, at=at))
    cause = f"{master.code} became effective."
    for former in master.process_version.masters.filter(status=MasterStatus.EFFECTIVE):
        former.status = RETIRE_MASTER.target
        former.save(update_fields=["status"])
        record_event(
            verb="master_batch_record.retired",
            record=former,
            by=by,
            at=at,
            reason=f"Replaced by {master.code}.",
            cause=cause,
        )
    master.status = APPROVE_MASTER.target
    master.effective_from = master.process_version.site.day(at)
    master.save(update_fields=["status", "effective_from"])
    sign(
        record=master,
        verb="approve",
        meaning=MEANINGS["approve"],
        by=by,
        at=at,
        proof=proof,
        reason=reason,
    )
    record_event(
        verb="master_batch_record.approved", record=master, by=by, at=at, reason=reason, cause=cause
    )
    return master
