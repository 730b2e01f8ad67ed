"""REST: batches and their verbs. QC's release room completes this viewset and registers it."""

from abc import ABC, abstractmethod

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from batches.identity.api import BatchIdentityMixin
from batches.manufacture import services
from batches.manufacture.api.serializers import (
    BatchReason,
    BatchSerializer,
    ChangeBatch,
    CompleteBatch,
    EntrySerializer,
    NewBatch,
    RecordYield,
    StartBatch,
)
from batches.manufacture.api.steps import BatchStepsMixin
from batches.manufacture.evidence import QualityReadiness
from batches.manufacture.models import Batch
from batches.manufacture.timeline import timeline
from batches.materials.api import BatchMaterialsMixin
from cdmo.api.views import RecordViewSet, verb


class BatchViewSet(BatchStepsMixin, BatchMaterialsMixin, BatchIdentityMixin, RecordViewSet, ABC):
    """One batch of one product, from planning to disposition."""

    model = Batch
    serializer_class = BatchSerializer
    select = ("sponsor", "product", "process_version", "master", "site", "coi")
    filterset_fields = {
        "execution": ["exact"],
        "disposition": ["exact"],
        "inventory": ["exact"],
        "custody": ["exact"],
        "purpose": ["exact"],
        "product": ["exact"],
        "process_version": ["exact"],
        "sponsor": ["exact"],
        "site": ["exact"],
        "coi": ["exact"],
        "expires_at": ["gte", "lt"],
    }
    search_fields = ("number", "objective", "product__code")
    ordering_fields = (
        "id",
        "number",
        "planned_at",
        "planned_start_at",
        "started_at",
        "completed_at",
        "expires_at",
    )
    create_input = NewBatch
    update_input = ChangeBatch

    def get_queryset(self):
        queryset = super().get_queryset()
        if getattr(self.request.user, "is_sponsor_side", True):
            return queryset
        return queryset.select_related("reviewed_by")

    @abstractmethod
    def quality_readiness(self, batch, *, at) -> QualityReadiness:
        """Return QC's word on the specification in force: only the floor above can say it."""

    def also_in_timeline(self, batch):
        """Return a Q of audit rows on a floor above that belong into the batch's timeline."""
        return None

    def create_record(self, *, data, by, at):
        coi = data.pop("coi", None)
        return services.plan_batch_for(coi=coi, by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_batch(batch=record, by=by, at=at, **data)

    @verb(signed=True)
    def issue(self, record, *, data, by, at, proof):
        word = self.quality_readiness(record, at=at)
        return services.issue_batch(batch=record, quality=word, by=by, at=at, proof=proof, **data)

    def further_proofs(self, record, verb_name, data):
        if verb_name != "start":
            return super().further_proofs(record, verb_name, data)
        given = data.pop("witness_signature", None) or {}
        proof = services.witness_of_start(
            batch=record,
            witness=data.get("verified_by"),
            password=given.get("password", ""),
            otp=given.get("otp"),
            by=self.request.user,
            at=self.at,
        )
        return {"witness_proof": proof}

    @verb(input=StartBatch, signed=None)
    def start(self, record, *, data, by, at, proof, witness_proof):
        """Start manufacture. A second person who is named signs with their own password."""
        return services.start_batch(
            batch=record, by=by, at=at, proof=proof, witness_proof=witness_proof, **data
        )

    @verb(input=BatchReason, signed=None)
    def hold(self, record, *, data, by, at, proof):
        return services.hold_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=BatchReason, signed=None)
    def resume(self, record, *, data, by, at, proof):
        return services.resume_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=CompleteBatch, signed=True)
    def complete(self, record, *, data, by, at, proof):
        return services.complete_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=RecordYield, signed=True)
    def record_yield(self, record, *, data, by, at, proof):
        """Add the yield of a completed batch that was completed without one."""
        return services.record_yield(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=BatchReason, signed=True)
    def abort(self, record, *, data, by, at, proof):
        return services.abort_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(signed=True)
    def review(self, record, *, data, by, at, proof):
        return services.review_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=BatchReason, signed=True)
    def reject(self, record, *, data, by, at, proof):
        return services.reject_batch(batch=record, by=by, at=at, proof=proof, **data)

    @verb(input=BatchReason, signed=True)
    def recall(self, record, *, data, by, at, proof):
        return services.recall_batch(batch=record, by=by, at=at, proof=proof, **data)

    @extend_schema(responses=EntrySerializer(many=True))
    @action(detail=True, methods=["get"])
    def timeline(self, request, *args, **kwargs):
        """Events and signatures in order. A sponsor reads the milestones."""
        batch = self.get_record()
        also = None if request.user.is_sponsor_side else self.also_in_timeline(batch)
        entries = timeline(batch, user=request.user, also=also)
        data = EntrySerializer(entries, many=True, context=self.get_serializer_context()).data
        return Response({"results": data, "next": None, "previous": None})
