"""The verbs of a batch as pages: each shows what would refuse it before it is pressed."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from django.utils import timezone

from batches.manufacture import forms, services
from batches.manufacture.evidence import QualityReadiness
from batches.manufacture.models import Batch
from batches.manufacture.states import MEANINGS
from batches.manufacture.views.tabs import BATCH
from cdmo.accounts.roles import Right
from cdmo.web.views import NewRecord, VerbView


class BatchVerb(VerbView):
    """A verb on a batch. `objections`: what the service would say now; rights are among them."""

    model = Batch
    select = BATCH
    objections = None

    def blockers(self):
        ask = type(self).objections
        return ask(self.record, by=self.request.user) if ask else ()


class BatchNew(NewRecord):
    title = "Plan a batch"
    button = "Plan the batch"
    verb = "plan"
    form_class = forms.PlanForm
    right = Right.PLAN_BATCH
    done = "The batch is planned."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self):
        return {"product": self.request.GET.get("product")}

    def act(self, *, by, at, data, proof):
        return services.plan_batch(by=by, at=at, **data)


class BatchChange(BatchVerb):
    verb = "change"
    title = "Change the plan"
    form_class = forms.ChangeForm
    right = Right.PLAN_BATCH
    reason = "required"

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "batch": self.record, "user": self.request.user}

    def get_initial(self):
        names = ("objective", "planned_start_at", "coi")
        return {name: getattr(self.record, name) for name in names}

    def act(self, *, by, at, data, proof):
        changes = {
            name: value
            for name, value in data.items()
            if name != "reason" and value != getattr(self.record, name)
        }
        return services.change_batch(
            batch=self.record, by=by, at=at, reason=data["reason"], **changes
        )


class BatchIssue(BatchVerb, ABC):
    """Issue the batch record. QC's release room completes it and gives it an address."""

    verb = "issue"
    title = "Issue the batch record"
    meaning = MEANINGS["issue"]
    button = "Sign and issue"
    signed = True
    reason = "optional"
    done = "The batch record is issued."

    @abstractmethod
    def quality_readiness(self, batch, *, at) -> QualityReadiness:
        """Return QC's word on the specification in force: only the floor above can say it."""

    def blockers(self):
        at = timezone.now()
        word = self.quality_readiness(self.record, at=at)
        return services.issue_objections(self.record, quality=word, by=self.request.user, at=at)

    def signed_content(self):
        master = services.effective_master(self.record.process_version)
        if master is None:
            return None
        self.record.master = master
        return self.record.signed_content(self.verb)

    def act(self, *, by, at, data, proof):
        word = self.quality_readiness(self.record, at=at)
        return services.issue_batch(
            batch=self.record, quality=word, by=by, at=at, proof=proof, **data
        )


class BatchStart(BatchVerb):
    verb = "start"
    title = "Start manufacture"
    form_class = forms.StartForm
    objections = staticmethod(services.start_objections)
    done = "Manufacture has started."
    password_field = "witness_password"

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def act(self, *, by, at, data, proof):
        witness_proof = services.witness_of_start(
            batch=self.record,
            witness=data["verified_by"],
            password=data.pop("witness_password"),
            otp=data.pop("witness_otp"),
            by=by,
            at=at,
            says=(MEANINGS["witness-start"],),
        )
        return services.start_batch(
            batch=self.record, by=by, at=at, witness_proof=witness_proof, **data
        )


class BatchHold(BatchVerb):
    verb = "hold"
    title = "Put the batch on hold"
    button = "Hold"
    reason = "required"
    danger = True
    objections = staticmethod(services.hold_objections)
    done = "The batch is on hold."

    def act(self, *, by, at, data, proof):
        return services.hold_batch(batch=self.record, by=by, at=at, **data)


class BatchResume(BatchVerb):
    verb = "resume"
    title = "Resume the batch"
    meaning = "The reason says why the time on hold does no harm."
    reason = "required"
    objections = staticmethod(services.resume_objections)
    done = "The batch goes on."

    def act(self, *, by, at, data, proof):
        return services.resume_batch(batch=self.record, by=by, at=at, **data)


class BatchComplete(BatchVerb):
    verb = "complete"
    title = "Complete the batch"
    meaning = MEANINGS["complete"]
    button = "Sign and complete"
    form_class = forms.CompleteForm
    signed = True
    reason = "optional"
    done = "The batch is completed."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "batch": self.record}

    def blockers(self):
        found = services.complete_objections(self.record, by=self.request.user)
        # The yield is asked for in this very form.
        return [blocker for blocker in found if blocker.code != "yield_missing"]

    def signed_content(self):
        # Its hash would not be the one that is signed: the yield is still to be typed.
        return None

    def act(self, *, by, at, data, proof):
        return services.complete_batch(batch=self.record, by=by, at=at, proof=proof, **data)


class SignedMove(BatchVerb, ABC):
    """A signed verb whose form asks for no more than reason and password."""

    signed = True
    change: Callable  # the one service

    def act(self, *, by, at, data, proof):
        return type(self).change(batch=self.record, by=by, at=at, proof=proof, **data)


class BatchAbort(SignedMove):
    verb = "abort"
    title = "Abort the batch"
    meaning = MEANINGS["abort"]
    danger = True
    reason = "required"
    objections = staticmethod(services.abort_objections)
    change = staticmethod(services.abort_batch)
    done = "The batch is aborted."


class BatchReview(SignedMove):
    verb = "review"
    title = "Review the batch record"
    meaning = MEANINGS["review"]
    button = "Sign the review"
    reason = "optional"
    objections = staticmethod(services.review_objections)
    change = staticmethod(services.review_batch)
    done = "The batch record is reviewed."


class BatchReject(SignedMove):
    verb = "reject"
    title = "Reject the batch"
    meaning = MEANINGS["reject"]
    danger = True
    reason = "required"
    objections = staticmethod(services.reject_objections)
    change = staticmethod(services.reject_batch)
    done = "The batch is rejected."


class BatchRecall(SignedMove):
    verb = "recall"
    title = "Recall the batch"
    meaning = MEANINGS["recall"]
    danger = True
    reason = "required"
    objections = staticmethod(services.recall_objections)
    change = staticmethod(services.recall_batch)
    done = "The batch is recalled."
