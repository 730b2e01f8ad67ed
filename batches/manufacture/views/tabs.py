"""The tabs of a batch's page that manufacture draws."""

from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import Prefetch

from batches.deviations.models import Deviation
from batches.manufacture.forms import limits_of
from batches.manufacture.models import Batch, BatchStep
from batches.manufacture.states import Execution, StepStatus
from batches.manufacture.timeline import records_of, timeline
from cdmo.accounts.models import User
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.web.views import RecordPage

BATCH = ("sponsor", "product", "process_version", "master", "site", "coi", "reviewed_by")


class BatchTab(RecordPage):
    """One tab of a batch's page. Other rooms need no more than RecordPage and batch_base.html."""

    model = Batch
    select = BATCH


class BatchRecord(BatchTab):
    """The record step by step, the step to do now on top."""

    template_name = "batches/manufacture/batch_record.html"

    def get_context_data(self, **kwargs):
        by, batch = self.request.user, self.record
        steps = list(
            BatchStep.objects.visible_to(by)
            .filter(batch=batch)
            .select_related("performed_by", "verified_by", "corrected_by")
            .prefetch_related(Prefetch("deviations", Deviation.objects.order_by("id")))
            .order_by("position")
        )
        for step in steps:
            step.batch = batch
            step.limits = limits_of(step)
            step.may_be_verified = step.status == StepStatus.PERFORMED and (
                step.critical or batch.execution == Execution.IN_PROCESS
            )
        open_steps = [step for step in steps if step.status == StepStatus.OPEN and step.mandatory]
        now = open_steps[0] if open_steps and batch.execution == Execution.IN_PROCESS else None
        done = sum(step.status != StepStatus.OPEN for step in steps)
        working = batch.execution in {
            Execution.IN_PROCESS,
            Execution.ON_HOLD,
            Execution.COMPLETED,
        }
        return super().get_context_data(
            steps=steps,
            step_now=now,
            done=done,
            rest=len(steps) - done,
            demands=[
                step for step in steps if step.in_limits is False and not step.deviations.all()
            ],
            may_execute=by.may(Right.EXECUTE),
            may_correct=working and by.may(Right.EXECUTE),
            may_verify=working and (by.may(Right.VERIFY) or by.may(Right.EXECUTE)),
            may_raise=by.may(Right.RAISE_DEVIATION),
            signatures=signatures_of(batch),
            marked=steps,
            **kwargs,
        )


class BatchDeviations(BatchTab):
    template_name = "batches/manufacture/batch_deviations.html"

    def get_context_data(self, **kwargs):
        found = Deviation.objects.visible_to(self.request.user).filter(batch=self.record)
        deviations = list(found.select_related("step", "raised_by").order_by("-id"))
        for deviation in deviations:
            if deviation.step_id:
                deviation.step.batch = self.record
        return super().get_context_data(
            deviations=deviations,
            may_raise=self.request.user.may(Right.RAISE_DEVIATION),
            **kwargs,
        )


_LINKED = frozenset({"deviation"})
_COLOURS = {
    "batch.held": "amber",
    "batch.review_voided": "red",
    "batch.aborted": "red",
    "batch.rejected": "red",
    "batch.recalled": "red",
    "batch.certified": "green",
    "batch.certified_conditionally": "amber",
    "batch.reviewed": "green",
    "step.out_of_limits": "red",
    "deviation.raised": "amber",
    "signature.void": "red",
    "signature.refused": "red",
}


class BatchTimeline(BatchTab):
    """Events and signatures, newest first."""

    template_name = "batches/manufacture/batch_timeline.html"

    def get_context_data(self, **kwargs):
        found = timeline(self.record, user=self.request.user)
        emails = {entry.by for entry in found}
        names = dict(User.objects.filter(email__in=emails).values_list("email", "full_name"))
        entries = [
            {
                "at": entry.at,
                "title": entry.sentence,
                "by": ", ".join(filter(None, [names.get(entry.by, entry.by), entry.role])),
                "reason": entry.reason,
                "record_type": entry.record_type,
                "record": entry.record if entry.record_type in _LINKED else "",
                "colour": "red"
                if entry.voided_at
                else _COLOURS.get(entry.verb, "blue" if entry.kind == "signature" else "grey"),
            }
            for entry in reversed(found)
        ]
        return super().get_context_data(entries=entries, **kwargs)


class BatchAudit(BatchTab):
    """The field history of the batch, its steps, deviations and uses, newest first."""

    template_name = "batches/manufacture/batch_audit.html"
    per_page = 50

    def get_context_data(self, **kwargs):
        changes = AuditEvent.objects.filter(
            records_of(self.record), kind=AuditEvent.Kind.CHANGE
        ).order_by("-id")
        only = self.request.GET.get("only", "changed")
        if only == "changed":
            changes = changes.filter(verb="update")
        page = Paginator(changes, self.per_page).get_page(self.request.GET.get("page"))
        rows = shown(page.object_list, self.record)
        return super().get_context_data(page=page, rows=rows, only=only, **kwargs)


def shown(events, batch) -> list[dict]:
    """Return audit lines for people: names for ids, a step by its code, instants as instants."""
    events = list(events)
    ids = {
        value
        for event in events
        for values in (event.old or {}, event.new or {})
        for name, value in values.items()
        if name.endswith("_by_id") and value is not None
    } | {event.by_id for event in events if event.by_id}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "full_name"))
    codes = dict(BatchStep.objects.filter(batch=batch).values_list("pk", "code"))
    return [
        {
            "event": event,
            "who": names.get(event.by_id) or event.by_name or event.database_user,
            "step": codes.get(event.record_id) if event.record_type == "step" else None,
            "kind": event.record_type.replace("_", " "),
            "fields": [
                {
                    "name": name.removesuffix("_id").replace("_", " "),
                    "old": _plain(name, (event.old or {}).get(name), names),
                    "new": _plain(name, value, names),
                    "replaced": (event.old or {}).get(name) not in _EMPTY,
                }
                for name, value in (event.new or {}).items()
                if event.verb == "update" or value not in _EMPTY
            ],
        }
        for event in events
    ]


_EMPTY = (None, "", [], {})


def _plain(name, value, names):
    if value in _EMPTY:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_by_id"):
        return names.get(value, value)
    if name.endswith("_at") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
