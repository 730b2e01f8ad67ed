"""Pages of master batch records: list, one with its steps, write, change, copy, approve, retire,
and what changed between two versions.
"""

from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.utils import timezone

from batches.manufacture import differences, forms, rules, services
from batches.manufacture.models import MasterBatchRecord
from batches.manufacture.states import MEANINGS, MasterStatus, StepKind
from cdmo.accounts.roles import Right
from cdmo.portfolio.models import ProcessVersion, Product
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView


def products(request):
    found = Product.objects.visible_to(request.user)
    return [(code, code) for code in found.order_by("code").values_list("code", flat=True)]


class MasterList(RecordList):
    model = MasterBatchRecord
    title = "Master batch records"
    lead = "The instructions that batches follow: written by one person, approved by another."
    select = ("product", "process_version", "sponsor", "written_by")
    tabs = (
        Tab("effective", "Effective", Q(status=MasterStatus.EFFECTIVE)),
        Tab("draft", "Drafts", Q(status=MasterStatus.DRAFT), attention=True),
        Tab("retired", "Retired", Q(status=MasterStatus.RETIRED)),
        Tab("all", "All", Q()),
    )
    filters = (Filter("product", "Product", "product__code", kind="choice", choices=products),)
    search = ("code", "title", "product__code", "process_version__code")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("title", "Title"),
        Column("product", "Product", kind="record", order="product__code"),
        Column("process_version", "Process version", kind="record"),
        Column("version", "Version", kind="number", order="version"),
        Column("status", "Status", kind="status"),
        Column("effective_from", "Effective from", kind="date", order="effective_from"),
        Column("written_by", "Written by", kind="person", hidden=True),
        Column("sponsor", "Sponsor", kind="record", hidden=True),
    )
    ordering = "code"
    empty_icon = "list-check"
    empty_text = "Production writes the instructions of a process version; QA approves them."
    new_label = "Write instructions"

    @property
    def new_url(self):
        return page("batches:master_batch_record_new")

    def may_make(self):
        return self.request.user.may(Right.WRITE_MASTER)


class MasterPage(RecordPage):
    model = MasterBatchRecord
    select = ("sponsor", "product", "process_version__site", "written_by")
    template_name = "batches/manufacture/master_batch_record.html"

    def get_context_data(self, **kwargs):
        record, user = self.record, self.request.user
        steps = list(record.steps.order_by("position"))
        for step in steps:
            step.limits = forms.limits_of(step)
        is_draft = record.status == MasterStatus.DRAFT
        is_effective = record.status == MasterStatus.EFFECTIVE
        may_write = user.may(Right.WRITE_MASTER)
        return super().get_context_data(
            steps=steps,
            materials=[step for step in steps if step.kind == StepKind.CONSUMPTION],
            withdrawn=record.withdrawn_steps.order_by("id") if is_draft else (),
            signatures=signatures_of(record),
            is_draft=is_draft,
            may_change=is_draft and may_write,
            may_copy=not is_draft and may_write,
            may_retire=is_effective and user.may(Right.APPROVE_MASTER),
            versions=record.process_version.masters.order_by("-version"),
            former=former_of(record, user),
            batches=record.batches.visible_to(user).select_related("product").order_by("-id")[:20],
            approve_objections=services.approve_objections(record, by=user, at=timezone.now()),
            events=AuditEvent.objects.filter(
                kind="event", record_type=record.record_type, record_id=record.pk
            ).order_by("-id")[:20],
            **kwargs,
        )


def others_of(master, user):
    """Return the versions that it may be compared with: of its product, newest first."""
    found = MasterBatchRecord.objects.visible_to(user).filter(product_id=master.product_id)
    return found.exclude(pk=master.pk).order_by("-pk")


def former_of(master, user):
    """Return the version that it came after: of its process version, else of its product."""
    earlier = others_of(master, user).filter(pk__lt=master.pk)
    return earlier.filter(process_version_id=master.process_version_id).first() or earlier.first()


class MasterCompare(RecordPage):
    """What changed from another version of the product's instructions to this one."""

    model = MasterBatchRecord
    select = ("product", "process_version__site")
    template_name = "batches/manufacture/master_compare.html"

    def get_context_data(self, **kwargs):
        others = others_of(self.record, self.request.user).select_related("process_version")
        wanted = self.request.GET.get("with", "")
        if wanted and "\x00" not in wanted:
            former = others.filter(code=wanted).first()
            if former is None:
                raise Http404
        else:
            former = former_of(self.record, self.request.user)
        facts, steps, same = [], [], 0
        if former is not None:
            old, new = told(former), told(self.record)
            facts = differences.changed_facts(old, new)
            steps = differences.changed_steps(old["steps"], new["steps"])
            differing = sum(one.how != "removed" for one in steps)
            same = len(new["steps"]) - differing
        return super().get_context_data(
            former=former, others=others, facts=facts, steps=steps, same=same, **kwargs
        )


def told(master) -> dict:
    """Return a version as people read it: kinds by their names, yes and no."""
    kinds = dict(StepKind.choices)
    text = {**master.signed_content("approve"), "title": master.title}
    text["steps"] = [
        {
            **step,
            "kind": kinds[step["kind"]],
            "critical": "yes" if step["critical"] else "no",
            "mandatory": "yes" if step["mandatory"] else "no",
        }
        for step in text["steps"]
    ]
    return text


class WithSteps:
    """A verb whose form has the steps of the instructions: always a page of its own."""

    template_name = "batches/manufacture/master_form.html"
    fragment_name = "batches/manufacture/_master_form.html"

    def get(self, request, *args, **kwargs):
        if request.htmx and "page" not in request.GET:
            # Too wide for a dialog. Whoever opens one follows a redirect to the whole page.
            return HttpResponseRedirect(f"{request.path}?page=1")
        return super().get(request, *args, **kwargs)


class MasterNew(WithSteps, NewRecord):
    title = "Write a master batch record"
    button = "Save the draft"
    verb = "write"
    form_class = forms.NewMasterForm
    right = Right.WRITE_MASTER
    done = "The draft is saved. Somebody else approves it."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user, "spare": 3}

    def get_initial(self):
        code = self.request.GET.get("process_version", "")
        if not code or "\x00" in code:
            return {}
        found = ProcessVersion.objects.visible_to(self.request.user)
        return {"process_version": found.filter(code=code).first()}

    def act(self, *, by, at, data, proof):
        return services.write_master(by=by, at=at, **data)


class MasterChange(WithSteps, VerbView):
    model = MasterBatchRecord
    select = ("product", "process_version")
    verb = "change"
    title = "Change the draft"
    button = "Save the change"
    form_class = forms.ChangeMasterForm
    right = Right.WRITE_MASTER
    reason = "required"
    done = "The draft is changed."

    def get_initial(self):
        names = services.HEAD_FIELDS
        head = {name: written(getattr(self.record, name)) for name in names}
        return {**head, "seen": services.text_hash(self.record)}

    def get_form_kwargs(self):
        fields = forms.MasterStepForm.base_fields
        steps = [
            {name: written(getattr(step, name)) for name in fields}
            for step in self.record.steps.order_by("position")
        ]
        return {**super().get_form_kwargs(), "initial_steps": steps}

    def blockers(self):
        return rules.draft_blockers(self.record)

    def act(self, *, by, at, data, proof):
        return services.change_master(master=self.record, by=by, at=at, **data)


def written(value):
    """Return a number as it was entered, without an exponent; anything else as it is."""
    return f"{value:f}" if hasattr(value, "normalize") else value


class MasterCopy(VerbView):
    model = MasterBatchRecord
    select = ("product", "process_version")
    verb = "copy"
    title = "Copy to a new version"
    button = "Copy"
    form_class = forms.CopyMasterForm
    right = Right.WRITE_MASTER
    reason = "optional"
    done = "The copy is a draft: change it, then have it approved."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "master": self.record, "user": self.request.user}

    def get_initial(self):
        return {"process_version": self.record.process_version}

    def blockers(self):
        return rules.copy_blockers(self.record, process_version=self.record.process_version)

    def act(self, *, by, at, data, proof):
        return services.copy_master(master=self.record, by=by, at=at, **data)


class MasterApprove(VerbView):
    model = MasterBatchRecord
    select = ("process_version__site", "product")
    verb = "approve"
    title = "Approve these instructions"
    meaning = MEANINGS["approve"]
    button = "Sign and make effective"
    signed = True
    reason = "optional"
    done = "The instructions are effective."

    def blockers(self):
        return services.approve_objections(self.record, by=self.request.user, at=timezone.now())

    def act(self, *, by, at, data, proof):
        return services.approve_master(master=self.record, by=by, at=at, proof=proof, **data)


class MasterRetire(VerbView):
    model = MasterBatchRecord
    select = ("process_version", "product")
    verb = "retire"
    title = "Retire these instructions"
    meaning = "No batch is issued by them any more. Batches that were issued keep their copy."
    button = "Retire"
    danger = True
    reason = "required"
    done = "The instructions are retired."

    def blockers(self):
        return services.retire_objections(self.record, by=self.request.user)

    def act(self, *, by, at, data, proof):
        return services.retire_master(master=self.record, by=by, at=at, **data)
