"""The lists of home: work that waits for a role, each one query, whatever the number of records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Case, Count, Exists, F, OuterRef, Q, When, Window

from batches.deviations.models import Deviation
from batches.deviations.states import DeviationStatus
from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.sentences import sentence
from batches.manufacture.states import Disposition, Execution, StepStatus
from batches.materials.models import Lot
from batches.materials.states import LotStatus
from cdmo.accounts.roles import Role
from cdmo.records.models import AuditEvent, Signature
from qc.instruments.models import InstrumentFile, Measurement
from qc.instruments.states import FileStatus, MeasurementStatus
from qc.laboratory.models import OosInvestigation, Result, Sample
from qc.laboratory.states import OosStatus, ResultStatus
from qc.release.models import ReleaseCheck
from qc.release.states import CheckVerdict
from qc.specifications.models import Specification
from qc.specifications.states import SpecificationStatus, Verdict
from techtransfer.projects.models import TransferProject
from techtransfer.projects.picture import pictures
from techtransfer.projects.states import GateStatus, TransferStatus

SHOWN = 8
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of work: a record, what is asked, and since or until when."""

    record: object
    label: str = ""  # of the link, where the record's key says little
    text: str = ""
    note: str = ""
    status: object = ""  # the value; `axis` of the record where there is one
    axis: str = ""
    verdict: str = ""
    starts: object = None
    due: object = None
    since: object = None
    site: object = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class WorkList:
    """A heading with what waits under it; `count` may be more than is shown."""

    title: str
    icon: str
    items: list[Item] = field(default_factory=list)
    count: int = 0
    more: str = ""  # URL name of the list where all of it stands
    query: str = ""
    pressing: bool = False


def taken(records, make: Callable) -> tuple[list[Item], int]:
    """Return the first lines and how many there are in all, in one query."""
    rows = list(records.annotate(in_all=Window(Count("pk")))[:SHOWN])
    return [make(row) for row in rows], rows[0].in_all if rows else 0


def waiting(title, icon, records, make, **more) -> WorkList:
    items, count = taken(records, make)
    return WorkList(title, icon, items, count, **more)


def _batch(batch, **more) -> Item:
    return Item(
        record=batch, text=batch.product.name, site=batch.site, **{"due": batch.expires_at, **more}
    )


def _batches(by):
    return Batch.objects.visible_to(by).select_related("product", "site")


def steps_now(by, at) -> WorkList:
    """The next open step of every batch in process."""
    first = (
        BatchStep.objects.visible_to(by)
        .filter(status=StepStatus.OPEN, mandatory=True, batch__execution=Execution.IN_PROCESS.value)
        .order_by("batch_id", "position")
        .distinct("batch_id")
        .values("pk")
    )
    steps = (
        BatchStep.objects.filter(pk__in=first)
        .select_related("batch__product", "batch__site")
        .order_by("batch__started_at", "batch_id")
    )
    return waiting(
        "Steps to do now",
        "hand-finger",
        steps,
        lambda step: Item(
            record=step,
            text=step.title,
            note=step.batch.product.name,
            since=step.batch.started_at,
            site=step.batch.site,
        ),
        more="batches:batch_list",
        query="tab=in_process",
    )


def steps_to_verify(by, at) -> WorkList:
    steps = (
        BatchStep.objects.visible_to(by)
        .filter(status=StepStatus.PERFORMED, critical=True)
        .exclude(performed_by=by)
        .select_related("batch__product", "batch__site", "performed_by")
        .order_by("performed_at")
    )
    return waiting(
        "Steps to verify",
        "checks",
        steps,
        lambda step: Item(
            record=step,
            text=step.title,
            note=f"Performed by {step.performed_by.full_name}",
            since=step.performed_at,
            site=step.batch.site,
        ),
        pressing=True,
    )


def batches_to_start(by, at) -> WorkList:
    found = _batches(by).filter(execution=Execution.ISSUED).order_by("planned_start_at", "pk")
    return waiting(
        "Batches to start",
        "player-play",
        found,
        lambda b: _batch(b, due=None, starts=b.planned_start_at, note="Issued"),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_on_hold(by, at) -> WorkList:
    found = _batches(by).filter(execution=Execution.ON_HOLD).order_by("pk")
    return waiting(
        "On hold", "hand-stop", found, lambda b: _batch(b, status=b.execution), pressing=True
    )


def batches_to_complete(by, at) -> WorkList:
    """In process, and nothing mandatory is left open or unverified."""
    left = BatchStep.objects.filter(batch=OuterRef("pk"), mandatory=True).filter(
        Q(status=StepStatus.OPEN) | Q(status=StepStatus.PERFORMED, critical=True)
    )
    found = _batches(by).filter(~Exists(left), execution=Execution.IN_PROCESS).order_by("pk")
    return waiting("Batches to complete", "flag", found, _batch)


def batches_planned(by, at) -> WorkList:
    found = _batches(by).filter(execution=Execution.PLANNED).order_by("planned_start_at", "pk")
    return waiting(
        "Planned",
        "calendar",
        found,
        lambda b: _batch(
            b, due=None, starts=b.planned_start_at, note="Waits for quality assurance to issue it"
        ),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_to_issue(by, at) -> WorkList:
    found = _batches(by).filter(execution=Execution.PLANNED).order_by("planned_start_at", "pk")
    return waiting(
        "Batches to issue",
        "file-check",
        found,
        lambda b: _batch(b, due=None, starts=b.planned_start_at),
        more="batches:batch_list",
        query="tab=planned",
    )


def batches_to_review(by, at) -> WorkList:
    found = (
        _batches(by)
        .filter(
            execution=Execution.COMPLETED,
            reviewed_at__isnull=True,
            disposition=Disposition.PENDING,
        )
        .order_by("expires_at", "completed_at")
    )
    return waiting(
        "Batch records to review",
        "eye-check",
        found,
        lambda b: _batch(b, since=b.completed_at),
        more="batches:batch_list",
        query="tab=in_review",
        pressing=True,
    )


def lots_in_quarantine(by, at) -> WorkList:
    lots = (
        Lot.objects.visible_to(by)
        .filter(status=LotStatus.QUARANTINE, produced_by__isnull=True)
        .select_related("material")
        .order_by("received_at")
    )
    return waiting(
        "Lots to release",
        "packages",
        lots,
        lambda lot: Item(record=lot, text=lot.material.name, since=lot.received_at),
        more="batches:lot_list",
        query="tab=quarantine",
    )


def lots_expiring(by, at) -> WorkList:
    lots = (
        Lot.objects.visible_to(by)
        .filter(status=LotStatus.RELEASED, expires_at__lt=at + SOON)
        .select_related("material")
        .order_by("expires_at")
    )
    return waiting(
        "Lots that expire within 30 days",
        "calendar-x",
        lots,
        lambda lot: Item(record=lot, text=lot.material.name, due=lot.expires_at),
        more="batches:lot_list",
    )


def _deviations(by, status):
    return (
        Deviation.objects.visible_to(by)
        .filter(status=status)
        .select_related("batch__site")
        .order_by("raised_at")
    )


def deviations_to_classify(by, at) -> WorkList:
    return waiting(
        "Deviations to classify",
        "alert-triangle",
        _deviations(by, DeviationStatus.OPEN),
        lambda d: Item(
            record=d, text=d.title, note=d.batch.number, since=d.raised_at, site=d.batch.site
        ),
        more="batches:deviation_list",
        query="tab=open",
        pressing=True,
    )


def deviations_to_close(by, at) -> WorkList:
    return waiting(
        "Deviations under investigation",
        "search",
        _deviations(by, DeviationStatus.INVESTIGATING),
        lambda d: Item(
            record=d,
            text=d.title,
            note=d.batch.number,
            status=d.classification or "unclassified",
            since=d.raised_at,
            site=d.batch.site,
        ),
        more="batches:deviation_list",
    )


def oos_open(by, at) -> WorkList:
    found = (
        OosInvestigation.objects.visible_to(by)
        .filter(status=OosStatus.OPEN)
        .select_related("batch__site", "result")
        .order_by("opened_at")
    )
    return waiting(
        "Out of specification, open",
        "alert-octagon",
        found,
        lambda o: Item(
            record=o,
            text=f"{o.result.test}: {o.result.reportable or o.result.value} {o.result.unit}",
            note=o.batch.number,
            verdict=o.result.verdict,
            since=o.opened_at,
            site=o.batch.site,
        ),
        more="qc:oos_list",
        pressing=True,
    )


def specifications_to_approve(by, at) -> WorkList:
    """Drafts that somebody else wrote and that I have not signed."""
    mine = Signature.objects.filter(
        record_type="specification", record_id=OuterRef("pk"), by=by, void__isnull=True
    )
    found = (
        Specification.objects.visible_to(by)
        .filter(~Exists(mine), status=SpecificationStatus.DRAFT)
        .exclude(written_by=by)
        .select_related("product", "written_by")
        .order_by("written_at")
    )
    return waiting(
        "Specifications to approve",
        "ruler-measure",
        found,
        lambda s: Item(
            record=s,
            text=s.product.name,
            note=f"Written by {s.written_by.full_name}",
            since=s.written_at,
        ),
        more="qc:specification_list",
        query="tab=draft",
    )


def files_to_confirm(by, at) -> WorkList:
    proposed = Measurement.objects.filter(
        file=OuterRef("pk"), status=MeasurementStatus.PROPOSED, proposed_sample__isnull=False
    )
    found = (
        InstrumentFile.objects.filter(Exists(proposed), status=FileStatus.READ)
        .select_related("instrument__site")
        .order_by("uploaded_at")
    )
    return waiting(
        "Instrument files to confirm",
        "file-analytics",
        found,
        lambda f: Item(
            record=f,
            text=f.filename,
            note=f.instrument.name,
            since=f.uploaded_at,
            site=f.instrument.site,
        ),
        more="qc:instrument_file_list",
        pressing=True,
    )


def files_that_failed(by, at) -> WorkList:
    found = (
        InstrumentFile.objects.filter(status=FileStatus.FAILED, uploaded_at__gt=at - SOON)
        .select_related("instrument__site")
        .order_by("-uploaded_at")
    )
    return waiting(
        "Files that could not be read",
        "file-x",
        found,
        lambda f: Item(
            record=f,
            text=f.filename,
            note=f.error,
            since=f.uploaded_at,
            site=f.instrument.site,
        ),
        more="qc:instrument_file_list",
    )


def _results(by, status):
    return (
        Result.objects.visible_to(by)
        .filter(status=status)
        .select_related("sample", "batch__product", "batch__site", "analyst")
        .order_by(F("batch__expires_at").asc(nulls_last=True), "entered_at")
    )


def _result(result, **more) -> Item:
    return Item(
        record=result,
        label=result.test,
        text=f"{result.reportable or result.value} {result.unit}",
        note=f"{result.sample.number} · {result.batch.product.name}",
        verdict=result.verdict,
        site=result.batch.site,
        **more,
    )


def results_to_submit(by, at) -> WorkList:
    return waiting(
        "My results to submit",
        "send",
        _results(by, ResultStatus.DRAFT).filter(analyst=by),
        lambda r: _result(r, since=r.entered_at),
        more="qc:result_list",
        query="tab=draft",
    )


def results_to_approve(by, at) -> WorkList:
    """Submitted by somebody else; those that fail first."""
    found = _results(by, ResultStatus.SUBMITTED).exclude(analyst=by)
    found = found.order_by(
        Case(When(verdict=Verdict.FAIL, then=0), default=1),
        F("batch__expires_at").asc(nulls_last=True),
        "submitted_at",
    )
    return waiting(
        "Results to approve",
        "report-analytics",
        found,
        lambda r: _result(r, since=r.submitted_at, owner=r.analyst.full_name),
        more="qc:result_list",
        query="tab=submitted",
        pressing=True,
    )


def samples_without_results(by, at) -> WorkList:
    found = (
        Sample.objects.visible_to(by)
        .filter(results__isnull=True)
        .select_related("batch__product", "batch__site")
        .order_by("taken_at")
    )
    return waiting(
        "Samples nobody has tested yet",
        "test-pipe",
        found,
        lambda s: Item(
            record=s,
            text=s.kind.replace("_", " ").capitalize(),
            note=s.batch.product.name,
            since=s.taken_at,
            due=s.batch.expires_at,
            site=s.batch.site,
        ),
        more="qc:sample_list",
    )


def _checks(by):
    """The last check of each batch that is made and not yet finally decided."""
    return (
        ReleaseCheck.objects.visible_to(by)
        .latest()
        .filter(
            batch__execution=Execution.COMPLETED,
            batch__disposition__in=[Disposition.PENDING, Disposition.CONDITIONAL],
        )
        .select_related("batch__product", "batch__site", "seen")
        .defer("seen__evidence", "digest")
        .order_by(F("batch__expires_at").asc(nulls_last=True), "batch__completed_at")
    )


def to_certify(by, at) -> WorkList:
    return waiting(
        "To certify",
        "rosette-discount-check",
        _checks(by).filter(verdict=CheckVerdict.READY),
        lambda c: _batch(c.batch, status="ready", since=c.evaluated_at, note=_final(c)),
        more="batches:batch_list",
        query="tab=to_certify",
        pressing=True,
    )


def _final(check) -> str:
    return (
        "Final certification: all results are in"
        if check.batch.disposition == Disposition.CONDITIONAL
        else ""
    )


def conditional(by, at) -> WorkList:
    """Released conditionally and still waiting, or ready to be."""
    found = _checks(by).filter(
        Q(batch__disposition=Disposition.CONDITIONAL) & ~Q(verdict=CheckVerdict.READY)
        | Q(verdict=CheckVerdict.CONDITIONAL)
    )
    return waiting(
        "Conditional, with clock",
        "hourglass",
        found,
        lambda c: _batch(
            c.batch,
            status="conditional",
            note=_why(c, "pending") or _why(c, "fail"),
        ),
        more="batches:batch_list",
        query="tab=conditional",
    )


def blocked(by, at) -> WorkList:
    found = _checks(by).filter(
        verdict__in=[CheckVerdict.BLOCKED, CheckVerdict.PENDING],
        batch__disposition=Disposition.PENDING,
    )
    return waiting(
        "Blocked, and why",
        "circle-x",
        found,
        lambda c: _batch(
            c.batch, status=c.verdict, note=_why(c, "fail") or _why(c, "pending"), owner=_who(c)
        ),
        more="batches:batch_list",
        query="tab=in_review",
    )


def _open(check, outcome):
    return [
        f
        for f in check.seen.findings
        if f["outcome"] == outcome and not (outcome == "fail" and "justified" in f)
    ]


def _why(check, outcome: str) -> str:
    found = _open(check, outcome)
    if not found:
        return ""
    rest = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return found[0]["message"] + rest


def _who(check) -> str:
    found = _open(check, "fail") or _open(check, "pending")
    return found[0].get("owner", "") if found else ""


def transfers(by, at) -> WorkList:
    """Running transfers, each with its open gate and what holds it."""
    running = list(
        TransferProject.objects.visible_to(by)
        .exclude(status__in=[TransferStatus.CLOSED, TransferStatus.STOPPED])
        .select_related("product", "sending_unit", "receiving_unit")
        .order_by("target_on", "code")[:SHOWN]
    )
    gates = pictures(running, by=by, at=at)
    items = []
    for transfer in running:
        here = next(
            (p for p in gates[transfer.pk] if p.gate.status in {GateStatus.OPEN, GateStatus.HOLD}),
            None,
        )
        note = "No gate is open"
        if here is not None:
            note = f"{here.gate.code} {here.gate.name}: "
            note += _held(here.blockers) if here.blockers else "nothing stands in the way"
            if here.slip_days:
                note += f" {here.slip_days:+d} days against the plan."
        items.append(
            Item(
                record=here.gate if here else transfer,
                text=transfer.title or transfer.product.name,
                note=note,
                status=here.gate.status if here else transfer.status,
            )
        )
    return WorkList(
        "Transfers and what holds them",
        "arrows-transfer-up",
        items,
        len(items),
        more="techtransfer:transfer_list",
    )


def _held(blockers) -> str:
    rest = f" And {len(blockers) - 1} more." if len(blockers) > 1 else ""
    return blockers[0]["message"] + rest


def gene_modified_now(by, at) -> WorkList:
    found = (
        _batches(by)
        .filter(product__gene_modified=True, execution__in=[Execution.IN_PROCESS, Execution.ISSUED])
        .order_by("started_at", "pk")
    )
    return waiting(
        "Gene-modified products in work",
        "biohazard",
        found,
        lambda b: _batch(b, status=b.execution, axis="execution"),
    )


def recent_events(by, at) -> WorkList:
    events = list(AuditEvent.objects.filter(kind=AuditEvent.Kind.EVENT).order_by("-id")[:SHOWN])
    return WorkList(
        "Last events of the audit trail",
        "history",
        [Item(record=e, text=e.verb, note=e.by_name, since=e.at) for e in events],
        len(events),
        more="web:audit_list",
    )


# The order of the lists on the page is the order of a person's day.
BY_ROLE: dict[Role, tuple[Callable, ...]] = {
    Role.OPERATOR: (steps_now, batches_to_start, batches_on_hold),
    Role.SUPERVISOR: (
        steps_to_verify,
        steps_now,
        batches_to_complete,
        batches_to_start,
        batches_on_hold,
    ),
    Role.PLANNER: (batches_planned, batches_to_start, lots_in_quarantine, lots_expiring),
    Role.ANALYST: (
        files_to_confirm,
        results_to_submit,
        samples_without_results,
        files_that_failed,
    ),
    Role.REVIEWER: (results_to_approve, specifications_to_approve, oos_open, files_that_failed),
    Role.QA: (
        batches_to_review,
        deviations_to_classify,
        batches_to_issue,
        deviations_to_close,
        oos_open,
        specifications_to_approve,
        lots_in_quarantine,
    ),
    Role.QP: (to_certify, conditional, blocked),
    Role.PROJECT_MANAGER: (transfers, batches_planned),
    Role.BIOSAFETY: (gene_modified_now,),
    Role.AUDITOR: (recent_events,),
    Role.ADMIN: (recent_events,),
}


def work_for(by, *, at) -> list[WorkList]:
    """Return the lists of all of a person's roles, each once."""
    wanted = dict.fromkeys(
        make for role in Role if role in by.roles for make in BY_ROLE.get(role, ())
    )
    return [make(by, at) for make in wanted]


def milestones(by, *, at) -> list[dict]:
    """Return what happened in the last week that everybody should know, newest first: one query."""
    events = (
        AuditEvent.objects.visible_to(by)
        .filter(shared=True, at__gt=at - timedelta(days=7))
        .select_related("by")
        .order_by("-id")[:SHOWN]
    )
    return [
        {
            "at": event.at,
            "title": sentence(event.verb, event.record, event.new),
            "by": event.by.full_name if event.by else "The system",
            "record_type": event.record_type,
            "record": event.record,
        }
        for event in events
    ]
