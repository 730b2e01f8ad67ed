"""Master batch records: written, changed while drafts, copied, approved, retired."""

from batches.manufacture import rules
from batches.manufacture.models import MasterBatchRecord, MasterStep
from batches.manufacture.states import (
    APPROVE_MASTER,
    MEANINGS,
    RETIRE_MASTER,
    MasterStatus,
    StepKind,
)
from cdmo.accounts.roles import Right
from cdmo.accounts.rules import right_blockers
from cdmo.blockers import ensure_clear
from cdmo.records.acting import service
from cdmo.records.canonical import canonical, sha256
from cdmo.records.models import AuditEvent
from cdmo.records.races import one_of_a_kind
from cdmo.records.services import record_event
from cdmo.records.signatures import sign

STEP_FIELDS = {
    "code": "",
    "title": "",
    "instruction": "",
    "kind": StepKind.CHECK,
    "unit": "",
    "lower": None,
    "upper": None,
    "expected": "",
    "critical": False,
    "mandatory": True,
}
HEAD_FIELDS = ("title", "effective_from", "yield_unit", "yield_lower", "yield_upper")
WRITING_VERBS = tuple(f"master_batch_record.{verb}" for verb in ("written", "copied", "changed"))


@service
def write_master(
    *,
    process_version,
    steps,
    by,
    at,
    code="",
    title="",
    effective_from=None,
    yield_unit="",
    yield_lower=None,
    yield_upper=None,
    illustrative=False,
    reason="",
):
    """Write a draft of the instructions for a process version, as its next version.

    `steps`: dicts of MasterStep's fields in order, without position. Without a code one is made of
    the process version's and the version. Raises Blocked.
    """
    steps = list(steps)
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_MASTER),
            *rules.steps_blockers(steps),
            *rules.yield_blockers(yield_lower, yield_upper),
        ]
    )
    head = {
        "title": title or f"Manufacture by {process_version.code}",
        "effective_from": effective_from,
        "yield_unit": yield_unit,
        "yield_lower": yield_lower,
        "yield_upper": yield_upper,
        "illustrative": illustrative,
    }
    master = _next_version(process_version, code, steps, by=by, **head)
    record_event(verb="master_batch_record.written", record=master, by=by, at=at, reason=reason)
    return master


@service
def copy_master(*, master, by, at, process_version=None, code="", reason=""):
    """Copy instructions that were approved once to a draft: the next version of their process
    version, or of another one of the same product. Raises Blocked.
    """
    process_version = process_version or master.process_version
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_MASTER),
            *rules.copy_blockers(master, process_version=process_version),
        ]
    )
    head = {name: getattr(master, name) for name in ("title", "illustrative")}
    head |= {name: getattr(master, name) for name in HEAD_FIELDS if name.startswith("yield_")}
    steps = [
        {name: getattr(step, name) for name in STEP_FIELDS}
        for step in master.steps.order_by("position")
    ]
    series = ""
    if process_version == master.process_version:
        series = master.code.removesuffix(f"-{master.version:02d}")
    made = _next_version(process_version, code, steps, series=series, by=by, **head)
    record_event(
        verb="master_batch_record.copied",
        record=made,
        by=by,
        at=at,
        reason=reason,
        new={"copied_from": master.code},
    )
    return made


@service
def change_master(*, master, by, at, reason, steps=None, seen="", **head):
    """Change a draft: the fields of `head`, and its steps when they are given, all of them.

    A step is known by its code: it keeps its row when it moves or changes, and one that is no
    longer there is withdrawn, never deleted. `seen`: the `text_hash` that the person started from;
    what somebody else saved since is not overwritten. Raises Blocked.
    """
    if unknown := set(head) - set(HEAD_FIELDS):
        raise TypeError(f"No such facts of a master batch record: {sorted(unknown)}")
    steps = None if steps is None else list(steps)
    master = _locked(master)
    limits = [head.get(name, getattr(master, name)) for name in ("yield_lower", "yield_upper")]
    ensure_clear(
        [
            *right_blockers(by, Right.WRITE_MASTER),
            *rules.draft_blockers(master),
            *rules.reason_blockers(reason, master, done="changed"),
            *rules.seen_blockers(master, seen=seen, now=text_hash(master)),
            *rules.yield_blockers(*limits),
            *(rules.steps_blockers(steps) if steps is not None else ()),
        ]
    )
    for name, value in head.items():
        setattr(master, name, value)
    if "title" in head and not master.title:
        master.title = f"Manufacture by {master.process_version.code}"
    master.save(update_fields=list(head))
    if steps is not None:
        _replace_steps(master, steps)
    record_event(verb="master_batch_record.changed", record=master, by=by, at=at, reason=reason)
    return master


def approve_objections(master, *, by, at):
    effective = master.process_version.masters.filter(status=MasterStatus.EFFECTIVE).first()
    return [
        *right_blockers(by, Right.APPROVE_MASTER),
        *rules.approval_blockers(
            master,
            by=by,
            day=master.process_version.site.day(at),
            authors=_authors(master),
            effective=effective,
        ),
    ]


@service
def approve_master(*, master, by, at, proof, reason=""):
    """Make a draft effective and retire the one that was. Signed. Raises Blocked."""
    master = _locked(master)
    ensure_clear(approve_objections(master, by=by, at=at))
    cause = f"{master.code} became effective."
    for former in master.process_version.masters.filter(status=MasterStatus.EFFECTIVE):
        _move(former, RETIRE_MASTER)
        record_event(
            verb="master_batch_record.retired",
            record=former,
            by=by,
            at=at,
            reason=f"Replaced by {master.code}.",
            cause=cause,
        )
    master.effective_from = master.process_version.site.day(at)
    _move(master, APPROVE_MASTER, fields=["effective_from"])
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


def retire_objections(master, *, by, reason="-"):
    """Return what would refuse taking it out of use; before a reason is typed, that is no lack."""
    return [
        *right_blockers(by, Right.APPROVE_MASTER),
        *rules.retirement_blockers(master, reason=reason),
    ]


@service
def retire_master(*, master, by, at, reason):
    """Take effective instructions out of use, with a reason: no batch is issued by them any more.

    Batches that were issued keep their copy. Raises Blocked.
    """
    master = _locked(master)
    ensure_clear(retire_objections(master, by=by, reason=reason))
    _move(master, RETIRE_MASTER)
    record_event(
        verb="master_batch_record.retired",
        record=master,
        by=by,
        at=at,
        reason=reason,
        cause=f"{master.code} was retired.",
    )
    return master


def text_hash(master) -> str:
    """Return the SHA-256 of everything that a change of a draft can touch."""
    day = master.effective_from
    text = {
        **master.signed_content("approve"),
        "title": master.title,
        "effective_from": day.isoformat() if day else None,
    }
    return sha256(canonical(text))


def _move(master, move, *, fields=()):
    """The only place that writes a master's status."""
    master.status = move.target
    master.save(update_fields=["status", *fields])


def _locked(master) -> MasterBatchRecord:
    """Lock the process version first: it guards which master is effective, whoever moves which."""
    version = master._meta.get_field("process_version").related_model
    version.objects.select_for_update(of=("self",)).get(pk=master.process_version_id)
    return (
        MasterBatchRecord.objects.select_related("process_version__site")
        .select_for_update(of=("self",))
        .get(pk=master.pk)
    )


def _authors(master) -> set[int]:
    """Return everybody who had a hand in the text, from the audit trail itself."""
    found = AuditEvent.objects.filter(
        kind=AuditEvent.Kind.EVENT,
        record_type=master.record_type,
        record_id=master.pk,
        verb__in=WRITING_VERBS,
    )
    return {master.written_by_id, *found.values_list("by_id", flat=True)}


def _next_version(process_version, code, steps, *, by, series="", **head) -> MasterBatchRecord:
    """Write the rows. `series`: how a code that is not given may start, as its original's did."""
    process_version = (
        type(process_version).objects.select_for_update(of=("self",)).get(pk=process_version.pk)
    )  # two writers at once would both take the same next version
    latest = process_version.masters.order_by("-version").values_list("version", flat=True).first()
    version = (latest or 0) + 1
    code = code or _free_code([series, f"MBR-{process_version.code}"], version)
    with one_of_a_kind("code_taken", f"There is already a record named {code}."):
        master = MasterBatchRecord.objects.create(
            sponsor_id=process_version.sponsor_id,
            code=code,
            product_id=process_version.product_id,
            process_version=process_version,
            version=version,
            written_by=by,
            **head,
        )
    MasterStep.objects.bulk_create(
        MasterStep(sponsor_id=master.sponsor_id, master=master, position=position, **step)
        for position, step in enumerate(steps, start=1)
    )
    return master


def _free_code(series, version) -> str:
    """Return the first code that nobody has; the last one whether or not: its refusal says why."""
    codes = [f"{one}-{version:02d}" for one in series if one and len(one) <= 56]
    taken = set(MasterBatchRecord.objects.filter(code__in=codes).values_list("code", flat=True))
    return next((code for code in codes if code not in taken), codes[-1])


def _replace_steps(master, steps) -> None:
    """Withdraw the steps that are gone, write into the others what changed, add the new ones."""
    present = {step.code: step for step in master.steps.all()}
    codes = {step["code"] for step in steps}
    gone = [step.pk for code, step in present.items() if code not in codes]
    MasterStep.objects.filter(pk__in=gone).update(master=None, withdrawn_from=master)
    fresh = []
    for position, given in enumerate(steps, start=1):
        facts = {**STEP_FIELDS, **given, "position": position}
        step = present.get(facts["code"])
        if step is None:
            fresh.append(MasterStep(sponsor_id=master.sponsor_id, master=master, **facts))
            continue
        # As text too: a limit of 10.50 is written otherwise than one of 10.5.
        changed = [
            name
            for name, value in facts.items()
            if (was := getattr(step, name)) != value or str(was) != str(value)
        ]
        for name in changed:
            setattr(step, name, facts[name])
        if changed:
            step.save(update_fields=changed)
    MasterStep.objects.bulk_create(fresh)
