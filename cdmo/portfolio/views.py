"""Pages of the portfolio: agreements with their scope, products with all that hangs on them."""

from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from cdmo.accounts.models import Organisation
from cdmo.accounts.roles import Right
from cdmo.portfolio import forms, rules, services
from cdmo.portfolio.models import Agreement, Process, ProcessVersion, Product, ScopeItem
from cdmo.portfolio.states import (
    APPROVALS,
    DECLINE,
    EXERCISE,
    MEANINGS,
    SIGN,
    TERMINATE,
    AgreementKind,
    AgreementStatus,
    approval_meaning,
    option_meaning,
)
from cdmo.records.signatures import signatures_of
from cdmo.states import move_blockers
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView


def sponsors(request):
    found = Organisation.objects.filter(roles__contains=[Organisation.Kind.SPONSOR])
    return [(code, code) for code in found.values_list("code", flat=True)]


class Scoped:
    """Give the form its person, so that it offers only what that person may see."""

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}


# agreements


class AgreementList(RecordList):
    model = Agreement
    title = "Agreements"
    lead = "What authorises which work. A memorandum allows talks, never manufacture."
    select = ("sponsor",)
    tabs = (
        Tab("in_force", "In force", Q(status=AgreementStatus.IN_FORCE)),
        Tab("draft", "Drafts", Q(status=AgreementStatus.DRAFT), attention=True),
        Tab("terminated", "Terminated", Q(status=AgreementStatus.TERMINATED)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("sponsor", "Sponsor", "sponsor__code", kind="choice", choices=sponsors),
        Filter("kind", "Kind", "kind", kind="choice", choices=tuple(AgreementKind.choices)),
    )
    search = ("number", "title", "sponsor__name")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("title", "Title"),
        Column("sponsor", "Sponsor", "sponsor", kind="record", order="sponsor__code"),
        Column("kind", "Kind", "get_kind_display"),
        Column("status", "Status", kind="status"),
        Column("valid_from", "From", kind="date", order="valid_from"),
        Column("valid_until", "Until", kind="date", order="valid_until"),
    )
    ordering = "number"
    empty_icon = "file-text"
    empty_text = "Agreements with sponsors stand here; a project manager writes them."
    new_label = "Write an agreement"

    @property
    def new_url(self):
        return page("portfolio:agreement_new")

    def may_make(self):
        return self.request.user.may(Right.WRITE_AGREEMENT)


class AgreementPage(RecordPage):
    model = Agreement
    select = ("sponsor",)
    template_name = "portfolio/agreement.html"

    def get_context_data(self, **kwargs):
        today = timezone.now().date()
        record = self.record
        return super().get_context_data(
            scope=record.scope.select_related("product"),
            signatures=signatures_of(record),
            over=record.valid_until is not None and record.valid_until < today,
            early=record.valid_from > today,
            authorises_nothing=record.kind in {AgreementKind.MOU, AgreementKind.CDA},
            is_draft=record.status == AgreementStatus.DRAFT,
            may_write=self.request.user.may(Right.WRITE_AGREEMENT),
            may_sign=self.request.user.may(Right.SIGN_AGREEMENT),
            **kwargs,
        )


class AgreementNew(Scoped, NewRecord):
    title = "Write an agreement"
    button = "Save the draft"
    form_class = forms.AgreementForm
    right = Right.WRITE_AGREEMENT

    def act(self, *, by, at, data, proof):
        return services.write_agreement(by=by, at=at, **data)


class AgreementScope(Scoped, VerbView):
    model = Agreement
    verb = "add-scope"
    title = "Add to the scope"
    form_class = forms.ScopeItemForm
    right = Right.WRITE_AGREEMENT

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        form.fields["product"].scope(self.request.user, sponsor_id=self.record.sponsor_id)
        return form

    def blockers(self):
        return rules.draft_blockers(self.record)

    def act(self, *, by, at, data, proof):
        services.add_scope_item(agreement=self.record, by=by, at=at, **data)


class AgreementSign(VerbView):
    model = Agreement
    select = ("sponsor",)
    verb = "sign"
    title = "Sign this agreement"
    meaning = MEANINGS["sign"]
    right = Right.SIGN_AGREEMENT
    signed = True
    done = "The agreement is signed."

    def blockers(self):
        yield from move_blockers(self.record, [SIGN])
        yield from rules.over_blockers(self.record, on=timezone.now().date())

    def act(self, *, by, at, data, proof):
        return services.sign_agreement(agreement=self.record, by=by, at=at, proof=proof, **data)


class AgreementTerminate(AgreementSign):
    verb = "terminate"
    title = "Terminate this agreement"
    meaning = MEANINGS["terminate"]
    danger = True
    reason = "required"
    done = "The agreement is terminated."

    def blockers(self):
        return move_blockers(self.record, [TERMINATE])

    def act(self, *, by, at, data, proof):
        return services.terminate_agreement(
            agreement=self.record, by=by, at=at, proof=proof, **data
        )


class OptionExercise(VerbView):
    model = Agreement
    verb = "option-exercise"
    title = "Exercise this option"
    right = Right.SIGN_AGREEMENT
    signed = True
    reason = "required"
    move = EXERCISE

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.item = self.record.scope.filter(pk=self.kwargs["item"]).first()
        if self.item is None:
            raise Http404

    @property
    def meaning(self):
        return option_meaning(self.move, self.item.item)

    def signed_content(self):
        return self.record.signed_content(f"{self.verb}-{self.item.pk}")

    def blockers(self):
        return rules.option_blockers(self.item, self.record, self.move)

    def act(self, *, by, at, data, proof):
        services.exercise_option(scope_item=self.item, by=by, at=at, proof=proof, **data)


class OptionDecline(OptionExercise):
    verb = "option-decline"
    title = "Decline this option"
    move = DECLINE

    def act(self, *, by, at, data, proof):
        services.decline_option(scope_item=self.item, by=by, at=at, proof=proof, **data)


# products


class ProductList(RecordList):
    model = Product
    title = "Products"
    lead = "What is made here, for whom. Pages never state efficacy as a fact."
    select = ("sponsor",)
    tabs = (
        Tab("all", "All", Q()),
        Tab("allogeneic", "Allogeneic", Q(modality=Product.Modality.ALLOGENEIC)),
        Tab("patient", "For one patient", Q(modality__in=["autologous", "patient_directed"])),
        Tab("component", "Components", Q(modality=Product.Modality.COMPONENT)),
    )
    filters = (Filter("sponsor", "Sponsor", "sponsor__code", kind="choice", choices=sponsors),)
    search = ("code", "name", "family")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("name", "Name", order="name"),
        Column("sponsor", "Sponsor", "sponsor", kind="record", order="sponsor__code"),
        Column("modality", "Modality", "get_modality_display"),
        Column("gene_modified", "Gene-modified", kind="flag"),
        Column("route", "Route"),
        Column("family", "Family", hidden=True),
    )
    ordering = "code"
    empty_icon = "box"
    empty_text = "Products of sponsors stand here; a project manager or QA records them."
    new_label = "Record a product"

    @property
    def new_url(self):
        return page("portfolio:product_new")

    def may_make(self):
        return self.request.user.may(Right.WRITE_PRODUCT)


class ProductPage(RecordPage):
    model = Product
    select = ("sponsor",)
    template_name = "portfolio/product.html"

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        grants = ScopeItem.objects.visible_to(user).filter(sponsor_id=record.sponsor_id)
        return super().get_context_data(
            batches=record.batches.select_related("site").order_by("-id")[:20],
            batch_count=record.batches.count(),
            specifications=record.specifications.order_by("-version"),
            masters=record.masters.order_by("-version"),
            transfers=record.transfers.order_by("code"),
            versions=record.process_versions.select_related("process", "site"),
            processes=record.processes.all(),
            scope=grants.filter(Q(product=record) | Q(product__isnull=True)).select_related(
                "agreement"
            ),
            shelf_life=in_words(record.shelf_life_minutes),
            may_write=user.may(Right.WRITE_MASTER),
            **kwargs,
        )


def in_words(minutes: int | None) -> str:
    """Return a shelf life in the largest unit that says it exactly."""
    if minutes is None:
        return ""
    for size, word in ((1440, "days"), (60, "hours")):
        if minutes % size == 0:
            return f"{minutes // size} {word}"
    return f"{minutes} minutes"


class ProductNew(Scoped, NewRecord):
    title = "Record a product"
    button = "Record"
    form_class = forms.ProductForm
    right = Right.WRITE_PRODUCT

    def act(self, *, by, at, data, proof):
        return services.create_product(by=by, at=at, **data)


class ProcessNew(Scoped, VerbView):
    model = Product
    verb = "add-process"
    title = "Record a process"
    form_class = forms.ProcessForm
    right = Right.WRITE_MASTER

    def act(self, *, by, at, data, proof):
        services.create_process(product=self.record, by=by, at=at, **data)


class ProcessVersionNew(Scoped, VerbView):
    model = Product
    verb = "add-version"
    title = "Write a process version"
    form_class = forms.ProcessVersionForm
    right = Right.WRITE_MASTER

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        form.fields["process"].scope(self.request.user, product=self.record)
        return form

    def act(self, *, by, at, data, proof):
        services.write_process_version(by=by, at=at, **data)


class ProcessPage(RecordPage):
    model = Process
    select = ("product", "sponsor")
    template_name = "portfolio/process.html"

    def get_context_data(self, **kwargs):
        versions = self.record.versions.select_related("site").order_by("site__code", "-version")
        return super().get_context_data(versions=versions, **kwargs)


class ProcessVersionPage(RecordPage):
    model = ProcessVersion
    select = ("process", "product", "sponsor", "site", "written_by")
    template_name = "portfolio/process_version.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            signatures=signatures_of(self.record),
            masters=self.record.masters.order_by("-version"),
            objections=list(rules.approve_version_blockers(self.record, by=self.request.user)),
            may_approve=self.request.user.may(Right.APPROVE_MASTER),
            **kwargs,
        )


class ProcessVersionApprove(VerbView):
    model = ProcessVersion
    select = ("process", "product", "site")
    verb = "approve"
    title = "Approve this process version"
    right = Right.APPROVE_MASTER
    signed = True

    @property
    def meaning(self):
        moves = (move for move in APPROVALS if move.source == self.record.status)
        return next((approval_meaning(move.target) for move in moves), "")

    def blockers(self):
        return rules.approve_version_blockers(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.approve_process_version(
            process_version=self.record, by=by, at=at, proof=proof, **data
        )


class OrganisationPage(RecordPage):
    model = Organisation
    template_name = "portfolio/organisation.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            kinds=[Organisation.Kind(role).label for role in self.record.roles],
            sites=self.record.sites.all(),
            products=Product.objects.visible_to(user).filter(sponsor=self.record),
            agreements=Agreement.objects.visible_to(user).filter(sponsor=self.record),
            **kwargs,
        )
