"""Pages of methods."""

from django.db.models import Q

from cdmo.accounts.roles import Right
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView
from qc.laboratory import forms, services
from qc.laboratory.models import Method
from qc.laboratory.services.methods import method_approval_blockers
from qc.laboratory.states import MethodStatus, Validation, method_meaning
from qc.specifications.models import SpecificationLine


class MethodList(RecordList):
    model = Method
    title = "Methods"
    lead = "How the laboratory tests. A result is submitted by an approved method only."
    select = ("written_by",)
    tabs = (
        Tab("approved", "Approved", Q(status=MethodStatus.APPROVED)),
        Tab("draft", "Drafts", Q(status=MethodStatus.DRAFT), attention=True),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("validation", "Validation", "validation", "choice", tuple(Validation.choices)),
    )
    search = ("code", "name", "technique")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("name", "Name", order="name"),
        Column("version", "Version", kind="number"),
        Column("technique", "Technique"),
        Column("validation", "Validation", "get_validation_display"),
        Column("status", "Status", kind="status"),
        Column("written_by", "Written by", "written_by", kind="person", hidden=True),
        Column("approved_at", "Approved", kind="instant", order="approved_at"),
    )
    ordering = "code"
    empty_icon = "microscope"
    empty_text = "Methods stand here. An analyst or reviewer writes them, somebody else approves."
    new_label = "Write a method"

    @property
    def new_url(self):
        return page("qc:method_new")

    def may_make(self):
        return self.request.user.may(Right.WRITE_METHOD)


class MethodPage(RecordPage):
    model = Method
    select = ("written_by",)
    template_name = "qc/laboratory/method.html"

    def get_context_data(self, **kwargs):
        record = self.record
        is_draft = record.status == MethodStatus.DRAFT
        lines = SpecificationLine.objects.visible_to(self.request.user)
        return super().get_context_data(
            signatures=signatures_of(record),
            is_draft=is_draft,
            objections=method_approval_blockers(record, by=self.request.user) if is_draft else [],
            lines=lines.filter(method=record.code, specification__isnull=False)
            .select_related("specification__product")
            .order_by("specification__code", "position")[:100],
            **kwargs,
        )


class MethodNew(NewRecord):
    title = "Write a method"
    button = "Save the draft"
    form_class = forms.MethodForm
    right = Right.WRITE_METHOD
    done = "The method is saved as a draft. Somebody else approves it."

    def act(self, *, by, at, data, proof):
        return services.write_method(by=by, at=at, **data)


class MethodApprove(VerbView):
    model = Method
    verb = "approve"
    title = "Approve this method"
    button = "Sign the approval"
    signed = True
    reason = "optional"
    done = "The method is approved."

    @property
    def meaning(self):
        return method_meaning(self.record.code, self.record.version)

    def blockers(self):
        return method_approval_blockers(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.approve_method(method=self.record, by=by, at=at, proof=proof, **data)
