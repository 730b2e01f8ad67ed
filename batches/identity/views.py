"""Pages of chains of identity, and the tab “Identity & custody” of a batch."""

from django.contrib import messages

from batches.identity import forms, rules, services
from batches.identity.models import IdentityChain, IdentityScan
from batches.identity.states import Handover
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.web.links import page
from cdmo.web.lists import Column
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView

Batch = IdentityScan._meta.get_field("batch").related_model


class ChainList(RecordList):
    model = IdentityChain
    title = "Chains of identity"
    lead = "One patient's pseudonym through every container. No patient data stands here."
    select = ("product", "sponsor")
    search = ("coi", "pseudonym", "product__code")
    columns = (
        Column("coi", "Identifier", kind="key", order="coi"),
        Column("product", "Product", "product", kind="record", order="product__code"),
        Column("pseudonym", "Patient's pseudonym"),
        Column("sponsor", "Sponsor", "sponsor", kind="record"),
        Column("created_at", "Made", kind="instant", order="created_at"),
    )
    ordering = "-created_at"
    empty_icon = "fingerprint"
    empty_text = "A planner makes a chain of identity before a patient's first collection."
    new_label = "Make a chain"

    @property
    def new_url(self):
        return page("batches:identity_chain_new")

    def may_make(self):
        return self.request.user.may(Right.PLAN_BATCH)


class ChainPage(RecordPage):
    model = IdentityChain
    select = ("product", "sponsor")
    template_name = "batches/identity/chain.html"

    def get_context_data(self, **kwargs):
        chain, user = self.record, self.request.user
        scans = IdentityScan.objects.visible_to(user).filter(chain=chain)
        events = AuditEvent.objects.filter(record_type=chain.record_type, record_id=chain.pk)
        return super().get_context_data(
            batches=Batch.objects.visible_to(user).filter(coi=chain).select_related("site"),
            scans=scans.select_related("batch__site", "by").order_by("at", "id"),
            events=events.filter(kind="event").order_by("-id")[:20],
            **kwargs,
        )


class ChainNew(NewRecord):
    title = "Make a chain of identity"
    button = "Make it"
    form_class = forms.NewChainForm
    right = Right.PLAN_BATCH
    done = "The chain of identity is made. Its identifier goes on every container."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def act(self, *, by, at, data, proof):
        return services.create_chain(by=by, at=at, **data)


class BatchIdentity(RecordPage):
    """The tab “Identity & custody” of a batch: each handover with what was scanned there."""

    model = Batch
    select = ("product", "sponsor", "site", "coi", "process_version", "master")
    template_name = "batches/identity/batch_identity.html"

    def get_context_data(self, **kwargs):
        batch, user = self.record, self.request.user
        found = IdentityScan.objects.visible_to(user).filter(batch=batch)
        scans = list(found.select_related("by").order_by("at", "id"))
        return super().get_context_data(
            handovers=[
                {"label": place.label, "scans": [s for s in scans if s.handover == place]}
                for place in Handover
            ],
            mismatches=[scan for scan in scans if not scan.matched],
            may_scan=user.may(Right.SCAN_IDENTITY) and not list(rules.scan_blockers(batch)),
            **kwargs,
        )


class BatchScan(VerbView):
    model = Batch
    select = ("coi", "site")
    verb = "record-scan"
    title = "Scan the identity"
    button = "Record the scan"
    form_class = forms.ScanForm
    right = Right.SCAN_IDENTITY

    def blockers(self):
        return rules.scan_blockers(self.record)

    def get_success_url(self, record=None):
        return page("batches:batch_identity", key=self.record.key)

    def act(self, *, by, at, data, proof):
        scan = services.record_scan(batch=self.record, by=by, at=at, **data)
        if scan.matched:
            messages.success(self.request, "The scan matches.")
        else:
            messages.error(
                self.request,
                f"MISMATCH: “{scan.scanned}” is not this batch's identifier. Stop, put the batch "
                "on hold and raise a critical deviation. The scan was kept.",
            )
        return self.record
