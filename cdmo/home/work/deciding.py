"""What a Qualified Person, a project manager and an auditor look at."""

from django.db.models import Exists, F, OuterRef, Q, Subquery

from batches.manufacture.states import Disposition, Execution
from cdmo.home.work.items import SHOWN, Item, WorkList, batch_item, batches_of, taken, waiting
from cdmo.records.models import AuditEvent, Signature
from qc.release.models import Certificate, ReleaseCheck
from qc.release.services.trail import batches_with_loose_ends
from qc.release.states import CheckStatus, CheckVerdict
from techtransfer.projects.models import TransferProject
from techtransfer.projects.picture import pictures
from techtransfer.projects.states import GateStatus, TransferStatus


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
        lambda c: batch_item(c.batch, status="ready", since=c.evaluated_at, note=_final(c)),
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
        lambda c: batch_item(
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
        lambda c: batch_item(
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


def trails_to_review(by, at) -> WorkList:
    """Completed batches whose audit trail holds changes that nobody has explained."""
    open_ones = batches_of(by).filter(
        execution=Execution.COMPLETED,
        disposition__in=[Disposition.PENDING, Disposition.CONDITIONAL],
    )
    loose = batches_with_loose_ends(open_ones.values_list("pk", flat=True))
    return waiting(
        "Audit trails to explain",
        "history",
        batches_of(by).filter(pk__in=loose).order_by("expires_at", "completed_at"),
        lambda b: batch_item(b, since=b.completed_at, note="Changed outside the application"),
        more="batches:batch_list",
        query="tab=in_review",
        pressing=True,
    )


def reopened(by, at) -> WorkList:
    """Decided batches that a later check speaks against, and records changed after signing.

    A record that was corrected after its certification stays here, signed again or not, until a
    certificate is issued that rests on the corrected one.
    """
    latest = ReleaseCheck.objects.filter(batch=OuterRef("pk"), status=CheckStatus.DONE)
    taken_back = Signature.objects.filter(
        record_type="batch",
        record_id=OuterRef("pk"),
        verb__in=["complete", "review"],
        void__isnull=False,
    )
    certificates = Certificate.objects.filter(batch=OuterRef("pk")).order_by("-issue")
    released = Q(disposition__in=[Disposition.RELEASED, Disposition.CONDITIONAL])
    found = (
        batches_of(by)
        .annotate(
            last_certificate=Subquery(certificates.values("issued_at")[:1]),
            corrected=Exists(taken_back.filter(void__at__gt=OuterRef("last_certificate"))),
            last_check=Subquery(latest.order_by("-pk").values("pk")[:1]),
            last_verdict=Subquery(latest.order_by("-pk").values("verdict")[:1]),
        )
        .filter(
            Q(disposition=Disposition.RELEASED) & ~Q(last_verdict=CheckVerdict.READY)
            | Q(disposition=Disposition.CONDITIONAL, last_verdict=CheckVerdict.BLOCKED)
            | Q(
                Exists(taken_back),
                execution=Execution.COMPLETED,
                reviewed_at__isnull=True,
            )
            & ~Q(disposition=Disposition.REJECTED)
            | released & Q(corrected=True)
        )
        .filter(last_check__isnull=False)
        .order_by(F("disposed_at").desc(nulls_last=True), "-pk")
    )
    batches, count = taken(found, lambda batch: batch)
    checks = {
        check.pk: check
        for check in ReleaseCheck.objects.filter(pk__in=[b.last_check for b in batches])
        .select_related("seen")
        .defer("seen__evidence", "digest")
    }
    return WorkList(
        "Opened again",
        "alert-octagon",
        [_reopened_item(batch, checks[batch.last_check]) for batch in batches],
        count,
        more="qc:to_certify",
        pressing=True,
    )


def _reopened_item(batch, check) -> Item:
    axis = "stage" if batch.disposition == Disposition.PENDING else "disposition"
    if batch.reviewed_at is None:
        note = "Its record was changed after it was signed: to be completed and reviewed again"
        return batch_item(batch, axis=axis, note=note)
    if batch.corrected and not _speaks_against(batch, check):
        note = "Its record was corrected and signed again after its certification: its certificate "
        return batch_item(batch, axis=axis, note=note + "is to be issued again")
    return batch_item(
        batch,
        axis=axis,
        note=_why(check, "fail") or _why(check, "pending"),
        owner=_who(check),
    )


def _speaks_against(batch, check) -> bool:
    if batch.disposition == Disposition.RELEASED:
        return check.verdict != CheckVerdict.READY
    return check.verdict == CheckVerdict.BLOCKED


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
        batches_of(by)
        .filter(product__gene_modified=True, execution__in=[Execution.IN_PROCESS, Execution.ISSUED])
        .order_by("started_at", "pk")
    )
    return waiting(
        "Gene-modified products in work",
        "biohazard",
        found,
        lambda b: batch_item(b, status=b.execution, axis="execution"),
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
