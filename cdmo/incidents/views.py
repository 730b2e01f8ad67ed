"""Pages of the incident log."""

from django.db.models import Q

from cdmo.accounts.roles import Right
from cdmo.incidents import forms, rules, services
from cdmo.incidents.models import Incident
from cdmo.incidents.states import MEANINGS, IncidentStatus, Severity
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView


class IncidentList(RecordList):
    model = Incident
    title = "Incidents"
    lead = "What went wrong with the system itself. What goes wrong with a batch is a deviation."
    select = ("raised_by",)
    tabs = (
        Tab("open", "Open", Q(status=IncidentStatus.OPEN), attention=True),
        Tab("closed", "Closed", Q(status=IncidentStatus.CLOSED)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter(
            "classification",
            "Class",
            "classification",
            kind="choice",
            choices=tuple(Severity.choices),
        ),
    )
    search = ("number", "title", "description")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("title", "Title"),
        Column("classification", "Class", kind="status"),
        Column("status", "Status", kind="status"),
        Column("occurred_at", "Happened", kind="instant", order="occurred_at"),
        Column("raised_by", "Reported by", kind="person"),
        Column("closed_at", "Closed", kind="instant"),
    )
    empty_title = "No incident"
    empty_text = "Failures, data errors and misuse of the system are reported here."
    empty_icon = "bug"
    new_label = "Report an incident"

    @property
    def new_url(self):
        return page("incidents:incident_new")

    def may_make(self):
        return self.request.user.may(Right.REPORT_INCIDENT)


class IncidentPage(RecordPage):
    model = Incident
    select = ("raised_by", "closed_by")
    template_name = "incidents/incident.html"

    def get_context_data(self, **kwargs):
        is_open = self.record.status == IncidentStatus.OPEN
        return super().get_context_data(
            explains=is_open and self.request.user.may(Right.REPORT_INCIDENT),
            closes=is_open and self.request.user.may(Right.CLOSE_INCIDENT),
            signatures=signatures_of(self.record),
            **kwargs,
        )


class IncidentNew(NewRecord):
    title = "Report an incident"
    button = "Report"
    verb = "report"
    form_class = forms.ReportForm
    right = Right.REPORT_INCIDENT

    def act(self, *, by, at, data, proof):
        return services.report_incident(by=by, at=at, **data)


class IncidentExplain(VerbView):
    model = Incident
    verb = "explain"
    title = "Explain this incident"
    button = "Save"
    form_class = forms.ExplainForm
    right = Right.REPORT_INCIDENT
    reason = "required"

    def get_initial(self):
        return {name: getattr(self.record, name) for name in services.EDITABLE}

    def blockers(self):
        return rules.change_blockers(self.record, reason="asked below")

    def act(self, *, by, at, data, proof):
        return services.explain_incident(incident=self.record, by=by, at=at, **data)


class IncidentClose(VerbView):
    model = Incident
    verb = "close"
    title = "Close this incident"
    meaning = MEANINGS["close"]
    right = Right.CLOSE_INCIDENT
    signed = True
    reason = "optional"
    done = "The incident is closed."

    def blockers(self):
        return rules.close_blockers(self.record)

    def act(self, *, by, at, data, proof):
        return services.close_incident(incident=self.record, by=by, at=at, proof=proof, **data)
