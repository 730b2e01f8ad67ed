"""REST: trainings and the demands for them. The staff's own; sponsors find nothing."""

from rest_framework import serializers

from cdmo.accounts.models import User
from cdmo.api.serializers import Input, InstantField, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.training import services
from cdmo.training.models import Training, TrainingDemand
from cdmo.training.states import How, Task


class TrainingSerializer(RecordSerializer):
    class Meta:
        model = Training
        fields = [
            "number",
            "person",
            "document",
            "version",
            "how",
            "valid_from",
            "valid_until",
            "note",
            "recorded_by",
            "recorded_at",
            "withdrawn_at",
            "withdrawn_reason",
            "illustrative",
        ]


class NewTraining(Input):
    person = KeyField(model=User)
    document = serializers.CharField(max_length=60)
    version = serializers.CharField(max_length=20)
    how = serializers.ChoiceField(How.choices)
    valid_from = InstantField(required=False, allow_null=True, default=None)
    valid_until = InstantField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class TrainingViewSet(RecordViewSet):
    model = Training
    serializer_class = TrainingSerializer
    staff_only = True
    select = ("person", "recorded_by")
    filterset_fields = ("person", "document", "version")
    search_fields = ("number", "document", "person__full_name")
    ordering_fields = ("id", "number", "valid_from")
    create_input = NewTraining

    def create_record(self, *, data, by, at):
        return services.record_training(by=by, at=at, **data)

    @verb()
    def withdraw(self, record, *, data, by, at):
        return services.withdraw_training(training=record, by=by, at=at, **data)


class TrainingDemandSerializer(RecordSerializer):
    class Meta:
        model = TrainingDemand
        fields = [
            "number",
            "task_kind",
            "task",
            "document",
            "version",
            "demanded_by",
            "demanded_at",
            "reason",
            "lifted_at",
            "lifted_reason",
            "illustrative",
        ]


class NewTrainingDemand(Input):
    task_kind = serializers.ChoiceField(Task.choices)
    task = serializers.CharField(max_length=60, help_text="A role, or the record's code.")
    document = serializers.CharField(max_length=60)
    version = serializers.CharField(max_length=20)
    reason = ReasonField()


class TrainingDemandViewSet(RecordViewSet):
    model = TrainingDemand
    serializer_class = TrainingDemandSerializer
    staff_only = True
    select = ("demanded_by",)
    filterset_fields = ("task_kind", "task", "document")
    search_fields = ("number", "task", "document")
    ordering_fields = ("id", "number", "demanded_at")
    create_input = NewTrainingDemand

    def create_record(self, *, data, by, at):
        return services.demand_training(by=by, at=at, **data)

    @verb()
    def lift(self, record, *, data, by, at):
        return services.lift_demand(demand=record, by=by, at=at, **data)


def register(router):
    router.register("trainings", TrainingViewSet)
    router.register("training-demands", TrainingDemandViewSet)
