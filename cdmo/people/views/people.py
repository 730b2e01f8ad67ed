"""The list of people, a person, and what an administrator does to an account."""

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from cdmo.accounts.models import Appointment, Organisation, User
from cdmo.accounts.roles import Right, Role
from cdmo.people import forms, rules, services
from cdmo.people.gather import administrators, facts_of, where
from cdmo.records.models import AuditEvent
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.templatetags.cdmo import verb_words
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView

HISTORY = 40


def organisations(request):
    return [(code, code) for code in Organisation.objects.values_list("code", flat=True)]


def state_of(person) -> str:
    return "active" if person.is_active else "deactivated"


TITLES = {
    "person.create": "Account made",
    "person.appoint": "Appointed {new}",
    "person.end_appointment": "No longer {old}",
    "person.change": "Changed from {old} to {new}",
    "person.deactivate": "Account deactivated",
    "person.reactivate": "Account reactivated",
    "person.verify_identity": "Identity confirmed",
}


def told(event) -> dict:
    """Return an event of a person's history with a title in words."""
    title = TITLES.get(event.verb, "").format(old=_words(event.old), new=_words(event.new))
    return {
        "title": title or verb_words(event.verb),
        "at": event.at,
        "by": event.by_name,
        "reason": event.reason,
    }


def _words(values) -> str:
    values = dict(values or {})
    if role := values.pop("role", ""):
        site = values.get("site")
        return Role(role).label + (f" at {site}" if site else "")
    return ", ".join(str(value) for value in values.values() if value is not None)


class PersonList(RecordList):
    """Every account there is or ever was, with what a reviewer of access looks for."""

    model = User
    right_to_see = Right.READ_AUDIT
    title = "People"
    lead = "One account is one person's, for ever. A deactivated one keeps its name in the records."
    select = ("organisation",)
    tabs = (
        Tab("people", "People", Q(is_active=True, is_service=False)),
        Tab("services", "Service accounts", Q(is_active=True, is_service=True)),
        Tab("roleless", "Without a role", Q(is_active=True, has_role=False), attention=True),
        Tab("deactivated", "Deactivated", Q(is_active=False)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter(
            "organisation",
            "Organisation",
            "organisation__code",
            kind="choice",
            choices=organisations,
        ),
        Filter("role", "Role", "role", kind="choice", choices=tuple(Role.choices)),
    )
    search = ("full_name", "email")
    columns = (
        Column("full_name", "Name", kind="key", order="full_name"),
        Column("email", "E-mail", order="email"),
        Column("organisation", "Organisation", kind="record", order="organisation__code"),
        Column("roles", "Roles", lambda p: ", ".join(where(a) for a in p.access["roles"])),
        Column("state", "State", state_of, kind="status"),
        Column("last_login", "Last signed in", kind="ago", order="last_login"),
        Column("flags", "Look at", lambda p: ", ".join(p.access["flags"])),
        Column("tokens", "Tokens", lambda p: len(p.access["tokens"]) or "", hidden=True),
        Column("factors", "Second factor", lambda p: ", ".join(p.access["factors"]), hidden=True),
        Column("created_at", "Made", kind="instant", order="created_at", hidden=True),
    )
    ordering = "full_name"
    empty_icon = "users"

    @property
    def of_services(self) -> bool:
        return self.request.GET.get("tab") == "services"

    @property
    def new_label(self):
        return "New service account" if self.of_services else "New person"

    @property
    def new_url(self):
        return page("people:service_new" if self.of_services else "people:person_new")

    def may_make(self):
        return self.request.user.may(Right.MANAGE_ACCOUNTS)

    def get_records(self):
        held = Appointment.objects.current().filter(user=OuterRef("pk"))
        return super().get_records().annotate(has_role=Exists(held))

    def condition(self, one, text):
        if one.name != "role":
            return super().condition(one, text)
        if text not in Role.values:
            return None
        held = Appointment.objects.current().filter(role=text)
        return Q(pk__in=held.values("user_id"))

    def rows(self, records):
        rows = list(records)
        facts = facts_of(rows, at=timezone.now())
        for row in rows:
            row.access = facts[row.pk]
        return rows


class PersonPage(RecordPage):
    """One person: who, since when, as what. Tokens and history only for whoever reads the trail."""

    model = User
    select = ("organisation",)
    template_name = "people/person.html"

    def get_context_data(self, **kwargs):
        at, person, reader = timezone.now(), self.record, self.request.user
        reads = reader.may(Right.READ_AUDIT)
        appointments = person.appointments.select_related("site").order_by("-valid_from", "-id")
        return super().get_context_data(
            at=at,
            state=state_of(person),
            facts=facts_of([person], at=at)[person.pk],
            appointments=appointments,
            tokens=person.api_tokens.order_by("-id") if reads else [],
            events=self.history() if reads else [],
            reads=reads,
            manages=reader.may(Right.MANAGE_ACCOUNTS),
            verifies=reader.may(Right.VERIFY_IDENTITY),
            **kwargs,
        )

    def history(self):
        events = AuditEvent.objects.filter(
            record_type="person", record_id=self.record.pk, kind=AuditEvent.Kind.EVENT
        )
        return [told(event) for event in events.order_by("-id")[:HISTORY]]


class PersonNew(NewRecord):
    """An account for a person. They come in by a link of their own (cdmo.access)."""

    title = "New person"
    button = "Make the account"
    verb = "create"
    form_class = forms.PersonForm
    right = Right.MANAGE_ACCOUNTS
    right_to_see = Right.READ_AUDIT
    done = "The account is made. Appoint the person, then give them a link to set a password."
    is_service = False

    def act(self, *, by, at, data, proof):
        return services.create_person(by=by, at=at, is_service=self.is_service, **data)


class ServiceNew(PersonNew):
    """An account for a program: tokens only, no password, no signature."""

    title = "New service account"
    form_class = forms.ServiceForm
    done = "The account is made. Appoint it, then make it a token."
    is_service = True


class OfPerson(VerbView):
    """A verb of an administrator on one account."""

    model = User
    select = ("organisation",)
    right = Right.MANAGE_ACCOUNTS
    right_to_see = Right.READ_AUDIT


class PersonChange(OfPerson):
    verb = "change"
    title = "Change name or organisation"
    button = "Save"
    form_class = forms.ChangeForm
    reason = "required"
    done = "Saved. What was signed keeps the name it was signed with."

    def get_initial(self):
        return {"full_name": self.record.full_name, "organisation": self.record.organisation_id}

    def act(self, *, by, at, data, proof):
        return services.change_person(person=self.record, by=by, at=at, **data)


class PersonDeactivate(OfPerson):
    verb = "deactivate"
    title = "Deactivate this account"
    meaning = (
        "Sessions and tokens end at once. The name stays in every record; the address is never "
        "given to anybody else."
    )
    reason = "required"
    danger = True
    done = "The account is deactivated."

    def blockers(self):
        at = timezone.now()
        yield from rules.deactivate_blockers(
            self.record,
            by=self.request.user,
            reason="asked below",
            administers=Role.ADMIN in self.record.roles,
            others=administrators(at).exclude(pk=self.record.pk).count(),
        )

    def act(self, *, by, at, data, proof):
        return services.deactivate_person(person=self.record, by=by, at=at, **data)


class PersonReactivate(OfPerson):
    verb = "reactivate"
    title = "Reactivate this account"
    meaning = "For the same person. Old tokens and sessions stay ended; a new password is set."
    reason = "required"
    done = "The account is active again."

    def blockers(self):
        return rules.reactivate_blockers(self.record, by=self.request.user, reason="asked below")

    def act(self, *, by, at, data, proof):
        return services.reactivate_person(person=self.record, by=by, at=at, **data)


class PersonAppoint(OfPerson):
    verb = "appoint"
    title = "Appoint"
    form_class = forms.AppointmentForm
    reason = "optional"
    done = "Appointed. It holds at once."

    def blockers(self):
        yield from rules.own_account_blockers(self.record, by=self.request.user, what="appoint")
        yield from rules.active_blockers(self.record)

    def act(self, *, by, at, data, proof):
        services.appoint(user=self.record, by=by, at=at, **data)


class AppointmentEnd(VerbView):
    model = Appointment
    select = ("user", "site")
    lookup = "pk"
    verb = "end"
    title = "End this appointment"
    right = Right.MANAGE_ACCOUNTS
    right_to_see = Right.READ_AUDIT
    reason = "required"
    danger = True
    done = "The appointment has ended."

    @property
    def meaning(self):
        return f"{self.record.user.full_name}: {where(self.record)}, from now on no longer"

    def blockers(self):
        at = timezone.now()
        return rules.end_blockers(
            self.record,
            at=at,
            reason="asked below",
            others=administrators(at).exclude(pk=self.record.user_id).count(),
        )

    def act(self, *, by, at, data, proof):
        services.end_appointment(appointment=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("people:person", args=[self.record.user.key])


__all__ = [
    "AppointmentEnd",
    "PersonAppoint",
    "PersonChange",
    "PersonDeactivate",
    "PersonList",
    "PersonNew",
    "PersonPage",
    "PersonReactivate",
    "ServiceNew",
]
