"""Pages of periodic evaluations, and their copies."""

import csv
import io
import json

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.generic import View

from cdmo.accounts.roles import Right
from cdmo.evaluation import forms, rules, services
from cdmo.evaluation.models import PeriodicEvaluation
from cdmo.evaluation.states import MEANINGS, EvaluationStatus
from cdmo.records.canonical import canonical, instant
from cdmo.records.signatures import signatures_of
from cdmo.web.exports import harmless
from cdmo.web.links import page
from cdmo.web.lists import Column
from cdmo.web.views import NewRecord, RecordList, RecordMixin, RecordPage, StaffRequired, VerbView


class EvaluationList(RecordList):
    model = PeriodicEvaluation
    right_to_see = Right.READ_AUDIT
    title = "Periodic evaluations"
    lead = "Access, incidents, changes, open deviations, backups and seals of a period, concluded."
    select = ("drawn_up_by", "concluded_by")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("status", "Status", kind="status"),
        Column("since", "From", kind="instant", order="since"),
        Column("until", "To", kind="instant", order="until"),
        Column("drawn_up_by", "Drawn up by", kind="person"),
        Column("concluded_at", "Concluded", kind="instant"),
        Column("concluded_by", "Concluded by", kind="person"),
    )
    empty_title = "No evaluation yet"
    empty_text = "Quality assurance draws one up over a period and signs what it concludes."
    empty_icon = "report-search"
    new_label = "Draw up an evaluation"

    @property
    def new_url(self):
        return page("evaluation:evaluation_new")

    def may_make(self):
        return self.request.user.may(Right.EVALUATE)


class EvaluationNew(NewRecord):
    title = "Draw up a periodic evaluation"
    meaning = "What the system knows about the period is brought together and frozen."
    button = "Draw up"
    verb = "draw-up"
    form_class = forms.PeriodForm
    right = Right.EVALUATE
    right_to_see = Right.READ_AUDIT

    def act(self, *, by, at, data, proof):
        return services.draw_up(by=by, at=at, **data)


class EvaluationPage(RecordPage):
    model = PeriodicEvaluation
    right_to_see = Right.READ_AUDIT
    select = ("drawn_up_by", "concluded_by")
    template_name = "evaluation/evaluation.html"

    def get_context_data(self, **kwargs):
        is_open = self.record.status == EvaluationStatus.DRAWN_UP
        return super().get_context_data(
            concludes=is_open and self.request.user.may(Right.EVALUATE),
            signatures=signatures_of(self.record),
            **kwargs,
        )


class EvaluationConclude(VerbView):
    model = PeriodicEvaluation
    verb = "conclude"
    title = "Conclude this evaluation"
    meaning = MEANINGS["conclude"]
    form_class = forms.ConclusionForm
    right = Right.EVALUATE
    right_to_see = Right.READ_AUDIT
    signed = True
    done = "The evaluation is concluded."

    def blockers(self):
        return rules.conclude_blockers(self.record)

    def act(self, *, by, at, data, proof):
        return services.conclude(evaluation=self.record, by=by, at=at, proof=proof, **data)


class EvaluationFile(StaffRequired, RecordMixin, View):
    """A copy of an evaluation, signatures included, as JSON or CSV. Taking it is recorded."""

    model = PeriodicEvaluation
    right_to_see = Right.READ_AUDIT
    form = "json"

    def get(self, request, *args, **kwargs):
        evaluation = self.record
        write, media_type = {
            "json": (as_json, "application/json"),
            "csv": (as_csv, "text/csv; charset=utf-8"),
        }[self.form]
        data = write(evaluation)
        services.record_taken(
            evaluation=evaluation, form=self.form, by=request.user, at=timezone.now()
        )
        response = HttpResponse(data, content_type=media_type)
        name = f"{evaluation.number}.{self.form}"
        response["Content-Disposition"] = content_disposition_header(True, name)
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response


def _signed(evaluation) -> list[dict]:
    return [
        {
            "printed_name": one.printed_name,
            "role": one.role,
            "meaning": one.meaning,
            "at": instant(one.at),
            "content_sha256": one.content_sha256,
            "voided_at": instant(one.voided_at),
        }
        for one in signatures_of(evaluation)
    ]


def as_json(evaluation) -> bytes:
    whole = {
        **evaluation.signed_content("conclude"),
        "status": evaluation.status,
        "signatures": _signed(evaluation),
    }
    return json.dumps(json.loads(canonical(whole)), indent=1, ensure_ascii=False).encode()


def as_csv(evaluation) -> bytes:
    rows = [
        ["Periodic evaluation", evaluation.number],
        ["From", instant(evaluation.since)],
        ["To", instant(evaluation.until)],
        ["Conclusion", evaluation.conclusion],
    ]
    rows += [["Signature", *map(str, one.values())] for one in _signed(evaluation)]
    for section in evaluation.found:
        rows += [[], [section["title"]], *section["facts"]]
        if section["rows"]:
            rows += [section["columns"], *section["rows"]]
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell or "") for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
