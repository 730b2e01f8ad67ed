"""Pages of trainings and of what demands them."""

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from cdmo.accounts.roles import Right
from cdmo.training import forms, rules, services
from cdmo.training.models import Training, TrainingDemand
from cdmo.training.rules import task_words
from cdmo.training.states import How, Task
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, VerbView

OVER = Q(valid_until__lte=Now())
CURRENT = Q(withdrawn_at__isnull=True) & ~OVER


class Trainers:
    """Who may press the button of these lists."""

    def may_make(self):
        return self.request.user.may(Right.RECORD_TRAINING)

    def get_context_data(self, **kwargs):
        return super().get_context_data(trains=self.may_make(), **kwargs)


class TrainingList(Trainers, RecordList):
    model = Training
    title = "Trainings"
    lead = "Who was trained on which version of what. An old version does not count for a new one."
    select = ("person", "recorded_by")
    tabs = (
        Tab("current", "Current", CURRENT),
        Tab("over", "Over", Q(withdrawn_at__isnull=True) & OVER),
        Tab("withdrawn", "Taken back", Q(withdrawn_at__isnull=False)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("document", "Document", "document"),
        Filter("how", "How", "how", kind="choice", choices=tuple(How.choices)),
    )
    search = ("person__full_name", "person__email", "document", "number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("person", "Person", kind="person_link", order="person__full_name"),
        Column("document", "Document", order="document"),
        Column("version", "Version"),
        Column("how", "How", "get_how_display"),
        Column("valid_from", "Trained", kind="instant", order="valid_from"),
        Column("valid_until", "Good until", kind="instant"),
        Column("recorded_by", "Recorded by", kind="person", hidden=True),
        Column("recorded_at", "Recorded", kind="instant", hidden=True),
        Column("note", "Note", hidden=True),
        Column("withdrawn_reason", "Taken back because", hidden=True),
        Column("withdraw", "", lambda t: t, kind="training_act"),
    )
    ordering = "-valid_from"
    empty_icon = "school"
    new_label = "Record a training"

    @property
    def new_url(self):
        return page("training:training_new")


class TrainingNew(NewRecord):
    title = "Record a training"
    button = "Record"
    verb = "record"
    form_class = forms.TrainingForm
    right = Right.RECORD_TRAINING
    done = "Recorded."

    def act(self, *, by, at, data, proof):
        services.record_training(by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("training:training_list")


class TrainingWithdraw(VerbView):
    model = Training
    select = ("person",)
    verb = "withdraw"
    title = "Take this training back"
    meaning = "It counts no more from now on. What was done under it stands."
    right = Right.RECORD_TRAINING
    reason = "required"
    danger = True
    done = "Taken back."

    def blockers(self):
        return rules.withdraw_blockers(self.record, reason="asked below")

    def act(self, *, by, at, data, proof):
        services.withdraw_training(training=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("training:training_list")


class DemandList(Trainers, RecordList):
    model = TrainingDemand
    title = "Demanded trainings"
    lead = "Nobody performs a step, starts a batch or enters a result without what stands here."
    select = ("demanded_by",)
    tabs = (
        Tab("standing", "In force", Q(lifted_at__isnull=True)),
        Tab("lifted", "Lifted", Q(lifted_at__isnull=False)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("kind", "Kind", "task_kind", kind="choice", choices=tuple(Task.choices)),
        Filter("task", "Task", "task"),
        Filter("document", "Document", "document"),
    )
    search = ("task", "document", "number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("kind", "Kind", "get_task_kind_display"),
        Column(
            "task",
            "Demanded by",
            lambda d: (
                task_words(d)
                if d.task_kind == Task.ROLE
                else {"record_type": d.task_kind, "record": d.task}
            ),
            kind="record",
        ),
        Column("document", "Document", order="document"),
        Column("version", "Version"),
        Column("demanded_at", "Since", kind="instant", order="demanded_at"),
        Column("demanded_by", "By", kind="person"),
        Column("reason", "Why", hidden=True),
        Column("lifted_at", "Lifted", kind="instant", hidden=True),
        Column("lift", "", lambda d: d, kind="demand_act"),
    )
    empty_icon = "certificate"
    new_label = "Demand a training"

    @property
    def new_url(self):
        return page("training:demand_new")


class DemandNew(NewRecord):
    title = "Demand a training"
    button = "Demand it"
    verb = "demand"
    form_class = forms.DemandForm
    right = Right.RECORD_TRAINING
    reason = "optional"
    meaning = "From now on nobody does this task without it."
    done = "It is demanded from now on."

    def act(self, *, by, at, data, proof):
        services.demand_training(by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("training:demand_list")


class DemandLift(VerbView):
    model = TrainingDemand
    verb = "lift"
    title = "Lift this demand"
    meaning = "The task takes no training on this document any more."
    right = Right.RECORD_TRAINING
    reason = "required"
    danger = True
    done = "Lifted."

    def blockers(self):
        return rules.lift_blockers(self.record, reason="asked below")

    def act(self, *, by, at, data, proof):
        services.lift_demand(demand=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("training:demand_list")
