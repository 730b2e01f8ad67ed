"""One step: the page on the tablet beside the isolator, and its verbs."""

from django.http import Http404

from batches.manufacture import forms, services
from batches.manufacture.models import BatchStep
from batches.manufacture.states import Execution, StepStatus
from cdmo.web.links import page
from cdmo.web.views import HistoryMixin, VerbView


class StepVerb(VerbView):
    """A verb on one step of one batch, found by the batch's number and the step's code."""

    model = BatchStep
    select = (
        "batch__product",
        "batch__site",
        "performed_by",
        "verified_by",
        "corrected_by",
    )

    def load(self):
        try:
            return self.get_records().get(
                batch__number=self.kwargs["key"], code=self.kwargs["code"]
            )
        except (BatchStep.DoesNotExist, ValueError):
            raise Http404 from None

    def get_success_url(self, record=None):
        step = record or self.record
        return page("batches:batch_step", key=step.batch.number, code=step.code)


class StepPage(HistoryMixin, StepVerb):
    """One step, large: what to do, the value in its limits, who did it, who checks it, next."""

    template_name = "batches/manufacture/step.html"
    form_class = forms.PerformForm
    verb = "perform"
    title = "Record this step"
    button = "Record"

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "step": self.record}

    def blockers(self):
        if self.record.status != StepStatus.OPEN:
            return ()
        return services.perform_objections(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.perform_step(step=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        """Go on to the next step; stay on one that must be explained or checked first."""
        step = record or self.record
        if record is None or step.in_limits is False or step.critical:
            return super().get_success_url(record)
        following = self.neighbours()["next_step"]
        return super().get_success_url(following or step)

    def neighbours(self) -> dict:
        steps = list(BatchStep.objects.filter(batch=self.record.batch).order_by("position"))
        for step in steps:
            step.batch = self.record.batch
        here = next(i for i, step in enumerate(steps) if step.pk == self.record.pk)
        return {
            "previous_step": steps[here - 1] if here else None,
            "next_step": steps[here + 1] if here + 1 < len(steps) else None,
            "place": here + 1,
            "all_steps": steps,
        }

    def get_context_data(self, **kwargs):
        step, by = self.record, self.request.user
        verify = services.verify_objections(step, by=by)
        return super().get_context_data(
            step=step,
            batch=step.batch,
            limits=forms.limits_of(step),
            is_open=step.status == StepStatus.OPEN,
            may_be_verified=step.status == StepStatus.PERFORMED
            and (step.critical or step.batch.execution == Execution.IN_PROCESS),
            verify_objections=verify,
            deviations=list(step.deviations.order_by("id")),
            materials_url=page("batches:batch_materials", key=step.batch.number),
            needs_deviation=step.in_limits is False and not step.deviations.exists(),
            **self.neighbours(),
            **kwargs,
        )


class StepVerify(StepVerb):
    verb = "verify"
    title = "Verify this step"
    button = "Verify"
    meaning = "I was there or saw the evidence; the entry is right."
    form_class = forms.VerifyForm
    done = "The step is verified."

    def blockers(self):
        return services.verify_objections(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.verify_step(step=self.record, by=by, at=at, **data)


class StepNotApplicable(StepVerb):
    verb = "not-applicable"
    title = "Mark as not applicable"
    reason = "required"

    def blockers(self):
        return services.not_applicable_objections(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.mark_not_applicable(step=self.record, by=by, at=at, **data)


class StepCorrect(StepVerb):
    verb = "correct"
    title = "Correct the value"
    meaning = "The first value stays in the record. The step is verified again after this."
    form_class = forms.ValueForm
    reason = "required"
    done = "The value is corrected."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "step": self.record}

    def act(self, *, by, at, data, proof):
        return services.correct_step(step=self.record, by=by, at=at, **data)
