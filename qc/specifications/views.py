"""Pages of specifications: list, one with its lines and signatures, new, change, approve."""

from django.db.models import Q
from django.http import HttpResponseRedirect

from cdmo.accounts.roles import Right
from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView
from qc.specifications import forms, rules, services
from qc.specifications.models import Specification
from qc.specifications.states import (
    APPROVALS_NEEDED,
    SpecificationStatus,
    Stage,
    approval_meaning,
)


def products(request):
    found = Product.objects.visible_to(request.user)
    return [(code, code) for code in found.order_by("code").values_list("code", flat=True)]


class SpecificationList(RecordList):
    model = Specification
    title = "Specifications"
    lead = "What each product is judged against. Two people approve a version."
    select = ("product", "sponsor")
    tabs = (
        Tab("approved", "Approved", Q(status=SpecificationStatus.APPROVED)),
        Tab("draft", "Drafts", Q(status=SpecificationStatus.DRAFT), attention=True),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("product", "Product", "product__code", kind="choice", choices=products),
        Filter("stage", "Stage", "stage", kind="choice", choices=tuple(Stage.choices)),
    )
    search = ("code", "title", "product__code", "product__name")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("product", "Product", "product", kind="record", order="product__code"),
        Column("stage", "Stage", "get_stage_display"),
        Column("version", "Version", kind="number", order="version"),
        Column("status", "Status", kind="status"),
        Column("effective_from", "Effective from", kind="date", order="effective_from"),
        Column("effective_until", "Until", kind="date", order="effective_until"),
        Column("title", "Title", hidden=True),
        Column("sponsor", "Sponsor", "sponsor", kind="record", hidden=True),
    )
    ordering = "code"
    empty_icon = "ruler-measure"
    empty_text = "Specifications stand here. A QC reviewer or quality assurance writes them."
    new_label = "Write a specification"

    @property
    def new_url(self):
        return page("qc:specification_new")

    def may_make(self):
        return self.request.user.may(Right.WRITE_SPECIFICATION)


class SpecificationPage(RecordPage):
    model = Specification
    select = ("product", "sponsor", "written_by")
    template_name = "qc/specifications/specification.html"

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        signatures = list(signatures_of(record))
        standing = [s for s in signatures if s.verb == "approve" and s.voided_at is None]
        is_draft = record.status == SpecificationStatus.DRAFT
        return super().get_context_data(
            lines=record.lines.order_by("position"),
            withdrawn=record.withdrawn_lines.order_by("id"),
            versions=Specification.objects.visible_to(user)
            .filter(product=record.product, stage=record.stage)
            .order_by("-version"),
            signatures=signatures,
            standing=len(standing),
            missing=max(APPROVALS_NEEDED - len(standing), 0) if is_draft else 0,
            is_draft=is_draft,
            may_write=is_draft and user.may(Right.WRITE_SPECIFICATION),
            objections=services.approval_blockers(record, by=user) if is_draft else [],
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            )[:20],
            **kwargs,
        )


class WithLines:
    """A verb whose form has a table of lines: always a page of its own."""

    template_name = "qc/specifications/form.html"
    fragment_name = "qc/specifications/_form.html"

    def get(self, request, *args, **kwargs):
        if request.htmx and "page" not in request.GET:
            # Too wide for a dialog. Whoever opens one follows a redirect to the whole page.
            return HttpResponseRedirect(f"{request.path}?page=1")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(criterion_hint=forms.CRITERION_HINT, **kwargs)


class SpecificationNew(WithLines, NewRecord):
    title = "Write a specification"
    button = "Save the draft"
    form_class = forms.NewSpecificationForm
    right = Right.WRITE_SPECIFICATION
    done = "The draft is saved. Two people approve it, neither of them you."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user, "spare": 8}

    def get_initial(self):
        return {"product": self.product()} if self.request.GET.get("product") else {}

    def product(self):
        code = self.request.GET["product"]
        return Product.objects.visible_to(self.request.user).filter(code=code).first()

    def act(self, *, by, at, data, proof):
        return services.write_specification(by=by, at=at, **data)


class SpecificationChange(WithLines, VerbView):
    model = Specification
    select = ("product",)
    verb = "change"
    title = "Change the draft"
    button = "Save the change"
    form_class = forms.ChangeSpecificationForm
    right = Right.WRITE_SPECIFICATION
    reason = "required"
    done = "The draft is changed. An approval given before no longer stands."

    def get_initial(self):
        names = ("title", "effective_from", "source")
        return {name: getattr(self.record, name) for name in names}

    def get_form_kwargs(self):
        fields = forms.LineForm.base_fields
        lines = [
            {name: getattr(line, name) for name in fields}
            for line in self.record.lines.order_by("position")
        ]
        return {**super().get_form_kwargs(), "initial_lines": lines}

    def blockers(self):
        return rules.draft_blockers(self.record)

    def act(self, *, by, at, data, proof):
        return services.change_specification(specification=self.record, by=by, at=at, **data)


class SpecificationApprove(VerbView):
    model = Specification
    select = ("product",)
    verb = "approve"
    title = "Approve this specification"
    button = "Sign the approval"
    right = None  # among the service's own objections
    signed = True
    reason = "optional"
    done = "Your approval is signed."

    @property
    def meaning(self):
        return approval_meaning(self.record.code, self.record.version)

    def blockers(self):
        return services.approval_blockers(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.approve_specification(
            specification=self.record, by=by, at=at, proof=proof, **data
        )
