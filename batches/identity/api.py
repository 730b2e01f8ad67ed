"""REST: chains of identity, and the scans of a batch."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from batches.identity import services
from batches.identity.models import IdentityChain, IdentityScan
from batches.identity.rules import COI, COI_RULE, PSEUDONYM_RULE, is_pseudonym
from batches.identity.states import Handover
from cdmo.api.serializers import Input, InstantField, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet
from cdmo.portfolio.models import Product


class IdentityChainSerializer(RecordSerializer):
    class Meta:
        model = IdentityChain
        fields = ("coi", "sponsor", "product", "pseudonym", "created_at", "illustrative")


class NewIdentityChain(Input):
    coi = serializers.RegexField(COI, required=False, error_messages={"invalid": COI_RULE})
    product = KeyField(Product)
    pseudonym = serializers.CharField(max_length=40)
    reason = ReasonField()

    def validate_pseudonym(self, value):
        if not is_pseudonym(value):
            raise serializers.ValidationError(PSEUDONYM_RULE)
        return value


class IdentityScanSerializer(serializers.ModelSerializer):
    """A scan. Who scanned is the CDMO's own matter: sponsors read the fact."""

    chain = KeyField(read_only=True)
    batch = KeyField(read_only=True)
    at = InstantField(read_only=True)
    by = serializers.SerializerMethodField()

    class Meta:
        model = IdentityScan
        fields = ("id", "chain", "batch", "handover", "scanned", "matched", "at", "by")

    def get_by(self, scan) -> str | None:
        return None if self.context["request"].user.is_sponsor_side else scan.by.email


class NewScan(Input):
    handover = serializers.ChoiceField(Handover.choices)
    scanned = serializers.CharField(max_length=80)
    reason = ReasonField()


class IdentityChainViewSet(RecordViewSet):
    model = IdentityChain
    serializer_class = IdentityChainSerializer
    select = ("product", "sponsor")
    filterset_fields = {"product": ["exact"], "sponsor": ["exact"], "pseudonym": ["exact"]}
    search_fields = ("coi", "pseudonym")
    ordering_fields = ("id", "coi", "created_at")
    create_input = NewIdentityChain

    def create_record(self, *, data, by, at):
        return services.create_chain(by=by, at=at, **data)


class BatchIdentityMixin:
    """`batches/{n}/scans/`, for the viewset of batches."""

    def _scans(self, batch):
        staff = () if self.request.user.is_sponsor_side else ("by",)
        scans = IdentityScan.objects.visible_to(self.request.user).filter(batch=batch)
        return scans.select_related("chain", "batch", *staff).order_by("at", "id")

    @extend_schema(methods=["GET"], responses=IdentityScanSerializer(many=True))
    @extend_schema(methods=["POST"], request=NewScan, responses={201: IdentityScanSerializer})
    @action(
        detail=True,
        methods=["get", "post"],
        url_path="scans",
        url_name="scans",
        filter_backends=[],
    )
    def scans(self, request, *args, **kwargs):
        """Every scan in order; POST records one, matching or not."""
        if request.method == "POST":
            return self.run_verb("record-scan", NewScan, False, self._record_scan)
        context = self.get_serializer_context()
        rows = IdentityScanSerializer(self._scans(self.get_record()), many=True, context=context)
        return Response({"results": rows.data, "next": None, "previous": None})

    def _record_scan(self, batch, *, data, by, at):
        scan = services.record_scan(batch=batch, by=by, at=at, **data)
        context = self.get_serializer_context()
        return Response(IdentityScanSerializer(scan, context=context).data, status=201)


def register(router):
    router.register("identity-chains", IdentityChainViewSet)
