"""REST: the incident log. The staff's own; sponsors find nothing."""

from rest_framework import serializers

from cdmo.api.serializers import Input, InstantField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.incidents import services
from cdmo.incidents.models import Incident
from cdmo.incidents.states import Severity


class IncidentSerializer(RecordSerializer):
    class Meta:
        model = Incident
        fields = [
            "number",
            "title",
            "description",
            "classification",
            "status",
            "occurred_at",
            "raised_by",
            "raised_at",
            "root_cause",
            "action",
            "closed_by",
            "closed_at",
        ]


def _text(**options):
    return serializers.CharField(max_length=4000, required=False, allow_blank=True, **options)


class NewIncident(Input):
    title = serializers.CharField(max_length=200)
    classification = serializers.ChoiceField(Severity.choices)
    description = _text(default="")
    occurred_at = InstantField(required=False, allow_null=True, default=None)
    root_cause = _text(default="")
    action = _text(default="")


class ExplainedIncident(Input):
    title = serializers.CharField(max_length=200, required=False)
    classification = serializers.ChoiceField(Severity.choices, required=False)
    description = _text()
    root_cause = _text()
    action = _text()
    reason = ReasonField()


class IncidentViewSet(RecordViewSet):
    model = Incident
    serializer_class = IncidentSerializer
    staff_only = True
    select = ("raised_by", "closed_by")
    filterset_fields = ("status", "classification")
    search_fields = ("number", "title")
    ordering_fields = ("id", "number", "occurred_at")
    create_input = NewIncident
    update_input = ExplainedIncident

    def create_record(self, *, data, by, at):
        return services.report_incident(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.explain_incident(incident=record, by=by, at=at, **data)

    @verb(signed=True)
    def close(self, record, *, data, by, at, proof):
        return services.close_incident(incident=record, by=by, at=at, proof=proof, **data)


def register(router):
    router.register("incidents", IncidentViewSet)
