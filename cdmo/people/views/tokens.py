"""Tokens: every one there is, those of service accounts made, anybody's ended."""

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from cdmo.accounts.models import ApiToken
from cdmo.accounts.roles import Right
from cdmo.people import forms, rules, services
from cdmo.people.states import MEANINGS
from cdmo.people.views.people import OfPerson
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import RecordList, VerbView

LIVE = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


def state_of(token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    over = token.expires_at is not None and token.expires_at <= timezone.now()
    return "expired" if over else "live"


class TokenList(RecordList):
    """Every API token. Only the SHA-256 of its secret is stored: here stands how it begins."""

    model = ApiToken
    right_to_see = Right.READ_AUDIT
    title = "API tokens"
    lead = "People make their own on My account; an administrator makes those of service accounts."
    select = ("user",)
    tabs = (Tab("live", "In use", LIVE), Tab("ended", "Ended", ~LIVE), Tab("all", "All", Q()))
    filters = (Filter("person", "Account", "user__email"),)
    search = ("name", "user__full_name", "user__email")
    columns = (
        Column("user", "Account", kind="person_link", order="user__full_name"),
        Column("name", "For"),
        Column("hint", "Begins with"),
        Column("read_only", "Reads only", kind="flag"),
        Column("created_at", "Made", kind="instant", order="created_at"),
        Column("expires_at", "Ends", kind="instant"),
        Column("state", "State", state_of, kind="status"),
        Column("revoked_at", "Ended", kind="instant", hidden=True),
    )
    ordering = "-created_at"
    empty_icon = "key"


class ServiceTokenNew(OfPerson):
    """A token for a service account; its secret is shown once."""

    verb = "issue-token"
    title = "New API token"
    button = "Make the token"
    meaning = MEANINGS["issue-token"]
    form_class = forms.ServiceTokenForm
    signed = True
    binding = False

    def blockers(self):
        return rules.service_token_blockers(self.record)

    def act(self, *, by, at, data, proof):
        self.secret, _ = services.issue_service_token(person=self.record, by=by, at=at, **data)

    def leave(self, url):
        return self.response_class(
            self.request,
            ["web/_token.html" if self.request.htmx else "web/token.html"],
            {"secret": self.secret, "back": url},
            headers={"Cache-Control": "no-store"},
        )


class TokenRevoke(VerbView):
    model = ApiToken
    select = ("user",)
    lookup = "pk"
    verb = "revoke"
    title = "End this token"
    meaning = "Whatever uses this token can no longer read or write anything."
    right = Right.MANAGE_ACCOUNTS
    right_to_see = Right.READ_AUDIT
    reason = "required"
    danger = True
    done = "The token has been ended."

    def blockers(self):
        return rules.token_ended_blockers(self.record, reason="asked below")

    def act(self, *, by, at, data, proof):
        services.revoke_token(token=self.record, by=by, at=at, **data)

    def get_success_url(self, record=None):
        return reverse("people:person", args=[self.record.user.key])
