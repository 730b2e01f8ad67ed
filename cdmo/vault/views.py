"""Pages of the vault, for its custodian alone: to everybody else they do not exist."""

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponseRedirect
from django.urls import reverse

from batches.identity.models import IdentityChain
from cdmo.accounts.roles import Right
from cdmo.runtime.keys import vault_secret
from cdmo.vault import services
from cdmo.vault.models import SealedIdentity
from cdmo.vault.sealing import Identity
from cdmo.web.forms import Day, VerbForm
from cdmo.web.lists import Column, Tab
from cdmo.web.views import RecordList, VerbView

STORED = Exists(SealedIdentity.objects.filter(coi=OuterRef("coi")))


class IdentityList(RecordList):
    """Which chains have an identity in the vault. Shows no identity."""

    model = IdentityChain
    right_to_see = Right.READ_IDENTITY
    template_name = "vault/list.html"
    title = "Patients' identities"
    lead = (
        "Who stands behind a chain of identity: sealed, and looked up one at a time with a reason."
    )
    select = ("product", "sponsor")
    exports = False
    tabs = (
        Tab("all", "All", Q()),
        Tab("missing", "Not stored yet", Q(is_stored=False), attention=True),
        Tab("stored", "Stored", Q(is_stored=True)),
    )
    search = ("coi", "pseudonym")
    columns = (
        Column("coi", "Chain of identity", kind="record", value=lambda c: c),
        Column("pseudonym", "Pseudonym"),
        Column("product", "Product", "product", kind="record"),
        Column("is_stored", "Stored", kind="flag"),
        Column("act", "", lambda c: c, kind="identity"),
    )
    empty_title = "No chains of identity yet"
    empty_icon = "fingerprint"

    def get_records(self):
        return super().get_records().annotate(is_stored=STORED)


class IdentityForm(VerbForm):
    full_name = forms.CharField(label="Full name", max_length=200)
    birth_date = Day(label="Date of birth", required=False)
    hospital_number = forms.CharField(label="Hospital number", max_length=80, required=False)
    clinic = forms.CharField(label="Clinic", max_length=200, required=False)
    note = forms.CharField(
        label="Note", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class StoreIdentity(VerbView):
    model = IdentityChain
    select = ("product",)
    right_to_see = Right.KEEP_IDENTITY
    form_class = IdentityForm
    verb = "store"
    title = "Store who this patient is"
    meaning = "It is sealed with the vault's own key and stands in no other record or export."
    button = "Store"
    right = Right.KEEP_IDENTITY
    done = "The identity is stored."

    def blockers(self):
        return [
            b
            for b in services.store_objections(self.record, by=self.request.user)
            if b.code != "no_right"
        ]

    def act(self, *, by, at, data, proof):
        given = {name: "" if value is None else str(value) for name, value in data.items()}
        services.store_identity(
            chain=self.record, identity=Identity(**given), secret=vault_secret(), by=by, at=at
        )

    def get_success_url(self, record=None):
        return reverse("vault:identity_list")


class LookUp(VerbView):
    """Shows an identity once, in the answer to this very request."""

    model = IdentityChain
    select = ("product",)
    right_to_see = Right.READ_IDENTITY
    verb = "look-up"
    title = "Look up who this patient is"
    meaning = "Your name, the time and the reason are kept in the audit trail."
    button = "Look up"
    right = Right.READ_IDENTITY
    reason = "required"

    def blockers(self):
        return [
            b
            for b in services.look_up_objections(self.record, by=self.request.user)
            if b.code != "no_right"
        ]

    def act(self, *, by, at, data, proof):
        self.identity = services.look_up(
            chain=self.record, secret=vault_secret(), by=by, at=at, **data
        )

    def leave(self, url):
        if not hasattr(self, "identity"):
            return HttpResponseRedirect(url)
        return self.response_class(
            self.request,
            ["vault/_identity.html" if self.request.htmx else "vault/identity.html"],
            {"record": self.record, "identity": self.identity, "back": url},
            headers={"Cache-Control": "no-store"},
        )

    def get_success_url(self, record=None):
        return reverse("vault:identity_list")
