"""The yield that a completed batch lacks, as a page."""

from batches.manufacture import forms, services
from batches.manufacture.states import MEANINGS
from batches.manufacture.views.verbs import BatchVerb


class BatchRecordYield(BatchVerb):
    verb = "record-yield"
    title = "Record the yield"
    meaning = MEANINGS["record-yield"]
    button = "Sign and record"
    form_class = forms.YieldForm
    signed = True
    reason = "required"
    objections = staticmethod(services.record_yield_objections)
    done = "The yield is recorded."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "batch": self.record}

    def signed_content(self):
        # Its hash would not be the one that is signed: the yield is still to be typed.
        return None

    def act(self, *, by, at, data, proof):
        return services.record_yield(batch=self.record, by=by, at=at, proof=proof, **data)
