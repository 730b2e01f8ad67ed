"""REST: transfers, their gates, and the one thing that a sponsor's lead may write: a decision."""

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from cdmo.accounts.models import Organisation, Site
from cdmo.api.serializers import Input, InstantField, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, with_signature
from cdmo.portfolio.api import CodeField
from cdmo.portfolio.models import Product
from techtransfer.projects import services
from techtransfer.projects.models import Gate, GateCondition, GateDecision, TransferProject
from techtransfer.projects.picture import gates_of, pictured
from techtransfer.projects.states import GATES, Decision


class TransferSerializer(RecordSerializer):
    class Meta:
        model = TransferProject
        fields = [
            "code",
            "title",
            "product",
            "sponsor",
            "sending_unit",
            "receiving_unit",
            "site",
            "status",
            "planned_batches",
            "started_on",
            "target_on",
            "source",
            "illustrative",
        ]


class NewTransfer(Input):
    code = CodeField()
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    product = KeyField(model=Product)
    sending_unit = KeyField(model=Organisation)
    receiving_unit = KeyField(model=Organisation)
    site = KeyField(model=Site, required=False, allow_null=True, default=None)
    planned_batches = serializers.IntegerField(
        required=False, min_value=0, max_value=1000, default=3
    )
    started_on = serializers.DateField(required=False, allow_null=True, default=None)
    target_on = serializers.DateField(required=False, allow_null=True, default=None)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class ChangeTransfer(Input):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    site = KeyField(model=Site, required=False, allow_null=True)
    planned_batches = serializers.IntegerField(required=False, min_value=0, max_value=1000)
    started_on = serializers.DateField(required=False, allow_null=True)
    target_on = serializers.DateField(required=False, allow_null=True)
    source = serializers.CharField(max_length=400, required=False, allow_blank=True)
    reason = ReasonField()


class BlockerShape(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    record_type = serializers.CharField()
    record = serializers.CharField()
    owner = serializers.CharField()
    hard = serializers.BooleanField()


class DecisionSerializer(RecordSerializer):
    by = serializers.CharField(source="by_name")

    class Meta:
        model = GateDecision
        fields = [
            "id",
            "round",
            "unit",
            "decision",
            "by",
            "at",
            "reason",
            "conditions",
            "blockers",
            "voided_at",
        ]


class ConditionSerializer(RecordSerializer):
    class Meta:
        model = GateCondition
        fields = ["id", "text", "due_on", "met_at", "voided_at"]


class GateSerializer(serializers.Serializer):
    """A gate as `picture` shows it: live to the staff, as last judged to a sponsor."""

    code = serializers.CharField(source="gate.code")
    name = serializers.CharField(source="gate.name")
    status = serializers.CharField(source="gate.status")
    target_on = serializers.DateField(source="gate.target_on", allow_null=True)
    forecast_on = serializers.DateField(source="gate.forecast_on", allow_null=True)
    decided_at = InstantField(source="gate.decided_at", allow_null=True)
    round = serializers.IntegerField(source="gate.round")
    judged_at = InstantField(allow_null=True)
    blockers = BlockerShape(many=True)
    decisions = DecisionSerializer(many=True)
    conditions = ConditionSerializer(many=True)


class GatesShape(serializers.Serializer):
    results = GateSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ConditionInput(Input):
    text = serializers.CharField(max_length=400)
    due_on = serializers.DateField()


class DecideGate(Input):
    decision = serializers.ChoiceField(Decision.choices)
    conditions = ConditionInput(many=True, required=False, default=list)
    reason = ReasonField()


class MeetCondition(Input):
    id = serializers.IntegerField(min_value=1)
    reason = ReasonField()


class PlanGate(Input):
    target_on = serializers.DateField(required=False)
    forecast_on = serializers.DateField(required=False)
    reason = ReasonField()


class ReopenGate(Input):
    reason = ReasonField()


GATE = OpenApiParameter("gate", str, OpenApiParameter.PATH, enum=list(GATES))


class TransferViewSet(RecordViewSet):
    model = TransferProject
    serializer_class = TransferSerializer
    select = ("product", "sponsor", "sending_unit", "receiving_unit", "site")
    filterset_fields = {
        "status": ["exact"],
        "product": ["exact"],
        "sponsor": ["exact"],
        "sending_unit": ["exact"],
        "receiving_unit": ["exact"],
    }
    search_fields = ("code", "title", "product__code")
    ordering_fields = ("id", "code", "started_on", "target_on")
    create_input = NewTransfer
    update_input = ChangeTransfer

    def create_record(self, *, data, by, at):
        return services.create_transfer(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_transfer(transfer=record, by=by, at=at, **data)

    def gate(self, transfer) -> Gate:
        """Return the gate of the address; 404 for a ninth one."""
        found = transfer.gates.filter(code=self.kwargs["gate"].upper()).first()
        if found is None:
            raise Http404
        return found

    def picture(self, transfer):
        return gates_of(transfer, by=self.request.user, at=self.at)

    @extend_schema(responses=GatesShape)
    @action(detail=True, methods=["get"])
    def gates(self, request, *args, **kwargs):
        """All eight gates, each with every blocker and both units' words."""
        shown = GateSerializer(self.picture(self.get_record()), many=True).data
        return Response({"results": shown, "next": None, "previous": None})

    @extend_schema(
        operation_id="transfers_gate_retrieve", parameters=[GATE], responses=GateSerializer
    )
    @action(detail=True, methods=["get"], url_path=r"gates/(?P<gate>[^/]+)", url_name="gate")
    def one_gate(self, request, *args, **kwargs):
        """One gate."""
        transfer = self.get_record()
        return Response(self.shown(self.gate(transfer)))

    def shown(self, gate):
        return GateSerializer(pictured(gate, by=self.request.user, at=self.at)).data

    def on_gate(self, verb_name, input_class, change, *, signed):
        """Run a verb on one gate of a transfer that this person may see; answer with the gate."""
        gate = self.gate(self.get_record())

        def run(transfer, **arguments):
            change(gate, **arguments)
            return self.shown(self.gate(transfer))

        return self.run_verb(verb_name, input_class, signed, run)

    @extend_schema(
        parameters=[GATE],
        request=with_signature(DecideGate, True, "decide"),
        responses=GateSerializer,
    )
    @action(
        detail=True,
        methods=["post"],
        url_path=r"gates/(?P<gate>[^/]+)/decide",
        url_name="gate-decide",
    )
    def decide(self, request, *args, **kwargs):
        """Sign your unit's word on a gate. It moves when both units have said the same."""

        def change(gate, *, data, by, at, proof):
            services.decide_gate(gate=gate, by=by, at=at, proof=proof, **data)

        return self.on_gate("decide", DecideGate, change, signed=True)

    @extend_schema(
        parameters=[GATE],
        request=with_signature(ReopenGate, True, "reopen"),
        responses=GateSerializer,
    )
    @action(
        detail=True,
        methods=["post"],
        url_path=r"gates/(?P<gate>[^/]+)/reopen",
        url_name="gate-reopen",
    )
    def reopen(self, request, *args, **kwargs):
        """Open a decided gate again: it and all later ones lose their decisions."""

        def change(gate, *, data, by, at, proof):
            services.reopen_gate(gate=gate, by=by, at=at, proof=proof, **data)

        return self.on_gate("reopen", ReopenGate, change, signed=True)

    @extend_schema(parameters=[GATE], request=PlanGate, responses=GateSerializer)
    @action(
        detail=True, methods=["post"], url_path=r"gates/(?P<gate>[^/]+)/plan", url_name="gate-plan"
    )
    def plan(self, request, *args, **kwargs):
        """Set a gate's planned date, or move its forecast."""

        def change(gate, *, data, by, at):
            services.plan_gate(gate=gate, by=by, at=at, **data)

        return self.on_gate("plan", PlanGate, change, signed=False)

    @extend_schema(parameters=[GATE], request=MeetCondition, responses=GateSerializer)
    @action(
        detail=True,
        methods=["post"],
        url_path=r"gates/(?P<gate>[^/]+)/meet-condition",
        url_name="gate-meet-condition",
    )
    def meet_condition(self, request, *args, **kwargs):
        """Record that a condition of a gate has been met, and by what."""

        def change(gate, *, data, by, at):
            condition = gate.conditions.filter(pk=data.pop("id")).first()
            if condition is None:
                raise serializers.ValidationError({"id": f"{gate.key} has no such condition."})
            services.meet_condition(condition=condition, by=by, at=at, **data)

        return self.on_gate("meet-condition", MeetCondition, change, signed=False)


def register(router):
    router.register("transfers", TransferViewSet)
