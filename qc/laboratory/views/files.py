"""The page where an analyst confirms an instrument file's readings into results."""

from django.utils import timezone

from cdmo.accounts.roles import Right
from cdmo.web.views import VerbView
from qc.instruments.models import InstrumentFile
from qc.laboratory import forms, services
from qc.laboratory.services.confirm import proposals

AT_ONCE = 50


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

    @property
    def matched(self) -> list:
        """Readings of known samples that are no results yet, those with a fitting test first."""
        found = [p for p in self.proposals if p.sample is not None and p.confirmed_as is None]
        return sorted(found, key=lambda proposal: not proposal.test)

    @property
    def unmatched(self) -> list:
        return [p for p in self.proposals if p.sample is None and p.confirmed_as is None]

    def shown(self) -> list:
        """Return the readings on the form: those of known samples, or a page of the others.

        Files hold thousands of readings, most of them nobody's; a form comes back as it was sent.
        """
        if self.request.method == "POST":
            sent = self.request.POST
            return [p for p in self.proposals if f"sample-{p.measurement.pk}" in sent]
        if self.request.GET.get("show") != "unknown":
            return self.matched[:AT_ONCE]
        return self.unmatched[self.start : self.start + AT_ONCE]

    @property
    def start(self) -> int:
        text = self.request.GET.get("from", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "proposals": self.shown()}

    def get_context_data(self, **kwargs):
        tests = {p.sample.batch_id: p.tests for p in self.proposals if p.sample is not None}
        return super().get_context_data(
            confirmed=[p for p in self.proposals if p.confirmed_as is not None],
            tests=tests.items(),
            matched=len(self.matched),
            more_matched=max(len(self.matched) - AT_ONCE, 0),
            unmatched=len(self.unmatched),
            unknown_samples=list(
                dict.fromkeys(p.measurement.sample_text or "(none)" for p in self.unmatched)
            ),
            shows_unknown=self.request.GET.get("show") == "unknown",
            next_from=self.start + AT_ONCE if self.start + AT_ONCE < len(self.unmatched) else None,
            **kwargs,
        )

    def act(self, *, by, at, data, proof):
        made = services.confirm_measurements(file=self.record, by=by, at=at, **data)
        return made[0].sample
