"""REST: people, appointments, access reviews. For administrators; others read what they may."""

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cdmo.accounts.models import Appointment, Organisation, Site, User
from cdmo.accounts.roles import Right, Role
from cdmo.api.serializers import Input, InstantField, KeyField, ReasonField, RecordSerializer
from cdmo.api.views import RecordViewSet, verb
from cdmo.people import services
from cdmo.people.models import AccessLine, AccessReview
from cdmo.people.states import Decision


class AccountsViewSet(RecordViewSet):
    """To whoever may not read the audit trail there are no such records: not of others."""

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if not request.user.may(Right.READ_AUDIT):
            raise Http404


class AppointmentSerializer(RecordSerializer):
    person = KeyField(source="user", read_only=True)

    class Meta:
        model = Appointment
        fields = ["id", "person", "role", "site", "valid_from", "valid_until"]


class PersonSerializer(RecordSerializer):
    roles = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "email",
            "full_name",
            "organisation",
            "is_active",
            "is_service",
            "roles",
            "created_at",
            "last_login",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(Role.choices)))
    def get_roles(self, person):
        return [role for role in Role if role in person.roles]


class NewPerson(Input):
    email = serializers.EmailField(max_length=254)
    full_name = serializers.CharField(max_length=200)
    organisation = KeyField(model=Organisation)
    is_service = serializers.BooleanField(default=False)


class ChangedPerson(Input):
    full_name = serializers.CharField(max_length=200, required=False)
    organisation = KeyField(model=Organisation, required=False)
    reason = ReasonField()


class PersonViewSet(AccountsViewSet):
    model = User
    serializer_class = PersonSerializer
    select = ("organisation",)
    filterset_fields = ("is_active", "is_service", "organisation")
    search_fields = ("email", "full_name")
    ordering_fields = ("id", "email", "full_name", "created_at")
    create_input = NewPerson
    update_input = ChangedPerson

    def create_record(self, *, data, by, at):
        return services.create_person(by=by, at=at, **data)

    def update_record(self, record, *, data, by, at):
        return services.change_person(person=record, by=by, at=at, **data)

    @verb()
    def deactivate(self, record, *, data, by, at):
        return services.deactivate_person(person=record, by=by, at=at, **data)

    @verb()
    def reactivate(self, record, *, data, by, at):
        return services.reactivate_person(person=record, by=by, at=at, **data)


class NewAppointment(Input):
    person = KeyField(model=User)
    role = serializers.ChoiceField(Role.choices)
    site = KeyField(model=Site, required=False, allow_null=True, default=None)
    valid_from = InstantField(required=False, allow_null=True, default=None)
    valid_until = InstantField(required=False, allow_null=True, default=None)
    reason = ReasonField()


class AppointmentViewSet(AccountsViewSet):
    model = Appointment
    serializer_class = AppointmentSerializer
    select = ("user", "site")
    filterset_fields = {"user": ["exact"], "role": ["exact"], "site": ["exact"]}
    ordering_fields = ("id", "valid_from")
    create_input = NewAppointment

    def create_record(self, *, data, by, at):
        return services.appoint(user=data.pop("person"), by=by, at=at, **data)

    @verb()
    def end(self, record, *, data, by, at):
        return services.end_appointment(appointment=record, by=by, at=at, **data)


class AccessLineSerializer(RecordSerializer):
    seen = serializers.DictField(read_only=True)

    class Meta:
        model = AccessLine
        fields = ["id", "person", "appointment", "seen", "decision", "reason", "decided_by"]


class AccessReviewSerializer(RecordSerializer):
    lines = AccessLineSerializer(many=True, read_only=True)

    class Meta:
        model = AccessReview
        fields = [
            "number",
            "status",
            "opened_by",
            "opened_at",
            "attested_by",
            "attested_at",
            "lines",
        ]


class NewReview(Input):
    """A review takes nothing: it lists every account as it is now."""


class DecisionInput(Input):
    id = serializers.IntegerField(min_value=1, help_text="The line, as in `lines`.")
    decision = serializers.ChoiceField(Decision.choices)
    reason = ReasonField()


class AccessReviewViewSet(AccountsViewSet):
    model = AccessReview
    serializer_class = AccessReviewSerializer
    select = ("opened_by", "attested_by")
    prefetch = ("lines__person", "lines__decided_by", "lines__appointment")
    filterset_fields = ("status",)
    ordering_fields = ("id", "number", "opened_at")
    create_input = NewReview

    def create_record(self, *, data, by, at):
        return services.open_review(by=by, at=at)

    @verb(input=DecisionInput)
    def decide(self, record, *, data, by, at):
        wanted = data.pop("id")
        line = next((line for line in record.lines.all() if line.pk == wanted), None)
        if line is None:
            raise serializers.ValidationError({"id": f"{record.number} has no line {wanted}."})
        services.decide_access(line=line, by=by, at=at, **data)

    @verb(signed=True)
    def attest(self, record, *, data, by, at, proof):
        return services.attest_review(review=record, by=by, at=at, proof=proof, **data)


def register(router):
    router.register("people", PersonViewSet)
    router.register("appointments", AppointmentViewSet)
    router.register("access-reviews", AccessReviewViewSet)
