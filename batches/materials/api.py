"""REST: materials, lots, the uses of a batch, and traces."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from batches.materials import services
from batches.materials.models import Consumption, Lot, Material
from batches.materials.states import Origin
from batches.materials.tracing import BACKWARD, FORWARD, trace
from cdmo.accounts.models import Organisation
from cdmo.api.serializers import (
    DecimalText,
    Input,
    InstantField,
    KeyField,
    ReasonField,
    RecordSerializer,
)
from cdmo.api.views import RecordViewSet, verb

# Batches live in a room above; the foreign key knows them.
Batch = Consumption._meta.get_field("batch").related_model

# Keys stand in addresses: printable, no slash, nothing that a person reads two ways.
KEY = r"^[A-Za-z0-9][A-Za-z0-9._:=*+-]*$"
KEY_RULE = "Use letters, digits and . _ : = * + - without spaces, beginning with a letter or digit."
UNIT_RULE = "A unit is a UCUM code without spaces, like mL, mg or 10*6."


class QuantityText(DecimalText):
    """A quantity above zero."""

    def __init__(self, **options):
        super().__init__(positive=True, **options)


class ReasonNeeded(Input):
    reason = ReasonField(required=True, allow_blank=False)


def new_key(model, field, **options):
    length = model._meta.get_field(field).max_length
    return serializers.RegexField(
        KEY, max_length=length, error_messages={"invalid": KEY_RULE}, **options
    )


def unit_field(**options):
    return serializers.RegexField(
        r"^[!-~]+$", max_length=20, error_messages={"invalid": UNIT_RULE}, **options
    )


class MaterialSerializer(RecordSerializer):
    class Meta:
        model = Material
        fields = ("code", "name", "unit", "kind", "critical", "illustrative")


class NewMaterial(Input):
    code = new_key(Material, "code")
    name = serializers.CharField(max_length=200)
    unit = unit_field()
    kind = serializers.CharField(max_length=40, required=False)
    critical = serializers.BooleanField(required=False)
    reason = ReasonField()


class LotSerializer(RecordSerializer):
    """A lot. How much is left and who supplied it is told to the staff only: the rest of a shared
    stock is another sponsor's use of it.
    """

    quantity = QuantityText(read_only=True)
    available = QuantityText(read_only=True)
    STAFF_ONLY = ("available", "supplier", "supplier_lot", "storage")

    class Meta:
        model = Lot
        fields = (
            "number",
            "material",
            "sponsor",
            "quantity",
            "unit",
            "available",
            "status",
            "origin",
            "supplier",
            "supplier_lot",
            "produced_by",
            "donation_number",
            "received_at",
            "expires_at",
            "released_at",
            "stopped_at",
            "storage",
            "illustrative",
        )

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and getattr(request.user, "is_sponsor_side", False):
            for name in self.STAFF_ONLY:
                del fields[name]
        return fields


class NewLot(Input):
    number = new_key(Lot, "number", required=False, allow_blank=True)
    material = KeyField(Material)
    quantity = QuantityText()
    unit = unit_field(required=False)
    sponsor = KeyField(Organisation, required=False)
    supplier = KeyField(Organisation, required=False, allow_null=True)
    supplier_lot = serializers.CharField(max_length=80, required=False, allow_blank=True)
    origin = serializers.ChoiceField(Origin.choices, required=False)
    produced_by = KeyField(Batch, required=False, allow_null=True)
    donation_number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    received_at = InstantField(required=False)
    expires_at = InstantField(required=False, allow_null=True)
    storage = serializers.CharField(max_length=120, required=False, allow_blank=True)
    reason = ReasonField()


class ConsumptionSerializer(serializers.ModelSerializer):
    """A use: of a lot, or of another batch. The step of a record not yet reviewed is internal."""

    lot = KeyField(read_only=True, allow_null=True)
    batch = KeyField(read_only=True, allow_null=True, source="source_batch")
    quantity = QuantityText(read_only=True)
    used_at = InstantField(read_only=True)
    recorded_at = InstantField(read_only=True)
    cancelled_at = InstantField(read_only=True, allow_null=True)
    step = serializers.SerializerMethodField()

    class Meta:
        model = Consumption
        fields = (
            "id",
            "lot",
            "batch",
            "quantity",
            "unit",
            "used_at",
            "step",
            "recorded_at",
            "cancelled_at",
            "cancelled_reason",
        )

    def get_step(self, use) -> str | None:
        if use.step_id is None or self.context["request"].user.is_sponsor_side:
            return None
        return use.step.code


class NewConsumption(Input):
    lot = KeyField(Lot, required=False, allow_null=True)
    batch = KeyField(Batch, required=False, allow_null=True)
    quantity = QuantityText()
    unit = unit_field()
    used_at = InstantField(required=False)
    step = serializers.CharField(
        max_length=120, required=False, allow_null=True, help_text="CODE, or BATCH/CODE."
    )
    reason = ReasonField()

    def validate(self, attrs):
        if (attrs.get("lot") is None) == (attrs.get("batch") is None):
            raise serializers.ValidationError({"lot": "Name the lot or the batch that was used."})
        return attrs


class NodeSerializer(serializers.Serializer):
    key = serializers.CharField()
    record_type = serializers.ChoiceField(["batch", "lot"])
    status = serializers.CharField()
    depth = serializers.IntegerField()


class EdgeSerializer(serializers.Serializer):
    to = serializers.CharField()
    quantity = serializers.CharField()
    unit = serializers.CharField()
    kind = serializers.ChoiceField(["consumed", "produced"])

    def get_fields(self):
        return {"from": serializers.CharField(), **super().get_fields()}  # a word of Python's own


class TraceSerializer(serializers.Serializer):
    root = serializers.CharField()
    direction = serializers.ChoiceField([FORWARD, BACKWARD])
    complete = serializers.BooleanField()
    nodes = NodeSerializer(many=True)
    edges = EdgeSerializer(many=True)


DIRECTION = OpenApiParameter("direction", str, enum=[FORWARD, BACKWARD])


class TraceMixin:
    """`{key}/trace/`: the whole genealogy of the record, one way."""

    usual_direction = BACKWARD

    @extend_schema(responses=TraceSerializer, parameters=[DIRECTION])
    @action(detail=True, methods=["get"], url_path="trace", url_name="trace", filter_backends=[])
    def trace(self, request, *args, **kwargs):
        """Everything that went into it (backward) or came of it (forward), whatever the depth."""
        direction = request.query_params.get("direction", self.usual_direction)
        if direction not in {FORWARD, BACKWARD}:
            raise serializers.ValidationError({"direction": "Say forward or backward."})
        return Response(trace(self.get_record(), direction, user=request.user).as_json())


class BatchMaterialsMixin(TraceMixin):
    """`batches/{n}/trace/` and `batches/{n}/consumptions/`, for the viewset of batches."""

    def _uses(self, batch):
        uses = Consumption.objects.visible_to(self.request.user).filter(batch=batch)
        staff = () if self.request.user.is_sponsor_side else ("step",)
        return uses.select_related("lot", "source_batch", *staff).order_by("used_at", "id")

    def _one_use(self, use, status=200) -> Response:
        fresh = self._uses(use.batch).get(pk=use.pk)
        context = self.get_serializer_context()
        return Response(ConsumptionSerializer(fresh, context=context).data, status=status)

    @extend_schema(methods=["GET"], responses=ConsumptionSerializer(many=True))
    @extend_schema(methods=["POST"], request=NewConsumption, responses={201: ConsumptionSerializer})
    @action(
        detail=True,
        methods=["get", "post"],
        url_path="consumptions",
        url_name="consumptions",
        filter_backends=[],
    )
    def consumptions(self, request, *args, **kwargs):
        """What went into the batch, in order; POST records a use: {lot or batch, quantity, …}."""
        if request.method == "POST":
            return self.run_verb("record-consumption", NewConsumption, False, self._record_use)
        context = self.get_serializer_context()
        rows = ConsumptionSerializer(self._uses(self.get_record()), many=True, context=context)
        return Response({"results": rows.data, "next": None, "previous": None})

    def _record_use(self, batch, *, data, by, at):
        data["source_batch"] = data.pop("batch", None)
        data["step"] = self._named_step(batch, data.pop("step", None))
        data.setdefault("used_at", at)
        use = services.record_consumption(batch=batch, by=by, at=at, **data)
        return self._one_use(use, status=201)

    def _named_step(self, batch, code):
        if not code:
            return None
        step = batch.steps.filter(code=code.removeprefix(f"{batch.number}/")).first()
        if step is None:
            raise serializers.ValidationError({"step": f"{batch.number} has no step {code[:60]}."})
        return step

    @extend_schema(request=ReasonNeeded, responses=ConsumptionSerializer)
    @action(
        detail=True,
        methods=["post"],
        url_path=r"consumptions/(?P<use>[0-9]{1,18})/cancel",
        url_name="consumption-cancel",
    )
    def cancel_use(self, request, *args, use, **kwargs):
        """Take back a use recorded by mistake; it stays, struck out."""

        def change(batch, *, data, by, at):
            found = self._uses(batch).filter(pk=use).first()
            if found is None:
                raise NotFound(f"{batch.number} has no such use.")
            return self._one_use(
                services.cancel_consumption(consumption=found, by=by, at=at, **data)
            )

        return self.run_verb("cancel-consumption", ReasonNeeded, False, change)


class MaterialViewSet(RecordViewSet):
    """Kinds of things that lots are of."""

    model = Material
    serializer_class = MaterialSerializer
    filterset_fields = {"kind": ["exact"], "critical": ["exact"]}
    search_fields = ("code", "name")
    ordering_fields = ("id", "code", "name")
    create_input = NewMaterial

    def create_record(self, *, data, by, at):
        return services.create_material(by=by, at=at, **data)


class LotViewSet(TraceMixin, RecordViewSet):
    """Lots in stock, in quarantine until QA releases them."""

    model = Lot
    serializer_class = LotSerializer
    usual_direction = FORWARD
    filterset_fields = {
        "material": ["exact"],
        "sponsor": ["exact"],
        "status": ["exact"],
        "origin": ["exact"],
        "produced_by": ["exact"],
        "expires_at": ["gte", "lt"],
        "received_at": ["gte", "lt"],
    }
    search_fields = ("number", "supplier_lot", "donation_number", "material__code")
    staff_only_search = ("supplier_lot",)
    ordering_fields = ("id", "number", "received_at", "expires_at")
    create_input = NewLot

    def get_queryset(self):
        lots = super().get_queryset().select_related("material", "sponsor", "produced_by")
        if getattr(self.request.user, "is_sponsor_side", True):
            return lots
        return lots.select_related("supplier").with_available()

    def create_record(self, *, data, by, at):
        return services.receive_lot(by=by, at=at, **data)

    @verb(signed=True)
    def release(self, record, *, data, by, at, proof):
        return services.release_lot(lot=record, by=by, at=at, proof=proof, **data)

    @verb(input=ReasonNeeded, signed=True)
    def reject(self, record, *, data, by, at, proof):
        return services.reject_lot(lot=record, by=by, at=at, proof=proof, **data)

    @verb(input=ReasonNeeded, signed=True)
    def recall(self, record, *, data, by, at, proof):
        return services.recall_lot(lot=record, by=by, at=at, proof=proof, **data)


def register(router):
    router.register("materials", MaterialViewSet)
    router.register("lots", LotViewSet)


__all__ = ["BatchMaterialsMixin", "LotViewSet", "MaterialViewSet", "register"]
