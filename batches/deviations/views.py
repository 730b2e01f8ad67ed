"""Pages of deviations: the list, one deviation, its verbs."""

from django.db.models import Q

from batches.deviations import forms, rules, services
from batches.deviations.models import Deviation
from batches.deviations.states import CLOSE_MEANING, Classification, DeviationStatus
from cdmo.accounts.roles import Right
from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, RecordPage, VerbView

# Batches live in a room above; the foreign key knows them.
Batch = Deviation._meta.get_field("batch").related_model


def products(request):
    return [(p, p) for p in Product.objects.visible_to(request.user).values_list("code", flat=True)]


class DeviationList(RecordList):
    model = Deviation
    title = "Deviations"
    lead = "What did not go as the batch record says."
    select = ("batch__product", "batch__site", "step", "raised_by")
    tabs = (
        Tab("open", "To classify", Q(status=DeviationStatus.OPEN), attention=True),
        Tab("investigating", "Under investigation", Q(status=DeviationStatus.INVESTIGATING)),
        Tab("closed", "Closed", Q(status=DeviationStatus.CLOSED)),
    )
    filters = (
        Filter("product", "Product", "batch__product__code", kind="choice", choices=products),
        Filter("batch", "Batch", "batch__number"),
        Filter(
            "classification",
            "Classification",
            "classification",
            kind="choice",
            choices=tuple(choice for choice in Classification.choices if choice[0]),
        ),
        Filter("since", "Raised since", "raised_at", kind="since"),
    )
    search = ("number", "title", "batch__number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("title", "Title"),
        Column("batch", "Batch", kind="record", order="batch__number"),
        Column("step", "Step", "step.code"),
        Column("classification", "Classification", kind="status", order="classification"),
        Column("status", "Status", kind="status"),
        Column("raised_by", "Raised by", kind="person"),
        Column("raised_at", "Raised", kind="instant", order="raised_at"),
    )
    ordering = "-number"
    empty_icon = "circle-check"
    empty_title = "No deviations here"
    empty_text = "Whoever sees something go wrong raises a deviation on the batch's page."


class DeviationPage(RecordPage):
    model = Deviation
    select = ("sponsor", "batch__product", "batch__site", "step", "raised_by", "closed_by")
    template_name = "batches/deviations/deviation.html"

    def get_context_data(self, **kwargs):
        by, record = self.request.user, self.record
        if record.step_id:
            record.step.batch = record.batch
        events = AuditEvent.objects.filter(
            kind=AuditEvent.Kind.EVENT, record_type=Deviation.record_type, record_id=record.pk
        )
        is_open = record.status != DeviationStatus.CLOSED
        return super().get_context_data(
            signatures=signatures_of(record),
            events=events.order_by("-id"),
            may_classify=is_open and by.may(Right.CLASSIFY_DEVIATION),
            may_change=is_open and by.may(Right.RAISE_DEVIATION),
            may_close=is_open and by.may(Right.CLOSE_DEVIATION),
            close_objections=list(close_objections(record, by=by)),
            waits_for=(
                "Quality assurance classifies it."
                if record.status == DeviationStatus.OPEN
                else "Quality assurance closes it with a conclusion; whoever raised it may not."
            )
            if is_open
            else "",
            **kwargs,
        )


def close_objections(deviation, *, by):
    """Return what would refuse closing now; the conclusion is asked for in the form."""
    return rules.close_blockers(deviation, by=by, conclusion="asked for in the form")


class DeviationNew(VerbView):
    """Raise a deviation on the batch of the address; `?step=CODE` names one of its steps."""

    model = Batch
    select = ("product", "site")
    verb = "raise"
    title = "Raise a deviation"
    button = "Raise it"
    form_class = forms.RaiseForm
    right = Right.RAISE_DEVIATION

    def get_form_kwargs(self):
        steps = self.record.steps.order_by("position")
        return {**super().get_form_kwargs(), "steps": steps}

    def get_initial(self):
        code = self.request.GET.get("step", "")
        step = self.record.steps.filter(code=code).first() if code.isprintable() else None
        if step is None:
            return {"concerns_yield": self.request.GET.get("yield") == "1"}
        title = f"{step.title}: {step.value} {step.unit}".strip() if step.value else ""
        return {"step": step, "title": title}

    def act(self, *, by, at, data, proof):
        return services.raise_deviation(batch=self.record, by=by, at=at, **data)


class DeviationVerb(VerbView):
    model = Deviation
    select = ("sponsor", "batch__site", "step")


class DeviationClassify(DeviationVerb):
    verb = "classify"
    title = "Classify this deviation"
    form_class = forms.ClassifyForm
    right = Right.CLASSIFY_DEVIATION
    done = "The deviation is classified."

    @property
    def reason(self):
        return "required" if self.record.classification else "optional"

    def get_initial(self):
        return {"classification": self.record.classification}

    def blockers(self):
        return rules.classify_blockers(self.record, classification="minor", reason="in the form")

    def act(self, *, by, at, data, proof):
        return services.classify_deviation(deviation=self.record, by=by, at=at, **data)


class DeviationChange(DeviationVerb):
    verb = "change"
    title = "Change the text"
    form_class = forms.ChangeForm
    right = Right.RAISE_DEVIATION
    reason = "required"

    def get_initial(self):
        return {"title": self.record.title, "description": self.record.description}

    def blockers(self):
        return rules.change_blockers(self.record, reason="in the form")

    def act(self, *, by, at, data, proof):
        return services.change_deviation(deviation=self.record, by=by, at=at, **data)


class DeviationClose(DeviationVerb):
    verb = "close"
    title = "Close this deviation"
    meaning = CLOSE_MEANING
    button = "Sign and close"
    form_class = forms.CloseForm
    right = Right.CLOSE_DEVIATION
    signed = True
    done = "The deviation is closed."

    def blockers(self):
        return close_objections(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.close_deviation(deviation=self.record, by=by, at=at, proof=proof, **data)
