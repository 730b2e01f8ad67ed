"""What a trainer types. Shapes only: rules are the services'."""

from django import forms

from cdmo.accounts.models import User
from cdmo.training.states import How, Task
from cdmo.web.forms import Instant, VerbForm


class PersonField(forms.ModelChoiceField):
    """One of the CDMO's own people."""

    def __init__(self, **options):
        people = User.objects.filter(
            is_active=True, is_service=False, organisation__roles__contains=["cdmo"]
        )
        super().__init__(queryset=people.order_by("full_name"), **options)

    def label_from_instance(self, person):
        return f"{person.full_name} · {person.email}"


class TrainingForm(VerbForm):
    person = PersonField()
    document = forms.CharField(
        max_length=60, help_text="Its code: a procedure, a method, a master batch record."
    )
    version = forms.CharField(max_length=20)
    how = forms.ChoiceField(label="How", choices=How.choices)
    valid_from = Instant(
        label="Trained at", required=False, help_text="In UTC. Left empty: just now."
    )
    valid_until = Instant(
        label="Good until", required=False, help_text="In UTC. Left empty: until a new version."
    )
    note = forms.CharField(max_length=400, required=False)


class DemandForm(VerbForm):
    task_kind = forms.ChoiceField(label="What demands it", choices=Task.choices)
    task = forms.CharField(
        max_length=60,
        help_text="The role as it stands in addresses (operator, analyst), or the record's code.",
    )
    document = forms.CharField(max_length=60)
    version = forms.CharField(max_length=20)
