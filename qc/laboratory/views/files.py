"""The page where an analyst confirms an instrument file's readings into results."""

from django.utils import timezone

from cdmo.accounts.roles import Right
from cdmo.web.views import VerbView
from qc.instruments.models import InstrumentFile
from qc.laboratory import forms, services
from qc.laboratory.services.confirm import proposals


class FileConfirm(VerbView):
    """Every reading with its proposal; a flagged one takes the reason below."""

    model = InstrumentFile
    select = ("instrument__site", "document")
    verb = "confirm"
    title = "Confirm readings into results"
    button = "Confirm the ticked readings"
    form_class = forms.ConfirmForm
    right = Right.ENTER_RESULT
    reason = "optional"
    done = "The readings are draft results now. Submit them for review on the sample's page."
    template_name = "qc/laboratory/confirm.html"
    fragment_name = "qc/laboratory/_confirm.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.proposals = proposals(self.record, timezone.now())

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "proposals": self.proposals}

    def get_context_data(self, **kwargs):
        tests = {p.sample.batch_id: p.tests for p in self.proposals if p.sample is not None}
        return super().get_context_data(
            confirmed=[p for p in self.proposals if p.confirmed_as is not None],
            tests=tests.items(),
            **kwargs,
        )

    def act(self, *, by, at, data, proof):
        made = services.confirm_measurements(file=self.record, by=by, at=at, **data)
        return made[0].sample
