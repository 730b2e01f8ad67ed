"""REST: the steps of a batch, below the batch: read, perform, verify, correct."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from batches.manufacture import services
from batches.manufacture.api.serializers import (
    BatchReason,
    CorrectStep,
    PerformStep,
    RecordStep,
    StepSerializer,
    VerifyStep,
)
from batches.manufacture.models import BatchStep
from batches.manufacture.values import NotAValue

_STEP = r"steps/(?P<step>[^/]+)"


class BatchStepsMixin:
    """`steps/`, `steps/{code}/` and the verbs of one step, for the viewset of batches."""

    def _steps(self, batch):
        """Return the steps this person may see, with what their representation needs."""
        user = self.request.user
        found = BatchStep.objects.visible_to(user).filter(batch=batch).order_by("position")
        if user.is_sponsor_side:
            return found.select_related("batch")
        return found.select_related(
            "batch", "performed_by", "verified_by", "corrected_by"
        ).prefetch_related("deviations")

    def _step(self, batch, code):
        try:
            return self._steps(batch).get(code=code.removeprefix(f"{batch.number}/"))
        except (BatchStep.DoesNotExist, ValueError):
            raise NotFound(f"{batch.number} has no such step.") from None

    def _shown(self, step) -> dict:
        fresh = self._steps(step.batch).get(pk=step.pk)
        return StepSerializer(fresh, context=self.get_serializer_context()).data

    def _change_step(self, name, input_class, service, *, code=None, status=200, signed=None):
        """Run one verb of one step. What is no value for the step is a 400 at `value`."""

        def change(batch, *, data, by, at, proof=None):
            step = self._step(batch, code or data.pop("step"))
            more = {"proof": proof} if service is services.verify_step else {}
            try:
                step = service(step=step, by=by, at=at, **data, **more)
            except NotAValue as refused:
                raise serializers.ValidationError({"value": str(refused)}) from refused
            return Response(self._shown(step), status=status)

        return self.run_verb(name, input_class, signed, change)

    @extend_schema(methods=["GET"], responses=StepSerializer(many=True))
    @extend_schema(methods=["POST"], request=RecordStep, responses={201: StepSerializer})
    @action(detail=True, methods=["get", "post"], url_path="steps", url_name="steps")
    def steps(self, request, *args, **kwargs):
        """The record step by step; POST performs one: {step, value, comment}."""
        if request.method == "POST":
            return self._change_step("perform-step", RecordStep, services.perform_step, status=201)
        found = self._steps(self.get_record())
        data = StepSerializer(found, many=True, context=self.get_serializer_context()).data
        return Response({"results": data, "next": None, "previous": None})

    @extend_schema(responses=StepSerializer)
    @action(detail=True, methods=["get"], url_path=_STEP, url_name="step")
    def one_step(self, request, *args, step, **kwargs):
        return Response(self._shown(self._step(self.get_record(), step)))

    @extend_schema(request=PerformStep, responses=StepSerializer)
    @action(detail=True, methods=["post"], url_path=rf"{_STEP}/perform", url_name="step-perform")
    def perform_step(self, request, *args, step, **kwargs):
        return self._change_step("perform-step", PerformStep, services.perform_step, code=step)

    @extend_schema(request=VerifyStep, responses=StepSerializer)
    @action(detail=True, methods=["post"], url_path=rf"{_STEP}/verify", url_name="step-verify")
    def verify_step(self, request, *args, step, **kwargs):
        return self._change_step("verify-step", VerifyStep, services.verify_step, code=step)

    @extend_schema(request=BatchReason, responses=StepSerializer)
    @action(
        detail=True,
        methods=["post"],
        url_path=rf"{_STEP}/not-applicable",
        url_name="step-not-applicable",
    )
    def leave_out_step(self, request, *args, step, **kwargs):
        return self._change_step(
            "leave-out-step", BatchReason, services.mark_not_applicable, code=step
        )

    @extend_schema(request=CorrectStep, responses=StepSerializer)
    @action(detail=True, methods=["post"], url_path=rf"{_STEP}/correct", url_name="step-correct")
    def correct_step(self, request, *args, step, **kwargs):
        return self._change_step("correct-step", CorrectStep, services.correct_step, code=step)
