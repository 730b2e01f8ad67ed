"""The audit trail, the history of one record, and the signatures."""

from datetime import datetime, time, timedelta

from django.db import connection
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.generic import TemplateView

from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right, Role
from cdmo.records.belonging import of_batch
from cdmo.records.canonical import instant
from cdmo.records.models import AuditEvent, Signature
from cdmo.web.clock import zone_of
from cdmo.web.endless import EndlessListMixin
from cdmo.web.history import (
    Readable,
    exact_values,
    kind_label,
    may_read_history,
    models_by_type,
)
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, StaffRequired, visible

LINES = 50


def kinds(request):
    """Return the kinds of record, as people say them."""
    found = {name: kind_label(name) for name in models_by_type()}
    return tuple(sorted(found.items(), key=lambda pair: pair[1].casefold()))


def acts(request):
    """Return every act on record. The index is skipped through: as many probes as there are acts.

    SELECT DISTINCT would read the whole trail.
    """
    if hasattr(request, "acts_on_record"):
        return request.acts_on_record
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE acts AS ((SELECT verb FROM records_auditevent ORDER BY verb LIMIT 1)"
            " UNION ALL SELECT (SELECT e.verb FROM records_auditevent e WHERE e.verb > a.verb"
            " ORDER BY e.verb LIMIT 1) FROM acts a WHERE a.verb IS NOT NULL)"
            " SELECT verb FROM acts WHERE verb IS NOT NULL"
        )
        request.acts_on_record = tuple((verb, verb) for (verb,) in cursor.fetchall())
    return request.acts_on_record


def sponsors(request):
    found = Organisation.objects.order_by("code").values_list("code", "name")
    return tuple((code, f"{code} · {name}") for code, name in found)


class AuditList(EndlessListMixin, RecordList):
    """The audit trail: events in the plant's words, and every field change."""

    model = AuditEvent
    right_to_see = Right.READ_AUDIT
    title = "Audit trail"
    lead = "Who did what, when and why. Lines are written by the database and can never be changed."
    select = ("by",)
    tabs = (
        Tab("all", "All", Q()),
        Tab("events", "Events", Q(kind="event")),
        Tab("changes", "Field changes", Q(kind="change")),
        Tab("changed", "Changed after entry", Q(kind="change", verb="update")),
        Tab(
            "outside",
            "Outside the application",
            Q(kind="change", by_name=""),
            attention=True,
        ),
    )
    search = ("record", "by_name", "verb", "reason", "role")
    filters = (
        Filter("record", "Record", "record", kind="begins"),
        Filter("record_type", "Kind of record", "record_type", kind="choice", choices=kinds),
        Filter("batch", "Everything of batch", "batch", kind="batch"),
        Filter("by", "Person (e-mail)", "by_name", kind="begins"),
        Filter(
            "role",
            "Role",
            "role__contains",
            kind="choice",
            choices=tuple((role.label, role.label) for role in Role),
        ),
        Filter("verb", "Act", "verb", kind="choice", choices=acts),
        Filter("sponsor", "Sponsor", "sponsor__code", kind="choice", choices=sponsors),
        Filter("since", "From", "at", kind="since"),
        Filter("until", "To", "at", kind="until"),
    )
    columns = (
        Column("at", "When", kind="instant", order="at"),
        Column("by_name", "Who", "who", order="by_name"),
        Column("role", "As"),
        Column("verb", "Act", kind="verb", order="verb"),
        Column("record_type", "Kind of record", lambda e: kind_label(e.record_type)),
        Column(
            "record",
            "Record",
            lambda e: {"record_type": e.record_type, "record": e.record_shown},
            kind="record",
            order="record",
        ),
        Column("reason", "Why"),
        Column("fields", "Values", kind="values"),
        Column("sponsor", "Sponsor", "sponsor.code", hidden=True),
        Column("request_id", "Request", hidden=True),
        Column("app_version", "Version", hidden=True),
        Column("database_user", "Database user", hidden=True),
    )
    file_columns = (
        Column("id", "Line"),
        Column("at", "When"),
        Column("logged_at", "Written down"),
        Column("by_name", "Who"),
        Column("role", "As"),
        Column("kind", "Kind of line"),
        Column("verb", "Act"),
        Column("record_type", "Kind of record"),
        Column("record", "Record", "record_shown"),
        Column("values", "Values", lambda e: in_words(e.fields)),
        Column("reason", "Why"),
        Column("request_id", "Request"),
        Column("app_version", "Version"),
        Column("database_user", "Database user"),
    )
    empty_title = "Nothing has been recorded yet"
    empty_icon = "history"

    def get_records(self):
        return exact_values(super().get_records().select_related("by", "sponsor"))

    def rows(self, records):
        return Readable(records).events

    def get_context_data(self, **kwargs):
        return super().get_context_data(zone=timezone.get_current_timezone(), **kwargs)

    def condition(self, one, text):
        if "\x00" in text:
            return None
        if one.kind == "begins":
            # Numbers are written in capitals, addresses are not; an index serves both.
            return Q(**{f"{one.lookup}__startswith": text}) | Q(
                **{f"{one.lookup}__startswith": text.upper()}
            )
        if one.kind == "batch":
            return of_batch(text, user=self.request.user)
        if one.name == "verb" and text not in dict(acts(self.request)):
            return Q(verb__icontains=text)
        if one.kind in {"since", "until"}:
            return self.day_condition(one, text)
        return super().condition(one, text)

    def day_condition(self, one, text):
        """Compare with instants: no index serves a date cut out of one."""
        try:
            day = parse_date(text)
            if day is None:
                return None
            zone = timezone.get_current_timezone()
            if one.kind == "since":
                return Q(at__gte=datetime.combine(day, time(), tzinfo=zone))
            return Q(at__lt=datetime.combine(day + timedelta(days=1), time(), tzinfo=zone))
        except (ValueError, OverflowError):
            return None

    def export_columns(self):
        return self.file_columns

    def as_json(self, event) -> dict:
        return {
            "id": event.pk,
            "kind": event.kind,
            "at": instant(event.at),
            "logged_at": instant(event.logged_at),
            "by": event.by_name,
            "role": event.role,
            "verb": event.verb,
            "record_type": event.record_type,
            "record": event.record_shown,
            "reason": event.reason,
            "old": event.values_read[0] or None,
            "new": event.values_read[1] or None,
            "request_id": event.request_id,
            "app_version": event.app_version,
            "database_user": event.database_user,
        }


def in_words(fields) -> str:
    """Return old and new values on one line: "Value: 412.5 → 421.5; Comment: misread"."""
    return "; ".join(
        f"{f.label}: {_word(f.old)} → {_word(f.new)}"
        if f.replaced
        else f"{f.label}: {_word(f.new)}"
        for f in fields
    )


def _word(value) -> str:
    return instant(value) if isinstance(value, datetime) else "—" if value is None else str(value)


class RecordHistory(StaffRequired, TemplateView):
    """Every change of one record, newest first: under its page, and as a page of its own."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        model = models_by_type().get(kwargs["record_type"])
        if model is None or not may_read_history(model, request.user):
            raise Http404
        self.record = visible(model, request.user).filter(pk=kwargs["key"]).first()
        if self.record is None:
            raise Http404

    def get_template_names(self):
        return ["web/_history.html" if self.request.htmx else "web/history.html"]

    def get_context_data(self, **kwargs):
        kind, user = self.kwargs["record_type"], self.request.user
        events = AuditEvent.objects.filter(record_type=kind, record_id=self.record.pk)
        found = list(exact_values(events.order_by("-id"))[: LINES + 1])
        more = ""
        if len(found) > LINES and user.may(Right.READ_AUDIT):
            more = f"{page('web:audit_list')}?record_type={kind}&record={self.record.key}"
        return super().get_context_data(
            record=self.record,
            kind=kind_label(kind),
            lines=Readable(found[:LINES]).events,
            more_url=more,
            zone=zone_of(self.record),
            **kwargs,
        )


class SignatureList(RecordList):
    """Every electronic signature, voided ones too."""

    model = Signature
    right_to_see = Right.READ_AUDIT
    title = "Signatures"
    lead = "Each is bound to the SHA-256 of what was signed; a later change ends the signature."
    select = ("void",)
    counted_pages = False
    tabs = (
        Tab("all", "All", Q()),
        Tab("standing", "Standing", Q(void__isnull=True)),
        Tab("voided", "No longer standing", Q(void__isnull=False)),
    )
    filters = (
        Filter("record", "Record", "record"),
        Filter("by", "Person", "printed_name"),
        Filter("verb", "Act", "verb"),
        Filter("since", "From", "at", kind="since"),
        Filter("until", "To", "at", kind="until"),
    )
    columns = (
        Column("at", "When", kind="instant"),
        Column("printed_name", "Name"),
        Column("role", "As"),
        Column("meaning", "Meaning"),
        Column(
            "record",
            "Record",
            lambda s: {"record_type": s.record_type, "record": s.record},
            kind="record",
        ),
        Column(
            "standing", "State", lambda s: "voided" if s.voided_at else "standing", kind="status"
        ),
        Column("content_sha256", "SHA-256", kind="hash"),
        Column("reason", "Why", hidden=True),
    )
    empty_title = "Nobody has signed anything yet"
    empty_icon = "signature"
