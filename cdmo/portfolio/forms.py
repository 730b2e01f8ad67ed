"""What a person types into the portfolio. Shapes only: rules are the services'."""

from django import forms

from cdmo.accounts.models import Organisation, Site
from cdmo.portfolio.models import Process, Product
from cdmo.portfolio.states import AgreementKind, ScopeStatus, Work
from cdmo.web.forms import Day, VerbForm


class CodeField(forms.RegexField):
    """A human key, as it will stand in addresses and on labels."""

    def __init__(self, **options):
        options.setdefault("max_length", 40)
        options.setdefault("help_text", "Letters, digits, points and dashes. Never changed later.")
        super().__init__(
            r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
            error_messages={"invalid": "Use letters, digits, points and dashes only."},
            **options,
        )


class Chosen(forms.ModelChoiceField):
    """One record among those this person may see; filled by the form, never all rows."""

    def __init__(self, model, **options):
        self.model = model
        super().__init__(queryset=model.objects.none(), **options)

    def scope(self, user, **where):
        found = self.model.objects.all()
        if hasattr(found, "visible_to"):
            found = found.visible_to(user)
        elif user.is_sponsor_side:
            found = found.none()
        self.queryset = found.filter(**where)

    def label_from_instance(self, record):
        name = getattr(record, "name", "")
        return f"{record.key} · {name}" if name and name != record.key else record.key


class ScopedForm(VerbForm):
    """A form that offers only records its person may see."""

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, Chosen):
                field.scope(user)
        if "sponsor" in self.fields:
            self.fields["sponsor"].scope(user, roles__contains=[Organisation.Kind.SPONSOR])


class AgreementForm(ScopedForm):
    number = CodeField(required=False, help_text="Left empty, the next number is given.")
    title = forms.CharField(max_length=200)
    sponsor = Chosen(Organisation)
    kind = forms.ChoiceField(choices=AgreementKind.choices)
    valid_from = Day()
    valid_until = Day(required=False)
    source = forms.CharField(max_length=400, required=False)

    def clean(self):
        data = super().clean()
        start, end = data.get("valid_from"), data.get("valid_until")
        if start and end and end < start:
            self.add_error("valid_until", "It would end before it starts.")
        return data


class ScopeItemForm(ScopedForm):
    item = forms.CharField(max_length=200, label="What is covered")
    work = forms.ChoiceField(choices=Work.choices)
    product = Chosen(Product, required=False, empty_label="All of the sponsor's products")
    status = forms.ChoiceField(
        choices=[(s.value, s.label) for s in (ScopeStatus.IN_SCOPE, ScopeStatus.OPTION)]
    )


class ProductForm(ScopedForm):
    code = CodeField()
    name = forms.CharField(max_length=200)
    sponsor = Chosen(Organisation)
    modality = forms.ChoiceField(choices=Product.Modality.choices)
    gene_modified = forms.BooleanField(required=False, label="Gene-modified")
    route = forms.CharField(max_length=40, required=False, help_text="For example intrathecal.")
    description = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    shelf_life_minutes = forms.IntegerField(
        required=False, min_value=1, max_value=2_000_000_000, label="Shelf life in minutes"
    )
    allows_conditional_release = forms.BooleanField(required=False)
    claim_status = forms.ChoiceField(choices=Product.ClaimStatus.choices)
    claim_text = forms.CharField(
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="A statement about clinical outcome needs whose it is, its source and date.",
    )
    claim_source = forms.CharField(max_length=200, required=False)
    claim_date = Day(required=False)
    source = forms.CharField(max_length=400, required=False)


class ProcessForm(ScopedForm):
    code = CodeField()
    name = forms.CharField(max_length=200)


class ProcessVersionForm(ScopedForm):
    process = Chosen(Process)
    site = Chosen(Site)
    description = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
