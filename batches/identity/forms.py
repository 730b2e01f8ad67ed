"""What a person types or scans about identity. Shapes only: rules are the services'."""

from django import forms

from batches.identity.rules import COI, COI_RULE, PSEUDONYM_RULE, is_pseudonym
from batches.identity.states import Handover
from cdmo.portfolio.forms import Chosen, ScopedForm
from cdmo.portfolio.models import Product
from cdmo.web.forms import VerbForm

TYPED = {"autocomplete": "off", "spellcheck": "false"}


class NewChainForm(ScopedForm):
    product = Chosen(Product, help_text="Only products made for one patient.")
    pseudonym = forms.CharField(
        max_length=40, help_text=PSEUDONYM_RULE, widget=forms.TextInput(attrs=TYPED)
    )
    coi = forms.RegexField(
        COI,
        max_length=40,
        required=False,
        label="Identifier",
        help_text="Left empty, the next one is given, with a check character.",
        error_messages={"invalid": COI_RULE},
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        for_one = [Product.Modality.AUTOLOGOUS, Product.Modality.PATIENT_DIRECTED]
        self.fields["product"].scope(user, modality__in=for_one)

    def clean_pseudonym(self):
        if not is_pseudonym(self.cleaned_data["pseudonym"]):
            raise forms.ValidationError(PSEUDONYM_RULE)
        return self.cleaned_data["pseudonym"]


class ScanForm(VerbForm):
    handover = forms.ChoiceField(choices=Handover.choices)
    scanned = forms.CharField(
        max_length=80,
        label="Scan the label",
        help_text="As the scanner reads it. A mismatch is kept and stops the work.",
        widget=forms.TextInput(attrs={**TYPED, "autofocus": True}),
    )
