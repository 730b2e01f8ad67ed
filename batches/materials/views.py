"""Pages of materials and lots, and the tab “Materials & genealogy” of a batch."""

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from batches.materials import forms, rules, services
from batches.materials.genealogy import genealogy
from batches.materials.models import Consumption, Lot, Material
from batches.materials.services.lots import (
    RECALLED_MEANING,
    REJECTED_MEANING,
    RELEASED_MEANING,
)
from batches.materials.states import RECALLS, REJECT, RELEASE, LotStatus, Origin
from batches.materials.tracing import FORWARD, left_of, trace
from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.records.signatures import signatures_of
from cdmo.states import move_blockers
from cdmo.web.links import page
from cdmo.web.lists import Column, Filter, Tab
from cdmo.web.views import NewRecord, RecordList, RecordPage, VerbView, visible

Batch = Consumption._meta.get_field("batch").related_model


def events_of(record, most=30):
    events = AuditEvent.objects.filter(record_type=record.record_type, record_id=record.pk)
    return events.filter(kind="event").order_by("-id")[:most]


def materials(request):
    codes = visible(Material, request.user).order_by("code").values_list("code", flat=True)
    return [(code, code) for code in codes]


class LotList(RecordList):
    model = Lot
    title = "Lots"
    lead = "What is in stock. A lot waits in quarantine until quality assurance releases it."
    select = ("material", "sponsor")
    tabs = (
        Tab("released", "Released", Q(status=LotStatus.RELEASED)),
        Tab("quarantine", "Quarantine", Q(status=LotStatus.QUARANTINE), attention=True),
        Tab("expired", "Expired", Q(status=LotStatus.EXPIRED)),
        Tab("rejected", "Rejected", Q(status=LotStatus.REJECTED)),
        Tab("recalled", "Recalled", Q(status=LotStatus.RECALLED)),
        Tab("all", "All", Q()),
    )
    filters = (
        Filter("material", "Material", "material__code", kind="choice", choices=materials),
        Filter("origin", "Origin", "origin", kind="choice", choices=tuple(Origin.choices)),
        Filter("available", "Left", "available", kind="number"),
        Filter("expires_until", "Expires until", "expires_at", kind="until"),
    )
    search = ("number", "material__code", "material__name", "supplier_lot", "donation_number")
    columns = (
        Column("number", "Number", kind="key", order="number"),
        Column("material", "Material", "material", kind="record", order="material__code"),
        Column("name", "Name", "material.name"),
        Column("status", "Status", kind="status"),
        Column("left", "Left", "available", kind="lot_left", order="available"),
        Column("expires_at", "Expires", kind="expiry", order="expires_at"),
        Column("received_at", "Received", kind="instant", order="received_at", hidden=True),
        Column("sponsor", "Owner", "sponsor", kind="record", order="sponsor__code"),
        Column("origin", "Origin", "get_origin_display", hidden=True),
        Column("supplier_lot", "Supplier's lot", hidden=True),
        Column("storage", "Storage", hidden=True),
    )
    ordering = "expires_at"
    empty_icon = "packages"
    empty_text = "Lots stand here. Whoever receives goods takes them into quarantine."
    new_label = "Receive a lot"

    @property
    def new_url(self):
        return page("batches:lot_receive")

    def may_make(self):
        return self.request.user.may(Right.RECEIVE_LOT)

    def get_records(self):
        return super().get_records().with_available()


class LotPage(RecordPage):
    model = Lot
    select = ("material", "sponsor", "supplier", "produced_by", "received_by")
    template_name = "batches/materials/lot.html"

    def get_records(self):
        return super().get_records().with_available()

    def get_context_data(self, **kwargs):
        lot, user = self.record, self.request.user
        used = lot.quantity - lot.available
        uses = Consumption.objects.visible_to(user).filter(lot=lot)
        return super().get_context_data(
            used=used,
            used_percent=f"{100 * used / lot.quantity:.2f}",
            uses=uses.select_related("batch__site", "step", "recorded_by").order_by("-used_at"),
            genealogy=genealogy(lot, user=user),
            signatures=signatures_of(lot),
            events=events_of(lot),
            release_blockers=LotRelease.objections(lot, user),
            may_decide=user.may(Right.RELEASE_LOT) and lot.status == LotStatus.QUARANTINE,
            may_recall=user.may(Right.RECALL)
            and lot.status in {LotStatus.RELEASED, LotStatus.EXPIRED},
            **kwargs,
        )


class LotAffected(RecordPage):
    """Everything that came of a lot, as the list that a recall works through."""

    model = Lot
    select = ("material", "sponsor")
    template_name = "batches/materials/affected.html"

    def get_context_data(self, **kwargs):
        found = trace(self.record, FORWARD, user=self.request.user)
        depths = {node.ref: node.depth for node in found.nodes}
        batches = (
            visible(Batch, self.request.user)
            .filter(pk__in=[ref for ref in depths if ref > 0])
            .select_related("product", "site", "sponsor", "planned_by")
            .order_by("site__code", "product__code", "number")
        )
        rows = [{"batch": batch, "depth": depths[batch.pk]} for batch in batches]
        return super().get_context_data(
            rows=rows,
            lots=[node for node in found.nodes if node.record_type == "lot" and node.depth],
            by_site=_counts(batch.site.name for batch in batches),
            by_custody=_counts(batch.get_custody_display() for batch in batches),
            by_disposition=_counts(batch.get_disposition_display() for batch in batches),
            by_person=_counts(
                batch.planned_by.full_name if batch.planned_by else "Nobody named"
                for batch in batches
            ),
            **kwargs,
        )


def _counts(words) -> list[tuple[str, int]]:
    return Counter(words).most_common()


class LotReceive(NewRecord):
    title = "Receive a lot"
    button = "Take into quarantine"
    form_class = forms.ReceiveLotForm
    right = Right.RECEIVE_LOT
    done = "The lot is in quarantine. Quality assurance releases it."

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self):
        code = self.request.GET.get("material", "")
        found = visible(Material, self.request.user).filter(code=code).first()
        return {"material": found} if found else {}

    def act(self, *, by, at, data, proof):
        return services.receive_lot(by=by, at=at, **data)


class LotVerb(VerbView):
    model = Lot
    select = ("material", "produced_by")
    signed = True


class LotRelease(LotVerb):
    verb = "release"
    title = "Release this lot"
    meaning = RELEASED_MEANING
    button = "Sign the release"
    right = Right.RELEASE_LOT
    reason = "optional"
    done = "The lot is released."

    @staticmethod
    def objections(lot, user):
        at = timezone.now()
        return [
            *move_blockers(lot, [RELEASE]),
            *rules.release_blockers(lot, by=user, at=at),
        ]

    def blockers(self):
        return self.objections(self.record, self.request.user)

    def act(self, *, by, at, data, proof):
        return services.release_lot(lot=self.record, by=by, at=at, proof=proof, **data)


class LotReject(LotVerb):
    verb = "reject"
    title = "Reject this lot"
    meaning = REJECTED_MEANING
    button = "Sign the rejection"
    danger = True
    right = Right.RELEASE_LOT
    reason = "required"
    done = "The lot is rejected."

    def blockers(self):
        return move_blockers(self.record, [REJECT])

    def act(self, *, by, at, data, proof):
        return services.reject_lot(lot=self.record, by=by, at=at, proof=proof, **data)


class LotRecall(LotVerb):
    verb = "recall"
    title = "Recall this lot"
    meaning = RECALLED_MEANING
    button = "Sign the recall"
    fragment_name = "batches/materials/_recall.html"
    danger = True
    right = Right.RECALL
    reason = "required"
    done = "The lot is recalled. What came of it stands below."

    def blockers(self):
        return move_blockers(self.record, RECALLS)

    def get_context_data(self, **kwargs):
        found = trace(self.record, FORWARD, user=self.request.user)
        return super().get_context_data(affected=len(found.of_type("batch")), **kwargs)

    def get_success_url(self, record=None):
        name = "batches:lot_affected" if record is not None else "batches:lot"
        return page(name, key=self.record.key)

    def act(self, *, by, at, data, proof):
        return services.recall_lot(lot=self.record, by=by, at=at, proof=proof, **data)


class MaterialList(RecordList):
    model = Material
    title = "Materials"
    lead = "The kinds of things that lots are of."
    search = ("code", "name")
    columns = (
        Column("code", "Code", kind="key", order="code"),
        Column("name", "Name", order="name"),
        Column("kind", "Kind", lambda material: material.kind.replace("_", " ").capitalize()),
        Column("unit", "Unit"),
        Column("critical", "Critical", kind="flag"),
    )
    ordering = "code"
    empty_icon = "vaccine-bottle"
    empty_text = "Materials stand here: media, cell banks, single-use sets."
    new_label = "Add a material"

    @property
    def new_url(self):
        return page("batches:material_new")

    def may_make(self):
        return not list(rules.material_right_blockers(self.request.user))


class MaterialPage(RecordPage):
    model = Material
    template_name = "batches/materials/material.html"

    def get_context_data(self, **kwargs):
        lots = Lot.objects.visible_to(self.request.user).with_available()
        return super().get_context_data(
            lots=lots.filter(material=self.record).select_related("sponsor")[:50],
            events=events_of(self.record),
            may_receive=self.request.user.may(Right.RECEIVE_LOT),
            **kwargs,
        )


class MaterialNew(NewRecord):
    title = "Add a material"
    button = "Add"
    form_class = forms.NewMaterialForm
    done = "The material is on the list."

    def blockers(self):
        return rules.material_right_blockers(self.request.user)

    def act(self, *, by, at, data, proof):
        return services.create_material(by=by, at=at, **data)


class BatchMaterials(RecordPage):
    """The tab “Materials & genealogy” of a batch."""

    model = Batch
    select = ("product", "sponsor", "site", "coi", "process_version", "master")
    template_name = "batches/materials/batch_materials.html"

    def get_context_data(self, **kwargs):
        batch, user = self.record, self.request.user
        uses = Consumption.objects.visible_to(user).filter(batch=batch)
        return super().get_context_data(
            uses=uses.select_related(
                "lot__material", "source_batch__product", "step", "recorded_by"
            ).order_by("used_at", "id"),
            genealogy=genealogy(batch, user=user),
            closed=list(rules.batch_open_blockers(batch)),
            may_use=user.may(Right.EXECUTE),
            may_cancel=user.may(Right.EXECUTE)
            and batch.execution in {rules.IN_PROCESS, rules.ON_HOLD, rules.COMPLETED}
            and batch.reviewed_at is None,
            **kwargs,
        )


class BatchTabVerb(VerbView):
    """A verb whose place is the materials tab of a batch."""

    right = Right.EXECUTE

    def batch_key(self):
        return self.record.key

    def get_success_url(self, record=None):
        return page("batches:batch_materials", key=self.batch_key())


class BatchUse(BatchTabVerb):
    model = Batch
    select = ("site",)
    verb = "record-consumption"
    title = "Record a use of material"
    button = "Record the use"
    form_class = forms.UseForm
    fragment_name = "batches/materials/_use.html"
    done = "The use is recorded."

    def blockers(self):
        return rules.batch_open_blockers(self.record)

    def source(self):
        number = self.request.GET.get("source", "").replace("\x00", "")[:60]
        return forms.find_source(number, user=self.request.user) if number.strip() else None

    def get_initial(self):
        asked, source = self.request.GET.get("source", ""), self.source()
        unit = getattr(source, "yield_unit", "") or getattr(source, "unit", "")
        return {"source": asked, "unit": unit, "used_at": timezone.now()}

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "batch": self.record, "user": self.request.user}

    def get_context_data(self, **kwargs):
        source = self.source()
        left = left_of(source) if source is not None else None
        return super().get_context_data(source=source, left=left, **kwargs)

    def act(self, *, by, at, data, proof):
        return services.record_consumption(batch=self.record, by=by, at=at, **data)


class UseCancel(BatchTabVerb):
    """Strike a use out. Its address names the use; its page is the batch's."""

    model = Consumption
    select = ("batch__site", "lot", "source_batch")
    verb = "cancel-consumption"
    title = "Cancel this use"
    meaning = "This use was recorded by mistake. The entry stays, struck out."
    button = "Cancel the use"
    danger = True
    reason = "required"
    done = "The use is cancelled. It stays on record, struck out."

    def batch_key(self):
        return self.record.batch.key

    def blockers(self):
        return rules.cancel_blockers(self.record, self.record.batch)

    def act(self, *, by, at, data, proof):
        return services.cancel_consumption(consumption=self.record, by=by, at=at, **data)
