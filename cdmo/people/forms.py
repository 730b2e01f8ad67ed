"""What an administrator types. Shapes only: rules are the services'."""

from django import forms

from cdmo.accounts.models import Organisation, Site
from cdmo.accounts.roles import Role
from cdmo.people.states import Decision
from cdmo.web.forms import Instant, VerbForm


class OrganisationField(forms.ModelChoiceField):
    def __init__(self, **options):
        super().__init__(queryset=Organisation.objects.order_by("code"), **options)

    def label_from_instance(self, record):
        return f"{record.code} · {record.name}"


class SiteField(forms.ModelChoiceField):
    def __init__(self, **options):
        super().__init__(queryset=Site.objects.order_by("code"), **options)

    def label_from_instance(self, record):
        return f"{record.code} · {record.name}"


class PersonForm(VerbForm):
    full_name = forms.CharField(
        label="Full name", max_length=200, help_text="As it is printed under every signature."
    )
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="This person's own. It names them in every record: it never changes and is "
        "never given to somebody else.",
    )
    organisation = OrganisationField()


class ServiceForm(PersonForm):
    full_name = forms.CharField(label="Name", max_length=200, help_text="For example LIMS bridge.")
    email = forms.EmailField(
        label="Address", max_length=254, help_text="Of whoever answers for the program."
    )


class ChangeForm(VerbForm):
    full_name = forms.CharField(label="Full name", max_length=200)
    organisation = OrganisationField()


class AppointmentForm(VerbForm):
    role = forms.ChoiceField(choices=Role.choices)
    site = SiteField(
        required=False,
        empty_label="Every site",
        help_text="A Qualified Person is always appointed for one site.",
    )
    valid_from = Instant(label="From", required=False, help_text="In UTC. Left empty: from now on.")
    valid_until = Instant(
        label="Until", required=False, help_text="In UTC. An auditor's appointment needs an end."
    )


class ServiceTokenForm(VerbForm):
    name = forms.CharField(label="What it is for", max_length=100)
    days = forms.IntegerField(
        label="Good for",
        min_value=1,
        max_value=366,
        initial=90,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
    )
    read_only = forms.BooleanField(label="May only read", required=False, initial=True)


class DecisionForm(VerbForm):
    decision = forms.ChoiceField(choices=Decision.choices, widget=forms.RadioSelect)
