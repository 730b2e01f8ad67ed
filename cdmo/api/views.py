"""The one base of every REST resource: visible records only, by key, with ETag and verbs.

A room's viewset names its model, serializers and verbs; finding the record among those the person
may see, If-Match, re-authentication and refusals happen here, once.
"""

import hashlib
import json
from functools import cache, cached_property, wraps

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import MethodNotAllowed, NotFound
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from cdmo.access.signing import reauthenticate
from cdmo.api.problems import Problem
from cdmo.api.serializers import Nothing, SignatureInput
from cdmo.records.signatures import Proof


def etag_of(data) -> str:
    """Return a strong ETag of a representation."""
    body = json.dumps(data, default=JSONEncoder().default, sort_keys=True).encode()
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


class RecordViewSet(viewsets.GenericViewSet):
    """List and retrieve; POST where `create_input` is set, PATCH where `update_input` is."""

    model = None
    select: tuple[str, ...] = ()
    prefetch: tuple = ()
    create_input = None
    update_input = None
    staff_only = False
    lookup_url_kwarg = "key"
    lookup_value_regex = "[^/]+"
    filterset_fields: dict | list = []
    search_fields: tuple[str, ...] = ()
    ordering_fields: tuple[str, ...] = ("id",)
    # Not shown to sponsors, and therefore not to be asked for either.
    staff_only_filters: tuple[str, ...] = ()
    staff_only_search: tuple[str, ...] = ()
    staff_only_ordering: tuple[str, ...] = ()

    def get_queryset(self):
        queryset = self.model._default_manager.all()
        user = self.request.user
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        if hasattr(queryset, "visible_to"):
            queryset = queryset.visible_to(user)
        elif not user.roles or (user.is_sponsor_side and not self.shown_to_sponsors(user)):
            return queryset.none()
        return queryset.select_related(*self.select).prefetch_related(*self.prefetch)

    def shown_to_sponsors(self, user) -> bool:
        """Whether a model without `visible_to` may be read by sponsors (RLS holds)."""
        return False

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if self.staff_only and request.user.is_sponsor_side:
            raise Http404

    @cached_property
    def at(self):
        """The instant of this request: read once, passed on."""
        return timezone.now()

    def get_record(self):
        """Return the record of the address among those this person may see, or answer 404."""
        key = self.kwargs[self.lookup_url_kwarg]
        try:
            return self.get_queryset().get(**{self.model.key_field: key})
        except (self.model.DoesNotExist, ValueError, OverflowError):
            raise NotFound("There is no such record, or you may not see it.") from None

    get_object = get_record

    def represent(self, record) -> dict:
        return self.get_serializer(record).data

    def respond(self, record, status=200, headers=None) -> Response:
        data = self.represent(record)
        return Response(data, status=status, headers={"ETag": etag_of(data), **(headers or {})})

    def fresh(self, record):
        """Return the record as it is now, with everything its representation needs."""
        return self.get_queryset().get(pk=record.pk)

    def check_if_match(self, record) -> None:
        wanted = self.request.headers.get("If-Match")
        if not wanted or wanted.strip() == "*":
            return
        if etag_of(self.represent(record)) not in {tag.strip() for tag in wanted.split(",")}:
            raise Problem(412, "The record has changed since you read it. Read it again.")

    def read(self, input_class, data=None):
        """Return the validated body of this request."""
        body = self.request.data if data is None else data
        form = input_class(data=body, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def list(self, request, *args, **kwargs):
        queryset = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(queryset)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request, *args, **kwargs):
        response = self.respond(self.get_record())
        if request.headers.get("If-None-Match") == response["ETag"]:
            return Response(status=304, headers={"ETag": response["ETag"]})
        return response

    def create(self, request, *args, **kwargs):
        if self.create_input is None:
            raise MethodNotAllowed("POST")
        data = self.read(self.create_input)
        made = self.create_record(data=data, by=request.user, at=self.at)
        return self.respond(self.fresh(made), status=201, headers=self.location(made))

    def location(self, record) -> dict:
        return {"Location": self.reverse_action("detail", args=[record.key])}

    def partial_update(self, request, *args, **kwargs):
        if self.update_input is None:
            raise MethodNotAllowed("PATCH")
        record = self.get_record()
        data = self.read(self.update_input)
        with transaction.atomic():
            self.lock(record)
            self.check_if_match(self.get_record())
            changed = self.update_record(record, data=data, by=request.user, at=self.at)
        return self.respond(self.fresh(changed or record))

    def lock(self, record) -> None:
        """Hold the record's row, so that If-Match is judged on what the service will find."""
        if self.request.headers.get("If-Match"):
            self.model._default_manager.select_for_update(of=("self",)).get(pk=record.pk)

    def proof(self, record, verb_name: str, given: dict | None, *, required: bool) -> Proof | None:
        if given is None:
            if required:
                raise serializers.ValidationError(
                    {"signature": "This must be signed: give your password."}, code="required"
                )
            return None
        return reauthenticate(
            by=self.request.user,
            password=given["password"],
            otp=given.get("otp"),
            record=record,
            verb=verb_name,
            at=self.at,
        )

    def further_proofs(self, record, verb_name: str, data: dict) -> dict:
        """Re-authenticate whoever else signs this verb, out of `data`; more arguments for it.

        Before the change's transaction, so that a failure stays on record.
        """
        return {}

    def body_of_verb(self):
        """Return what was sent to a verb; a resource may read another shape into an object."""
        return self.request.data

    def run_verb(self, verb_name, input_class, signed, change, status=200, record=None):
        """Do one verb: body, record, signature, If-Match, the change, the answer."""
        record = self.get_record() if record is None else record
        body = self.body_of_verb()
        if body in (None, ""):
            body = {}
        if not isinstance(body, dict):
            raise serializers.ValidationError({"": "Send a JSON object."})
        body = dict(body)
        given = body.pop("signature", None)
        if given is not None:
            given = self.read(SignatureInput, given if isinstance(given, dict) else {"": given})
        data = self.read(input_class, body)
        arguments = {"data": data, "by": self.request.user, "at": self.at}
        if signed is not False:
            arguments["proof"] = self.proof(record, verb_name, given, required=bool(signed))
        elif given is not None:
            self.proof(record, verb_name, given, required=False)
        arguments.update(self.further_proofs(record, verb_name, data))
        with transaction.atomic():
            self.lock(record)
            if self.request.headers.get("If-Match"):
                self.check_if_match(self.fresh(record))
            answer = change(record, **arguments)
        if isinstance(answer, Response):
            return answer
        if answer is None or isinstance(answer, self.model):
            return self.respond(self.fresh(answer or record), status=status)
        return Response(answer, status=status)


def verb(*, input=Nothing, signed=False, status=200, path=None, output=None):  # noqa: A002
    """Make `def name(self, record, *, data, by, at[, proof])` the address POST /{key}/name/.

    `signed`: True needs a signature, None takes one when given, False takes none to the service (a
    given one is still proven). The method returns the record, or data of its own.
    """

    def decorate(method):
        verb_name = path or method.__name__.replace("_", "-")
        request_schema = with_signature(input, signed, verb_name)

        @extend_schema(request=request_schema, **({"responses": output} if output else {}))
        @action(detail=True, methods=["post"], url_path=verb_name, url_name=verb_name)
        @wraps(method)
        def view(self, request, *args, **kwargs):
            def change(record, **arguments):
                return method(self, record, **arguments)

            return self.run_verb(verb_name, input, signed, change, status)

        return view

    return decorate


def with_signature(input_class, signed, verb_name):
    """Return the input class with its signature field, for the OpenAPI document only."""
    return input_class if signed is False else _signed(input_class, bool(signed))


@cache
def _signed(input_class, required: bool):
    """Make it once for each input: two classes of one name would be two schemas of one name."""
    name = f"{input_class.__name__}{'Signed' if required else 'Maybe'}"
    return type(name, (input_class,), {"signature": SignatureInput(required=required)})
