"""Everything about one batch, from every room, as plain data.

Every table with a foreign key to the batch is found by walking the models, so a room that is added
later cannot be forgotten. The sponsor's edition is gathered as the sponsors' database role: what
row-level security does not show cannot get in.
"""

from collections import defaultdict
from contextlib import nullcontext

from django.apps import apps
from django.db import models

from batches.identity.models import IdentityChain
from batches.manufacture.models import Batch, MasterBatchRecord, MasterStep
from batches.materials.models import Lot
from batches.materials.tracing import BACKWARD, FORWARD, trace
from cdmo.accounts.isolation import as_sponsor
from cdmo.accounts.models import Site
from cdmo.archive.dossier import history
from cdmo.archive.dossier.rows import Keys, facts_of
from cdmo.archive.models import Dossier
from cdmo.portfolio.models import ProcessVersion, Product
from cdmo.records.models import Document
from qc.instruments.models import Instrument, InstrumentFile, Measurement
from qc.laboratory.models import Method
from qc.release.models import CheckEvidence
from qc.specifications.models import Specification, SpecificationLine

# Columns that no sponsor reads, by kind of record.
INSIDE = {
    "release_check": ("error", "cause"),
    "result": ("confirm_reason", "invalid_reason", "measurement", "instrument", "method"),
    "step": ("comment", "performed_by", "verified_by", "corrected_by"),
    "batch": ("hold_reason", "held_at", "reviewed_by", "planned_by"),
    "lot": ("supplier", "supplier_lot", "storage", "received_by"),
    "consumption": ("cancelled_reason",),
    "certificate": ("reason",),
}


def parts_of_a_batch() -> list[type]:
    """Return every table whose rows belong to a batch, in the order of their names."""
    return sorted(
        (
            model
            for model in apps.get_models()
            if model is not Dossier
            and any(
                isinstance(field, models.ForeignKey)
                and field.name == "batch"
                and field.related_model is Batch
                for field in model._meta.concrete_fields
            )
        ),
        key=lambda model: model.record_type,
    )


def gather(batch, *, internal: bool = True) -> dict[str, list]:
    """Return the dossier's parts by name, each a list of facts."""
    with nullcontext() if internal else as_sponsor(batch.sponsor_id):
        return _Gatherer(batch, internal).gather()


class _Gatherer:
    def __init__(self, batch, internal: bool):
        self.batch = batch
        self.internal = internal
        self.keys = Keys(people=internal)
        self.parts: dict[str, list] = {}
        self.records: dict[str, set[int]] = defaultdict(set)

    def gather(self) -> dict[str, list]:
        self.take("batch", Batch.objects.filter(pk=self.batch.pk))
        self.rows = {}
        for model in parts_of_a_batch():
            self.rows[model.record_type] = self.take(
                model.record_type, model._default_manager.filter(batch=self.batch).order_by("pk")
            )
        self.take_the_plan()
        self.take_materials()
        self.take_identity()
        self.take_laboratory()
        if self.internal:
            evidence = CheckEvidence.objects.filter(check_row__batch=self.batch).order_by("pk")
            self.take("check_evidence", evidence)
        self.take_documents()
        audit = history.audit_trail(self.records, internal=self.internal)
        self.parts["changed_value"] = history.changed_values(audit) if self.internal else []
        self.parts["signature"] = history.signatures(self.records, internal=self.internal)
        self.parts["audit_event"] = audit
        return self.parts

    def take(self, name: str, queryset) -> list:
        """Write rows as a part, and remember them: their history belongs to the dossier too."""
        if not self.keys.may_read(queryset.model):
            return []
        rows = list(queryset)
        without = () if self.internal else INSIDE.get(name, ())
        self.parts[name] = facts_of(rows, self.keys, without=without)
        if isinstance(getattr(queryset.model, "record_type", None), str):
            self.records[queryset.model.record_type] |= {row.pk for row in rows}
        return rows

    def take_the_plan(self) -> None:
        batch = self.batch
        self.take("product", Product.objects.filter(pk=batch.product_id))
        self.take("process_version", ProcessVersion.objects.filter(pk=batch.process_version_id))
        self.take("site", Site.objects.filter(pk=batch.site_id))
        self.take("master_batch_record", MasterBatchRecord.objects.filter(pk=batch.master_id))
        self.take(
            "master_step", MasterStep.objects.filter(master=batch.master_id).order_by("position")
        )
        # Masters live on beside the batch; their later history is not this batch's.
        for shared in ("product", "process_version", "site", "master_step"):
            self.records.pop(shared, None)

    def take_materials(self) -> None:
        used = {use.lot_id for use in self.rows["consumption"] if use.lot_id}
        made = Lot.objects.filter(produced_by=self.batch).values_list("pk", flat=True)
        self.take("lot", Lot.objects.filter(pk__in=used | set(made)).order_by("pk"))
        sponsor = _Eyes(self.batch.sponsor_id)
        self.parts["genealogy"] = [
            trace(self.batch, direction, user=None if self.internal else sponsor).as_json()
            for direction in (BACKWARD, FORWARD)
        ]

    def take_identity(self) -> None:
        self.take("identity_chain", IdentityChain.objects.filter(pk=self.batch.coi_id))

    def take_laboratory(self) -> None:
        results = self.rows["result"]
        lines = SpecificationLine.objects.filter(pk__in={r.line_id for r in results if r.line_id})
        self.take("specification_line", lines.order_by("pk"))
        specifications = Specification.objects.filter(
            pk__in=lines.values("specification")
        ) | Specification.objects.filter(certificates__batch=self.batch)
        self.take("specification", specifications.distinct().order_by("pk"))
        self.records.pop("specification_line", None)
        if not self.internal:
            return
        self.take("method", Method.objects.filter(results__in=results).distinct().order_by("pk"))
        self.take(
            "instrument", Instrument.objects.filter(results__in=results).distinct().order_by("pk")
        )
        readings = Measurement.objects.filter(results__in=results).distinct().order_by("pk")
        self.take("measurement", readings)
        files = InstrumentFile.objects.filter(measurements__in=readings).distinct()
        self.take("instrument_file", files.order_by("pk"))
        self.records.pop("instrument", None)

    def take_documents(self) -> None:
        """Name every stored file with its SHA-256; the bytes are downloads of their own."""
        found = Document.objects.filter(record_type="batch", record_id=self.batch.pk)
        if self.internal:
            found |= Document.objects.filter(
                record_type="instrument_file", record_id__in=self.records["instrument_file"]
            )
        # Dossiers made before this one are copies of what stands here, not part of it.
        found = found.exclude(kind__in=[Document.Kind.DOSSIER, Document.Kind.SPONSOR_DOSSIER])
        self.take("document", found.order_by("pk"))


class _Eyes:
    """As whom a sponsor's genealogy is walked."""

    is_sponsor_side = True

    def __init__(self, organisation_id: int):
        self.organisation_id = organisation_id
