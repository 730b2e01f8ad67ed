"""A site with a few doors of its own, to prove the base of all pages apart from any room."""

from django import forms
from django.db.models import Q
from django.urls import include, path

from cdmo.accounts.models import User
from cdmo.accounts.roles import Right
from cdmo.blockers import Blocked, Blocker, Ref
from cdmo.portfolio.models import Product
from cdmo.web.forms import VerbForm
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView

STANDS = (
    Blocker("first", "The first thing stands in the way.", Ref("batch", "B-1"), "QC analyst"),
    Blocker("second", "The second thing does too.", Ref("nothing", "N-2")),
)


class CloseForm(VerbForm):
    conclusion = forms.CharField()


class Close(VerbView):
    """Signed, refused when the conclusion says so."""

    model = Product
    form_class = CloseForm
    verb = "close"
    title = "Close it"
    meaning = "I have read all of it."
    signed = True
    reason = "required"
    acted: list = []

    def signed_content(self):
        return {"code": self.record.code}

    def act(self, *, by, at, data, proof):
        if data["conclusion"] == "refuse":
            Product.objects.filter(pk=self.record.pk).update(name="Renamed meanwhile")
            raise Blocked(STANDS)
        self.acted.append((self.record.code, by.email, proof.user_id, data))
        return self.record


class Stopped(Close):
    """What would refuse it is known beforehand."""

    right = Right.CERTIFY

    def blockers(self):
        return STANDS


class New(NewRecord):
    form_class = CloseForm
    title = "New"
    signed = True

    def act(self, *, by, at, data, proof):
        return None


class Products(RecordList):
    model = Product
    title = "All the products"
    tabs = (
        Tab("cells", "Cells", ~Q(modality="component")),
        Tab("components", "Components", Q(modality="component")),
    )
    filters = (
        Filter("modality", "Modality", "modality", kind="choice", choices=(("allogeneic", "A"),)),
        Filter("id", "Number", "id", kind="number"),
        Filter("since", "From", "claim_date", kind="since"),
    )
    search = ("code", "name")
    select = ("sponsor",)
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("sponsor", "Sponsor", "sponsor", kind="record"),
        Column("name", "Name", hidden=True),
    )


class One(RecordPage):
    model = Product
    template_name = "base.html"


class People(RecordPage):
    """A model without `visible_to`: the staff's alone."""

    model = User
    template_name = "base.html"


urlpatterns = [
    path("small/products/", Products.as_view()),
    path("small/products/<str:key>/", One.as_view()),
    path("small/people/<str:key>/", People.as_view()),
    path("small/<str:key>/close/", Close.as_view()),
    path("small/<str:key>/stopped/", Stopped.as_view()),
    path("small/new/", New.as_view()),
    path("", include("cdmo.urls")),
]
