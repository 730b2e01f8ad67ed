"""Finding a record, roles, documents, and one's own account."""

from http import HTTPStatus

from django import forms
from django.apps import apps
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views import View
from django.views.generic import TemplateView

from cdmo.accounts.models import ApiToken, Appointment
from cdmo.accounts.roles import RIGHTS, SPONSOR_ROLES, Right, Role
from cdmo.records.models import Document
from cdmo.records.services import DamagedDocument, read_document, record_download
from cdmo.web import services
from cdmo.web.errors import error_page
from cdmo.web.forms import VerbForm
from cdmo.web.links import url_of
from cdmo.web.views import NewRecord, RecordMixin, StaffRequired, VerbView, visible

FOUND_AT_MOST = 8


class Find(StaffRequired, TemplateView):
    """Jump to the record with this number; several or none: show what is near."""

    template_name = "web/find.html"

    def get(self, request, *args, **kwargs):
        self.words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
        self.found = self.find() if self.words else []
        exact = [r for r in self.found if r.key.casefold() == self.words.casefold()]
        if len(exact) == 1:
            return HttpResponseRedirect(url_of(exact[0]))
        return super().get(request, *args, **kwargs)

    def find(self) -> list:
        """Return records whose key contains the words: one short query a kind of record."""
        found = []
        for model in apps.get_models():
            key_field = getattr(model, "key_field", "id")
            if key_field == "id" or not url_of(model(**{key_field: "x"})):
                continue
            records = visible(model, self.request.user).filter(
                **{f"{key_field}__icontains": self.words}
            )
            found += records.order_by(key_field)[:FOUND_AT_MOST]
        return found

    def get_context_data(self, **kwargs):
        groups = {}
        for record in self.found:
            groups.setdefault(record._meta.verbose_name.capitalize(), []).append(record)
        return super().get_context_data(words=self.words, groups=groups, **kwargs)


class Roles(StaffRequired, TemplateView):
    """The role × right matrix, from the code that decides."""

    template_name = "web/roles.html"

    def get_context_data(self, **kwargs):
        roles = [role for role in Role if role not in SPONSOR_ROLES]
        rows = [
            {"right": right, "held": [right in RIGHTS[role] for role in roles]} for right in Right
        ]
        return super().get_context_data(
            roles=roles, rows=rows, holders=self.holders(roles), mine=self.request.user.roles
        )

    def holders(self, roles) -> list[dict]:
        """Return who holds each role today: one query."""
        held = {role: [] for role in roles}
        current = Appointment.objects.current().filter(user__is_active=True, role__in=roles)
        for one in current.select_related("user", "site").order_by("user__full_name", "site__code"):
            held[Role(one.role)].append(one)
        return [{"role": role, "appointments": found} for role, found in held.items()]


def download(request, document) -> HttpResponse:
    """Return a document's bytes, proven against its hash, as a file that nothing opens in place."""
    try:
        data = read_document(document)
    except DamagedDocument:
        return error_page(request, 409)
    response = HttpResponse(data, content_type="application/octet-stream")
    if document.media_type == "application/pdf":
        response["Content-Type"] = "application/pdf"
    response["Content-Disposition"] = content_disposition_header(True, document.filename)
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Content-SHA256"] = document.sha256
    response["Cache-Control"] = "private, no-store"
    return response


class DocumentDownload(StaffRequired, RecordMixin, View):
    """The bytes as they came. Never shown in place: an uploaded file may be a web page."""

    model = Document
    lookup = "number"

    def get(self, request, *args, **kwargs):
        response = download(request, self.record)
        if response.status_code == HTTPStatus.OK:
            record_download(document=self.record, by=request.user, at=timezone.now())
        return response


class Profile(StaffRequired, TemplateView):
    """One's own name, roles and API tokens."""

    template_name = "web/profile.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            tokens=user.api_tokens.order_by("-id"),
            appointments=user.appointments.current().select_related("site").order_by("role"),
            now=timezone.now(),
            **kwargs,
        )


class TokenForm(VerbForm):
    name = forms.CharField(label="What it is for", max_length=100)
    days = forms.IntegerField(
        label="Good for",
        min_value=1,
        max_value=366,
        initial=90,
        widget=forms.NumberInput(attrs={"data-unit": "days"}),
    )
    read_only = forms.BooleanField(label="May only read", required=False, initial=True)


class NewToken(NewRecord):
    """A new token, its secret shown once."""

    form_class = TokenForm
    verb = "issue"
    title = "New API token"
    button = "Make the token"
    signed = True
    binding = False

    def act(self, *, by, at, data, proof):
        self.secret, token = services.make_own_token(by=by, at=at, **data)
        return token

    def leave(self, url):
        return self.response_class(
            self.request,
            ["web/_token.html" if self.request.htmx else "web/token.html"],
            {"secret": self.secret, "back": reverse("web:profile")},
            headers={"Cache-Control": "no-store"},
        )


class RevokeToken(VerbView):
    """End one of one's own tokens."""

    model = ApiToken
    verb = "revoke"
    title = "End this token"
    meaning = "Whatever uses this token can no longer read or write anything."
    danger = True
    done = "The token has been ended."

    def get_records(self):
        return self.request.user.api_tokens.all()

    def load(self):
        if not self.kwargs["key"].isdigit():
            raise Http404
        return super().load()

    def blockers(self):
        return services.token_blockers(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        services.revoke_own_token(token=self.record, by=by, at=at)

    def get_success_url(self, record=None):
        return reverse("web:profile")
